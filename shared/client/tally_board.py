"""The tally service's public interface: the count as it says it is; whoever doubts it audits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from shared.client.transport import PATIENT, Patience, Transport, open_transport
from shared.edition.views import TallySnapshot


class TallyBoard:
    """One tally service."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def snapshot(self, edition: str) -> TallySnapshot:
        """The tally now; raises `Refused`, `BadAnswer` or `CannotRead`."""
        path = f"v1/editions/{quote(edition, safe='')}/tally"
        return await self._transport.document(path, TallySnapshot)


@asynccontextmanager
async def open_tally_board(url: str, patience: Patience = PATIENT) -> AsyncIterator[TallyBoard]:
    """The tally service at a base URL such as `http://127.0.0.1:8090`."""
    async with open_transport(url, patience) as transport:
        yield TallyBoard(transport)
