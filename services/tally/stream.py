"""The live stream: `GET /v1/editions/{edition}/tally/stream`, server-sent events, bare ASGI.

On connect the newest snapshot, then each new one, and a comment when it is quiet for long. `id:` is
the log position; `Last-Event-ID` is not looked at, because every snapshot is complete and the first
one sent is the newest. All clients share the same encoded bytes. One that does not read is waited
for by its own task alone, and dropped after a while; all are let go when the process drains.
"""

import asyncio
from typing import Final, cast

from litestar import asgi
from litestar.types import (
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Receive,
    Scope,
    Send,
)

from services.tally.board import Board, Channel
from shared.edition.errors import Refusal
from shared.service.problem import WrongMethod, send_problem
from shared.service.server import Drain

HEARTBEAT_S = 12.0
"""Proxies close a connection that is silent for 15 to 60 s."""

UNREAD_LIMIT_S: Final = 10.0
"""How long a client may leave its buffers full before it is dropped."""

_RETRY: Final = b"retry: 3000\n\n"
_HEARTBEAT: Final = b": still here\n\n"
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]


@asgi("/v1/editions/{edition:str}/tally/stream", copy_scope=False)
async def stream_tally(scope: Scope, receive: Receive, send: Send) -> None:
    """Send snapshots until the client leaves or the process drains."""
    http = cast("HTTPScope", scope)
    state = http["litestar_app"].state
    board: Board = state.board
    try:
        if http["method"] != "GET":
            raise WrongMethod("a stream is read with GET")
        channel = board.channel(http["path_params"]["edition"])
        with channel.reader() as wake:
            client = _Client(receive, send, wake)
            await client.follow(channel, state.drain, state.heartbeat_s)
    except Refusal as refusal:
        await send_problem(send, refusal)
    except TimeoutError:
        return  # a client that has stopped reading; the server closes the connection


class _Client:
    def __init__(self, receive: Receive, send: Send, wake: asyncio.Event) -> None:
        self._receive = receive
        self._send = send
        self._wake = wake
        self._gone = False

    async def follow(self, channel: Channel, drain: Drain, heartbeat_s: float) -> None:
        start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": 200,
            "headers": _HEADERS,
        }
        await self._send(start)
        await self._write(_RETRY)
        departure = asyncio.create_task(self._notice_departure())
        try:
            await self._write_news(channel, drain, heartbeat_s)
        finally:
            departure.cancel()
        if not self._gone:
            await self._write(b"", more=False)

    async def _write_news(self, channel: Channel, drain: Drain, heartbeat_s: float) -> None:
        seen = None
        while not (drain.started or self._gone):
            frame = channel.shown
            if frame is not None and frame is not seen:
                seen = frame
                await self._write(frame.event)
                continue
            try:
                async with asyncio.timeout(heartbeat_s):
                    await self._wake.wait()
            except TimeoutError:
                await self._write(_HEARTBEAT)
            self._wake.clear()

    async def _write(self, data: bytes, *, more: bool = True) -> None:
        body: HTTPResponseBodyEvent = {
            "type": "http.response.body",
            "body": data,
            "more_body": more,
        }
        async with asyncio.timeout(UNREAD_LIMIT_S):
            await self._send(body)

    async def _notice_departure(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._wake.set()
