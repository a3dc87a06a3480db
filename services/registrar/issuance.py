"""Giving out credentials, once for each person, and answering whether one was given out.

`POST …/credentials` and `POST …/issuance-proofs`. One transaction holds all of it: the person is
identified, the issuance stored under a unique (edition, person), the blinded message signed and the
signature verified; then it is committed, and only then answered. Whoever lost the answer asks again
with the same blinded message and gets the same one.
"""

import hmac
from base64 import urlsafe_b64decode
from hashlib import sha256

import asyncpg
from msgspec import Struct

from services.registrar import store
from services.registrar.caps import Caps
from services.registrar.codes import CODE_ATTEMPTS, read_code, read_counter_code
from services.registrar.editions import Editions
from services.registrar.keys import RegistrarKeys
from services.registrar.metrics import CREDENTIALS
from services.registrar.reports import Reports
from services.registrar.store import Channel, Connection, Edition, Issuance, Pool, session
from shared.edition.blind_signature import BlindedMessageInvalid, BlindSigner
from shared.eligibility.errors import (
    BadBlindedMessage,
    BadPerson,
    CredentialIssued,
    NotIssuing,
    WrongCode,
)
from shared.eligibility.identity_number import parse_identity_number
from shared.eligibility.views import (
    BlindCredential,
    CounterCode,
    CredentialRequest,
    IssuanceAnswer,
    IssuanceQuery,
    Person,
    PhoneCode,
)
from shared.service.caps import count

_WRONG = "it does not fit, has expired, or was tried too often"


class _Identified(Struct, frozen=True):
    """A person shown to be who they say."""

    reference: bytes
    channel: Channel


class _Issued(Struct, frozen=True):
    """A credential, and by which channel if it is a new one."""

    credential: BlindCredential
    first: Channel | None


class Counter:
    """Where people who have a code come to: gives out credentials, and says what was given out."""

    def __init__(
        self,
        pool: Pool,
        *,
        keys: RegistrarKeys,
        editions: Editions,
        caps: Caps,
        reports: Reports,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._editions = editions
        self._caps = caps
        self._reports = reports
        self._signers: dict[bytes, BlindSigner] = {}

    async def issue(self, name: str, request: CredentialRequest, block: str) -> BlindCredential:
        """The blind signature for this person; `block` is where the request is from."""
        async with session(self._pool) as connection:
            edition = await self._editions.committed(connection, name)
        await self._require_open(edition)
        async with session(self._pool) as connection:
            await self._count_guess(connection, request.person, block)
            try:
                async with connection.transaction():
                    issued = await self._issue(connection, edition, request)
            except asyncpg.ObjectNotInPrerequisiteStateError:
                raise NotIssuing("issuance was reported") from None
        if issued is None:
            raise WrongCode(_WRONG)
        if issued.first is not None:
            CREDENTIALS.labels(issued.first).inc()
        return issued.credential

    async def answer(self, name: str, query: IssuanceQuery, block: str) -> IssuanceAnswer:
        """Whether a credential was issued to this person, with a proof once that was reported."""
        async with session(self._pool) as connection:
            edition = await self._editions.committed(connection, name)
        await self._editions.require_rolled(edition)
        async with session(self._pool) as connection:
            await self._count_guess(connection, query.person, block)
            async with connection.transaction():
                person = await self._identify(connection, edition, query.person)
            if person is None:
                raise WrongCode(_WRONG)
            issuance = await store.issuance_of(connection, name, person.reference)
            if issuance is None:
                return IssuanceAnswer(issued=False, reference=person.reference)
            proof = None
            if edition.reported:
                tree = await self._reports.tree(connection, name)
                proof = tree.prove(person.reference)
        return IssuanceAnswer(
            issued=True, reference=person.reference, channel=issuance.channel, proof=proof
        )

    async def _require_open(self, edition: Edition) -> None:
        issuing = await self._editions.issuing(edition)
        if issuing != "open":
            when = "the roll is in the log" if issuing == "not-yet" else "voting has closed"
            before = "only after" if issuing == "not-yet" else "not after"
            raise NotIssuing(f"credentials are given out {before} {when}")

    async def _count_guess(self, connection: Connection, person: Person, block: str) -> None:
        at_counter = isinstance(person, CounterCode)
        await count(connection, [self._caps.guess(block, at_counter=at_counter)])

    async def _issue(
        self, connection: Connection, edition: Edition, request: CredentialRequest
    ) -> _Issued | None:
        """The credential; None, with the attempt counted, if the code is not the right one."""
        person = await self._identify(connection, edition, request.person)
        if person is None:
            return None
        asked = Issuance(sha256(request.blinded_message).digest(), person.channel)
        stands = await store.add_issuance(connection, edition.edition, person.reference, asked)
        if stands.blinded_hash != asked.blinded_hash:
            raise CredentialIssued("a credential for another blinded message was issued before")
        try:
            # Two milliseconds of this thread; in another one it would hold the same lock as long.
            signature = self._signer(edition).blind_sign(request.blinded_message)
        except BlindedMessageInvalid as error:
            raise BadBlindedMessage(str(error)) from error
        return _Issued(BlindCredential(signature), person.channel if stands is asked else None)

    def _signer(self, edition: Edition) -> BlindSigner:
        """What signs for the edition, prepared once: its key never changes."""
        if edition.wrapped_key is None:
            raise NotIssuing("issuance was reported")
        signer = self._signers.get(edition.wrapped_key)
        if signer is None:
            key = self._keys.open_issuer_key(edition.edition, edition.wrapped_key)
            signer = self._signers[edition.wrapped_key] = BlindSigner(key)
        return signer

    async def _identify(
        self, connection: Connection, edition: Edition, person: Person
    ) -> _Identified | None:
        match person:
            case PhoneCode():
                return await self._by_phone(connection, edition, person)
            case CounterCode():
                return await self._at_counter(connection, edition, person)

    async def _by_phone(
        self, connection: Connection, edition: Edition, person: PhoneCode
    ) -> _Identified | None:
        challenge = urlsafe_b64decode(person.challenge + "==")
        found = await store.lock_challenge(connection, challenge, edition.edition)
        guess = self._keys.code_hash(challenge, read_code(person.code))
        fits = hmac.compare_digest(guess, found.code_hash if found else bytes(len(guess)))
        if found and found.alive and found.attempts < CODE_ATTEMPTS and fits:
            return _Identified(found.reference, "phone")
        await store.count_attempt(connection, challenge)
        return None

    async def _at_counter(
        self, connection: Connection, edition: Edition, person: CounterCode
    ) -> _Identified | None:
        code = read_counter_code(person.code)
        reference = self._counter_reference(edition, person, code)
        code_hash = self._keys.counter_code_hash(edition.edition, code)
        if await store.use_counter_code(connection, edition, code_hash, reference):
            return _Identified(reference, "counter")
        return None

    def _counter_reference(self, edition: Edition, person: CounterCode, code: str) -> bytes:
        if edition.mode == "phone":
            if person.identity_number is not None:
                raise BadPerson("in this edition a counter code stands for the person by itself")
            return self._keys.reference(edition.edition, "counter", code)
        if person.identity_number is None:
            raise BadPerson("a counter code needs the identity_number of the person with it")
        number = parse_identity_number(person.identity_number)
        return self._keys.reference(edition.edition, "identity", number)
