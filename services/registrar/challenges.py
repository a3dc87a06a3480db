"""Asking for a one-time code: `POST …/challenges`.

The same for everybody who asks: the same statements in the same order, the same cryptography, the
same answer, whether or not the person is on the roll, has a phone there, or gets no code because
the phone or the edition had too many. The answer leaves when the challenge is committed; the code,
or a decoy in its place, is sent after that (`delivery.py`).
"""

import secrets
from base64 import urlsafe_b64encode
from typing import Final

from msgspec import Struct

from services.registrar import store
from services.registrar.budget import Budget
from services.registrar.caps import BLOCK, Caps
from services.registrar.codes import CODE_ATTEMPTS, CODE_DIGITS, CODE_LIFE_S, new_code
from services.registrar.delivery import Delivery
from services.registrar.editions import Editions
from services.registrar.keys import RegistrarKeys
from services.registrar.metrics import CHALLENGES, Hourly
from services.registrar.puzzles import Puzzles
from services.registrar.store import Connection, Edition, Pool, session
from shared.eligibility.errors import BadPerson, BadPhoneNumber, ProofOfWorkNeeded
from shared.eligibility.identity_number import parse_identity_number
from shared.eligibility.phone_number import parse_phone_number
from shared.eligibility.views import Challenge, ChallengeRequest
from shared.service.caps import Cap, CapReached, count

CHALLENGE_BYTES: Final = 16
_DECOY_PHONE: Final = "+8613800138000"


class _Asker(Struct, frozen=True):
    """Who is asked for: the reference, and in mode `phone` the phone given."""

    reference: bytes
    phone: str | None

    def __repr__(self) -> str:
        return "_Asker()"


class Challenges:
    """Makes challenges. `puzzles` is None where proof of work is switched off."""

    def __init__(
        self,
        pool: Pool,
        *,
        keys: RegistrarKeys,
        editions: Editions,
        caps: Caps,
        budget: Budget,
        delivery: Delivery,
        phone_prefixes: tuple[str, ...],
        puzzles: Puzzles | None,
        withheld: Hourly,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._editions = editions
        self._caps = caps
        self._budget = budget
        self._delivery = delivery
        self._phone_prefixes = phone_prefixes
        self._puzzles = puzzles
        self._withheld = withheld
        self._decoy = keys.seal_phone("", b"", _DECOY_PHONE)

    async def ask(self, name: str, request: ChallengeRequest, block: str) -> Challenge:
        """Have a code sent to the person, if there is one; `block` is where the request is from."""
        async with session(self._pool) as connection:
            edition = await self._editions.committed(connection, name)
        asker = self._asker(edition, request)
        await self._editions.require_rolled(edition)
        challenge, code = secrets.token_bytes(CHALLENGE_BYTES), new_code()
        with self._delivery.room():
            async with session(self._pool) as connection:
                await self._budget.require_some(connection, edition.edition)
                await self._count(connection, edition, asker, block, request.proof_of_work)
                phone = await self._phone(connection, edition, asker)
                await self._store(connection, challenge, edition, asker, code if phone else None)
            CHALLENGES.inc()
            self._delivery.send(phone, code)
        return Challenge(
            challenge=urlsafe_b64encode(challenge).decode().rstrip("="),
            expires_in_s=CODE_LIFE_S,
            attempts=CODE_ATTEMPTS,
            code_digits=CODE_DIGITS,
        )

    def _asker(self, edition: Edition, request: ChallengeRequest) -> _Asker:
        if edition.mode == "roll":
            if request.identity_number is None or request.phone is not None:
                raise BadPerson("this edition asks for identity_number, and nothing else")
            number = parse_identity_number(request.identity_number)
            return _Asker(self._keys.reference(edition.edition, "identity", number), None)
        if request.phone is None or request.identity_number is not None:
            raise BadPerson("this edition asks for phone, and nothing else")
        phone = parse_phone_number(request.phone)
        if not phone.startswith(self._phone_prefixes):
            prefixes = ", ".join(self._phone_prefixes)
            raise BadPhoneNumber(f"codes go to numbers that begin with {prefixes}")
        return _Asker(self._keys.reference(edition.edition, "phone", phone), phone)

    async def _count(
        self,
        connection: Connection,
        edition: Edition,
        asker: _Asker,
        block: str,
        proof_of_work: str | None,
    ) -> None:
        """Raise `CapReached`, or `ProofOfWorkNeeded` where that helps."""
        caps: list[Cap] = [*self._caps.person(asker.reference)]
        if asker.phone is not None:
            caps.append(self._caps.phone(asker.phone))
        if self._puzzles is not None and proof_of_work is not None:
            await self._puzzles.redeem(connection, edition.edition, proof_of_work)
            caps.append(self._caps.block_solved(block))
        else:
            caps.append(self._caps.block(block))
        try:
            await count(connection, caps)
        except CapReached as error:
            if self._puzzles is not None and error.cap.scope == BLOCK:
                raise ProofOfWorkNeeded(error.detail, error.retry_after_s) from None
            raise

    async def _phone(self, connection: Connection, edition: Edition, asker: _Asker) -> str | None:
        """Where the code is to go, which is counted; None if nowhere."""
        phone, caps = asker.phone, list[Cap]()
        if phone is None:  # one that was given has been counted before
            phone = await self._phone_on_roll(connection, edition, asker.reference)
            caps = [self._caps.phone(phone or asker.reference.hex())]
        caps.append(self._caps.edition(edition.edition, codes=1 if phone else 0))
        try:
            await count(connection, caps)
        except CapReached:
            # A refusal would tell that this person is listed: nobody else's phone can have had so
            # many codes, and nobody else's code can be the edition's last. So the answer is the
            # usual one, and no code comes.
            self._withheld.add()
            return None
        return phone

    async def _phone_on_roll(
        self, connection: Connection, edition: Edition, reference: bytes
    ) -> str | None:
        sealed = await store.sealed_phone(connection, edition.edition, reference)
        if sealed is None:
            self._keys.open_phone("", b"", self._decoy)  # as long as it takes for others
            return None
        return self._keys.open_phone(edition.edition, reference, sealed)

    async def _store(
        self,
        connection: Connection,
        challenge: bytes,
        edition: Edition,
        asker: _Asker,
        code: str | None,
    ) -> None:
        """Store the challenge; without a code, one that no code fits."""
        code_hash = self._keys.code_hash(challenge, new_code() if code is None else code)
        unfitting = secrets.token_bytes(len(code_hash))
        await store.add_challenge(
            connection,
            challenge,
            edition.edition,
            reference=asker.reference,
            code_hash=unfitting if code is None else code_hash,
            life_s=CODE_LIFE_S,
        )
