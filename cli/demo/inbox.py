"""Reading codes where the development inbox of the notify service shows them, as on a phone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote

from shared.client.errors import CannotRead
from shared.client.transport import PATIENT, Transport, open_transport
from shared.notices.views import InboxMessage

LOOKS: Final = 60
FIRST_PAUSE_S: Final = 0.02
LONGEST_PAUSE_S: Final = 0.5


class Inbox:
    """The messages that would have gone to phones; `open_inbox` makes one."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def code(self, phone: str, seen: int = 0) -> str:
        """The newest code sent to a phone (E.164), once more than `seen` have come.

        Raises `CannotRead`.
        """
        path = f"inbox/messages?to={quote(phone, safe='')}"
        pause_s = FIRST_PAUSE_S
        for _ in range(LOOKS):
            messages = await self._transport.document(path, tuple[InboxMessage, ...])
            codes = [one.parameters["code"] for one in messages if one.kind == "code"]
            if len(codes) > seen:
                return codes[-1]
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        raise CannotRead("a code that was asked for did not come to the development inbox")


@asynccontextmanager
async def open_inbox(url: str) -> AsyncIterator[Inbox]:
    """The inbox of the notify service at a base URL such as `http://127.0.0.1:8110`."""
    async with open_transport(url, PATIENT) as transport:
        yield Inbox(transport)
