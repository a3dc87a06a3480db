"""The ballot service's public interface, as a voter, an officer or a program calls it.

What it answers is convenience, except receipts: `cast` and `command` verify them against the log's
key before they return, so a caller who gets one need not trust the server.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import msgspec

from shared.client.errors import BadAnswer
from shared.client.log_source import HttpLog, LogSource
from shared.client.receipt import (
    decode_receipt,
    verify_ballot_receipt,
    verify_command_receipt,
)
from shared.client.transport import PATIENT, Patience, Transport, open_transport
from shared.edition.ballot import Ballot
from shared.edition.commands import SignedCommand
from shared.edition.views import EditionList, EditionView, Receipt
from shared.log.note import Verifier
from shared.log.proofs import BadProof
from shared.log.tlog_proof import TlogProof


class BallotBox:
    """One ballot service. Every method raises `Refused`, `BadAnswer` or `CannotRead`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def editions(self) -> EditionList:
        """The editions, and the log key under which a new one would be announced."""
        return await self._transport.document("v1/editions", EditionList)

    async def edition(self, edition: str) -> EditionView:
        """One edition as it stands."""
        return await self._transport.document(_edition_path(edition), EditionView)

    async def cast(self, edition: str, ballot: Ballot, verifier: Verifier) -> Receipt:
        """Cast a ballot; returns its receipt, verified. Raises `BadReceipt` if that fails.

        An answer that is lost is asked for again: the same ballot counts once and has one receipt.
        """
        answer = await self._transport.post(
            f"{_edition_path(edition)}/ballots", msgspec.json.encode(ballot), repeatable=True
        )
        receipt = decode_receipt(answer.accepted())
        verify_ballot_receipt(receipt, edition, ballot, verifier)
        return receipt

    async def command(self, edition: str, signed: SignedCommand, verifier: Verifier) -> Receipt:
        """Carry out an officers' command; returns the event's receipt, verified.

        Raises `OutcomeUnknown` if the answer is lost, `BadReceipt` if it proves something else.
        """
        answer = await self._transport.post(
            f"{_edition_path(edition)}/commands", msgspec.json.encode(signed), repeatable=False
        )
        receipt = decode_receipt(answer.accepted())
        verify_command_receipt(receipt, signed, verifier)
        return receipt

    async def proof(self, edition: str, index: int) -> TlogProof:
        """A proof of inclusion of an entry in the newest checkpoint; not verified yet."""
        path = f"{_log_path(edition)}/proof/{index}"
        try:
            return TlogProof.decode((await self._transport.get(path)).accepted())
        except BadProof as error:
            raise BadAnswer(f"{self._transport.base_url}/{path}: {error}") from error

    def log(self, edition: str) -> LogSource:
        """The edition's log as this service serves it."""
        return HttpLog(self._transport, f"{_log_path(edition)}/")


@asynccontextmanager
async def open_ballot_box(url: str, patience: Patience = PATIENT) -> AsyncIterator[BallotBox]:
    """The ballot service at a base URL such as `http://127.0.0.1:8080`."""
    async with open_transport(url, patience) as transport:
        yield BallotBox(transport)


def _edition_path(edition: str) -> str:
    return f"v1/editions/{quote(edition, safe='')}"


def _log_path(edition: str) -> str:
    return f"log/{quote(edition, safe='')}"
