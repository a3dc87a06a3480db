"""The registrar's public interface, as a person's program calls it.

`BallotBox` is its counterpart on the other side of the blind signature: a program talks to both,
and nothing that one of them learns is sent to the other.

Not here: the desk (`registrar_desk.py`), and what a voter keeps between the steps (`issuance.py`).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from shared.client.errors import BadAnswer, Refused
from shared.client.puzzle import solve_puzzle
from shared.client.transport import PATIENT, Patience, Transport, open_transport
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.events import IssuanceReported
from shared.eligibility.errors import ProofOfWorkNeeded
from shared.eligibility.references import verify_reference
from shared.eligibility.views import (
    BlindCredential,
    Challenge,
    ChallengeRequest,
    CredentialRequest,
    IssuanceAnswer,
    IssuanceQuery,
    Person,
    Registration,
)
from shared.log.proofs import BadProof

T = TypeVar("T")


class Registrar:
    """One registrar. Every method raises `Refused`, `BadAnswer` or `CannotRead`.

    The slugs of refusals are those of `shared.eligibility.errors`.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def registration(self, edition: str) -> Registration:
        """How people register for an edition, and the issuer key: compare it with the log's."""
        return await self._transport.document(
            f"{_edition_path(edition)}/registration", Registration
        )

    async def challenge(self, edition: str, request: ChallengeRequest) -> Challenge:
        """Have a code sent to a person; the answer says nothing about whether they are on the roll.

        When the registrar asks for a proof of work, one is done, once: it takes some seconds. A
        lost answer is asked for again, so that two codes may come: the later one counts.
        """
        try:
            return await self._ask(edition, "challenges", request, Challenge)
        except Refused as refused:
            if refused.problem.slug != ProofOfWorkNeeded.slug or request.proof_of_work:
                raise
        solution = await solve_puzzle(await self._puzzle(edition))
        solved = replace(request, proof_of_work=solution)
        return await self._ask(edition, "challenges", solved, Challenge)

    async def credential(self, edition: str, request: CredentialRequest) -> bytes:
        """The blind signature on a blinded message, not verified: `finalize` does that.

        Once for each person. A lost answer is asked for again: the same message, the same answer.
        """
        answer = await self._ask(edition, "credentials", request, BlindCredential)
        return answer.blind_signature

    async def issuance(
        self, edition: str, person: Person, reported: IssuanceReported | None = None
    ) -> IssuanceAnswer:
        """Whether a credential was issued to a person, who has shown by a code to be that person.

        `reported` is what the edition's log says of issuance: with it, the registrar must prove
        that the reference which it names is among those reported, or else this raises `BadAnswer`.
        That the reference is this person's is the registrar's word: only it can compute one.
        """
        answer = await self._ask(edition, "issuance-proofs", IssuanceQuery(person), IssuanceAnswer)
        if reported is not None and answer.issued:
            _check_proof(answer, reported)
        return answer

    async def _puzzle(self, edition: str) -> bytes:
        path = f"{_edition_path(edition)}/puzzles"
        return (await self._transport.post(path, b"", repeatable=True)).accepted()

    async def _ask(self, edition: str, path: str, body: object, kind: type[T]) -> T:
        path = f"{_edition_path(edition)}/{path}"
        answer = await self._transport.post(path, msgspec.json.encode(body), repeatable=True)
        try:
            return msgspec.json.decode(answer.accepted(), type=kind)
        except UNREADABLE_JSON as error:
            url = f"{self._transport.base_url}/{path}"
            raise BadAnswer(f"{url}: not the answer agreed: {error}") from error


@asynccontextmanager
async def open_registrar(url: str, patience: Patience = PATIENT) -> AsyncIterator[Registrar]:
    """The registrar at a base URL such as `http://127.0.0.1:8100`."""
    async with open_transport(url, patience) as transport:
        yield Registrar(transport)


def _check_proof(answer: IssuanceAnswer, reported: IssuanceReported) -> None:
    if answer.proof is None:
        raise BadAnswer("the registrar says that it issued a credential and does not prove it")
    try:
        verify_reference(answer.reference, answer.proof, reported.issued, reported.root)
    except BadProof as error:
        raise BadAnswer(f"the registrar's proof of issuance fails: {error}") from error


def _edition_path(edition: str) -> str:
    return f"v1/editions/{quote(edition, safe='')}"
