"""The registrar's desk: the roll, its commitment, counter codes, and the report of issuance.

For those who run an edition, with the desk's token; a proxy does not publish these addresses. What
people ask of the registrar is in `registrar.py`.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from shared.client.errors import BadAnswer, OutcomeUnknown, Oversized
from shared.client.transport import Chunks, Patience, Transport, open_transport
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.manifest import EligibilityMode
from shared.eligibility.references import (
    BadReferenceFile,
    BadReferences,
    check_ascending,
    parse_references,
)
from shared.eligibility.views import (
    Commitment,
    CommitmentRequest,
    CounterBatches,
    CounterCodes,
    CounterCodesRequest,
    DeskView,
    IssuanceReport,
    PhonesForgotten,
    RollSummary,
    VoidRequest,
)

T = TypeVar("T")

DESK_PATIENCE: Final = Patience(attempts=4, timeout_s=3600.0)
"""A large roll is written, and sealed, in one transaction: that may take long."""

_MAX_REFERENCES_BYTES: Final = 65 * 20_000_000
"""More people than any city has."""

_NDJSON: Final = "application/x-ndjson"
_ONLY_COUNTED: Final = (
    "If codes were made, nobody has seen them: they stay in the count of those printed, unused."
    " Print again"
)


class RegistrarDesk:
    """One registrar's desk. Every method raises `Refused`, `BadAnswer` or `CannotRead`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def view(self, edition: str) -> DeskView:
        """An edition as the desk sees it."""
        return await self._transport.document(_edition_path(edition), DeskView)

    async def import_roll(self, edition: str, records: Chunks) -> RollSummary:
        """Replace the roll, unless it is sealed; all of it or nothing.

        `records` gives `RollRecord`s as JSON, one a line, in pieces of any size, and may be called
        again when a connection was lost.
        """
        path = f"{_edition_path(edition)}/roll"
        answer = await self._transport.put(path, records, _NDJSON)
        return self._decoded(path, answer.accepted(), RollSummary)

    async def commitment(self, edition: str, mode: EligibilityMode) -> Commitment:
        """Seal the roll and make the edition's issuer key; the same answer each time."""
        path = f"{_edition_path(edition)}/commitment"
        return await self._posted(path, CommitmentRequest(mode), Commitment)

    async def references(self, edition: str) -> list[bytes]:
        """The references of all who are on the roll, ascending."""
        path = f"{_edition_path(edition)}/references"
        try:
            body = (await self._transport.get(path, limit=_MAX_REFERENCES_BYTES)).accepted()
            references = parse_references(body.splitlines(keepends=True))
            check_ascending(references)
        except (Oversized, BadReferenceFile, BadReferences) as error:
            raise BadAnswer(f"{self._transport.base_url}/{path}: {error}") from error
        return references

    async def counter_codes(self, edition: str, count: int, batch: str) -> CounterCodes:
        """New sealed codes, which nobody can ask for again. Raises `OutcomeUnknown`, too."""
        path = f"{_edition_path(edition)}/counter-codes"
        body = msgspec.json.encode(CounterCodesRequest(count, batch))
        try:
            answer = await self._transport.post(path, body, repeatable=False)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(f"the registrar's answer was lost. {_ONLY_COUNTED}") from error
        return self._decoded(path, answer.accepted(), CounterCodes)

    async def counter_batches(self, edition: str) -> CounterBatches:
        """The edition's counter codes in numbers, lot by lot."""
        path = f"{_edition_path(edition)}/counter-codes"
        return await self._transport.document(path, CounterBatches)

    async def void_counter_codes(self, edition: str, serials: Sequence[int]) -> CounterBatches:
        """Void the codes with these numbers, all or none, for good; as often as one likes."""
        path = f"{_edition_path(edition)}/counter-codes/voided"
        return await self._posted(path, VoidRequest(tuple(serials)), CounterBatches)

    async def issuance_report(self, edition: str) -> IssuanceReport:
        """End the issuing of a closed edition's credentials, and report; the same each time."""
        return await self._posted(f"{_edition_path(edition)}/issuance-report", {}, IssuanceReport)

    async def forget(self, edition: str) -> PhonesForgotten:
        """Forget the phones of an edition whose issuance was reported."""
        path = f"{_edition_path(edition)}/phones"
        answer = await self._transport.delete(path)
        return self._decoded(path, answer.accepted(), PhonesForgotten)

    async def _posted(self, path: str, body: object, kind: type[T]) -> T:
        answer = await self._transport.post(path, msgspec.json.encode(body), repeatable=True)
        return self._decoded(path, answer.accepted(), kind)

    def _decoded(self, path: str, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except UNREADABLE_JSON as error:
            # What was answered may hold codes: the error says where it differs, and quotes nothing.
            raise BadAnswer(f"{self._transport.base_url}/{path}: not the answer agreed") from error


@asynccontextmanager
async def open_registrar_desk(
    url: str, token: str, patience: Patience = DESK_PATIENCE
) -> AsyncIterator[RegistrarDesk]:
    """The desk of the registrar at a base URL such as `http://127.0.0.1:8100`."""
    async with open_transport(url, patience, token=token) as transport:
        yield RegistrarDesk(transport)


def _edition_path(edition: str) -> str:
    return f"desk/v1/editions/{quote(edition, safe='')}"
