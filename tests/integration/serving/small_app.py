"""A process of the smallest service there can be, served as all of ours are.

`/wait` answers when the process drains; `/busy`, too, and keeps the process busy before; `/hang`
never; `/hang-at-the-end` makes the lifespan hang. The rest echo.
"""

import asyncio
import sys
import time
from typing import Final, cast

from litestar.enums import ScopeType
from litestar.types import (
    HTTPReceiveMessage,
    HTTPScope,
    LifeSpanReceive,
    LifeSpanSend,
    Receive,
    Scope,
    Send,
)

from shared.service.pace import ServerPace
from shared.service.server import Drain, serve

BUSY_S: Final = 0.8


class SmallApp:
    """An ASGI application; see above."""

    def __init__(self, drain: Drain) -> None:
        self._drain = drain
        self._hangs_at_the_end = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)
        else:
            await self._live(cast("LifeSpanReceive", receive), cast("LifeSpanSend", send))

    async def _live(self, receive: LifeSpanReceive, send: LifeSpanSend) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._hangs_at_the_end:
            await asyncio.Event().wait()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = cast("HTTPReceiveMessage", await receive())
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        match scope["path"]:
            case "/wait":
                await self._drain.wait()
            case "/busy":
                await self._drain.wait()
                time.sleep(BUSY_S)  # noqa: ASYNC251 - as a long computation in a handler would
            case "/hang":
                await asyncio.Event().wait()
            case "/hang-at-the-end":
                self._hangs_at_the_end = True
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def serve_small_app(port: int, pace: ServerPace) -> None:
    """Serve until told to stop; ends the process with the status that a service would have."""
    drain = Drain()
    in_order = serve(SmallApp(drain), drain, host="127.0.0.1", port=port, pace=pace)
    sys.exit(0 if in_order else 1)
