"""Proof of work instead of waiting: ALTCHA puzzles (version 2), each good for one request.

Used when the operator has switched it on and a block of addresses has reached its cap, not before;
a wider cap of the block counts these requests. The day of an edition (`budget.py`) is never
lengthened: a puzzle costs seconds, and a text money. A puzzle is signed, so nothing is stored until
it is redeemed. Solving one takes a phone some seconds: 256 tries on average, each of `cost`
iterations of SHA-256 in PBKDF2.
"""

import json
import time
from base64 import b64decode
from hashlib import sha256
from typing import Any, Final

import altcha

from services.registrar import store
from services.registrar.store import Connection
from shared.eligibility.errors import ProofOfWorkNeeded

PUZZLE_LIFE_S: Final = 600
_ALGORITHM: Final = "PBKDF2/SHA-256"
_NO_WAIT_S: Final = 1


class Puzzles:
    """Makes puzzles for an edition and takes solved ones."""

    def __init__(self, key: bytes, cost: int) -> None:
        self._key = key
        self._cost = cost

    def make(self, edition: str) -> dict[str, Any]:
        """A puzzle, as the ALTCHA widget and its libraries read it."""
        puzzle = altcha.create_challenge(
            _ALGORITHM,
            self._cost,
            expires_at=int(time.time()) + PUZZLE_LIFE_S,
            data={"edition": edition},
            hmac_secret=self._key,
        )
        return puzzle.to_dict()

    async def redeem(self, connection: Connection, edition: str, solved: str) -> None:
        """Take a solved puzzle; raises `ProofOfWorkNeeded` if it is not good, or not any more."""
        payload = _payload(solved)
        if not altcha.verify_solution(payload, self._key).verified:
            raise ProofOfWorkNeeded("the puzzle is not solved, or it has expired", _NO_WAIT_S)
        parameters = payload.challenge.parameters
        if parameters.data != {"edition": edition}:
            raise ProofOfWorkNeeded("the puzzle was made for another edition", _NO_WAIT_S)
        # Its nonce and salt are signed: another spelling of the same puzzle is the same puzzle.
        puzzle = sha256(f"{parameters.nonce} {parameters.salt}".encode()).digest()
        if not await store.redeem_puzzle(connection, puzzle, PUZZLE_LIFE_S):
            raise ProofOfWorkNeeded("the puzzle was used before", _NO_WAIT_S)


def _payload(solved: str) -> altcha.Payload:
    try:
        return altcha.Payload.from_dict(json.loads(b64decode(solved, validate=True)))
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        raise ProofOfWorkNeeded("this is no solved puzzle", _NO_WAIT_S) from None
