"""Solving the registrar's puzzles: ALTCHA proof of work, version 2 of its protocol.

Protocol and search are the `altcha` library's. What is bounded here is what a registrar may ask of
a voter's machine: the kinds of work, the cost of one attempt, and the time spent on all of them.
"""

import asyncio
from typing import Annotated, Final, Literal

import altcha
import msgspec
from msgspec import Meta, Struct

from shared.client.errors import BadAnswer, CannotRead
from shared.edition.errors import UNREADABLE_JSON

LONGEST_S: Final = 60.0
"""A puzzle is meant to take a second or two; slow machines get a minute."""

_Hex = Annotated[str, Meta(pattern=r"^([0-9a-f]{2}){1,64}\Z")]


class _Parameters(Struct, frozen=True, rename="camel"):
    algorithm: Literal[
        "SHA-256", "SHA-384", "SHA-512", "PBKDF2/SHA-256", "PBKDF2/SHA-384", "PBKDF2/SHA-512"
    ]
    nonce: _Hex
    salt: _Hex
    cost: Annotated[int, Meta(ge=1, le=1_000_000)]
    key_length: Annotated[int, Meta(ge=1, le=64)] = 32
    key_prefix: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,128}\Z")] = "00"


class _Puzzle(Struct, frozen=True):
    parameters: _Parameters


async def solve_puzzle(document: bytes) -> str:
    """The solution of a puzzle, as it is sent along; `document` is the registrar's answer.

    Takes a thread for up to `LONGEST_S`. Raises `BadAnswer` for what is no puzzle or would take
    more than is bearable, and `CannotRead` when the time was not enough.
    """
    try:
        msgspec.json.decode(document, type=_Puzzle)
        challenge = altcha.Challenge.from_dict(msgspec.json.decode(document))
    except UNREADABLE_JSON as error:
        raise BadAnswer(f"the registrar's puzzle is none that is solved here: {error}") from error
    solution = await asyncio.to_thread(altcha.solve_challenge, challenge, timeout=LONGEST_S)
    if solution is None:
        raise CannotRead(f"the registrar's puzzle was not solved in {LONGEST_S:.0f} s; try again")
    return altcha.Payload(challenge, solution).to_base64()
