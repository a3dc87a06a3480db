"""The live stream of an edition's tally as server-sent events, written straight to ASGI.

On connect the time by the tally's clock, in a comment, and the newest snapshot; then each new one,
and a comment when it is quiet for long. A snapshot's own time is no clock: the newest may be hours
old when nobody votes. `id:` is the log position; `Last-Event-ID` is not looked at, because every
snapshot is complete and the first one sent is the newest. All clients share the same encoded bytes.
One that does not read is waited for by its own task alone, and dropped after a while. When the
process drains, all are told when to come back, each at another time, and are let go. Who asks for a
stream then gets one that ends at once, not a 503, after which a browser would not ask again.
"""

import asyncio
import random
from datetime import UTC, datetime
from typing import Final

from litestar.types import (
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Receive,
    Scope,
    Send,
)

from services.tally.board import Channel
from shared.edition.errors import Refusal
from shared.service.problem import send_problem
from shared.service.server import Drain

UNREAD_LIMIT_S: Final = 10.0
"""How long a client may leave its buffers full before it is dropped."""

_RETRY_MS: Final = (1_500, 4_500)
"""Between these, another for each: those who lose their stream together come back one by one."""
_COMING_BACK_MS: Final = (500, 2_500)
_WELCOME: Final = b"retry: %d\n: clock %s\n\n"
_FAREWELL: Final = b": stopping\nretry: %d\n\n"
_HEARTBEAT: Final = b": still here\n\n"
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]


class EventStream:
    """An ASGI application that sends the snapshots of one channel to one client after another."""

    def __init__(self, channel: Channel, drain: Drain, heartbeat_s: float) -> None:
        self._channel = channel
        self._drain = drain
        self._heartbeat_s = heartbeat_s

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves, or stops reading, or the process drains."""
        try:
            with self._channel.reader() as wake:
                await self._follow(_Client(receive, send, wake))
        except Refusal as refusal:
            await send_problem(send, refusal)
        except TimeoutError:
            return  # it has stopped reading, and the server closes the connection

    async def _follow(self, client: "_Client") -> None:
        await client.start()
        departure = asyncio.create_task(client.notice_departure())
        try:
            await self._send_news(client)
        finally:
            departure.cancel()
        if not client.gone:
            await client.write(_FAREWELL % _between(_COMING_BACK_MS), more=False)

    async def _send_news(self, client: "_Client") -> None:
        seen = None
        while not (self._drain.started or client.gone):
            frame = self._channel.shown
            if frame is not None and frame is not seen:
                seen = frame
                await client.write(frame.event)
            elif not await client.woken(self._heartbeat_s):
                await client.write(_HEARTBEAT)


class _Client:
    """One connection; `gone` once the other side has closed it."""

    def __init__(self, receive: Receive, send: Send, wake: asyncio.Event) -> None:
        self.gone = False
        self._receive = receive
        self._send = send
        self._wake = wake

    async def start(self) -> None:
        await self._put({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        await self.write(_WELCOME % (_between(_RETRY_MS), now.encode()))

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Raises `TimeoutError` when the client does not read."""
        await self._put({"type": "http.response.body", "body": data, "more_body": more})

    async def _put(self, event: HTTPResponseStartEvent | HTTPResponseBodyEvent) -> None:
        async with asyncio.timeout(UNREAD_LIMIT_S):
            await self._send(event)

    async def woken(self, within_s: float) -> bool:
        """Whether there was a reason to look up within so many seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def notice_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._wake.set()


def _between(bounds: tuple[int, int]) -> int:
    return random.randint(*bounds)  # noqa: S311 - spreads load, keeps no secret
