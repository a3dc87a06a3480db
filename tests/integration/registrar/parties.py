"""Those whom the registrar talks to, as the test wants them: the ballot service and notify.

`Log` shows over HTTP what the test's officers decided; `Notify` answers on NATS and remembers the
codes that it was given.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
import nats
from aiohttp import web
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.service.codes import CodeAnswer, CodeOutcome, CodeRequest
from shared.service.server import bind
from shared.service.subjects import CODES_SUBJECT
from tests.editions import EditionBuilder
from tests.views import view_of
from tests.web import problem

PATIENCE_S: Final = 20.0


class Notify:
    """Stands in for the notify service: answers on NATS, and remembers the codes it was given."""

    def __init__(self) -> None:
        self.outcome: CodeOutcome = "accepted"
        self.delay_s = 0.0
        self.decoys = 0
        self._codes: dict[str, asyncio.Queue[str]] = {}
        self.received: list[CodeRequest] = []

    async def answer(self, message: Msg) -> None:
        """One request."""
        request = msgspec.json.decode(message.data, type=CodeRequest)
        await asyncio.sleep(self.delay_s)
        outcome = self.outcome
        if outcome == "accepted":
            self.received.append(request)
            if request.phone is None:
                self.decoys += 1
            else:
                self._queue(request.phone).put_nowait(request.code)
        await message.respond(msgspec.json.encode(CodeAnswer(outcome)))

    async def code(self, number: str) -> str:
        """The next code that comes to a phone."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._queue(number).get()

    def waiting(self, number: str) -> int:
        """How many codes have come to a phone and were not looked at."""
        return self._queue(number).qsize()

    def _queue(self, number: str) -> "asyncio.Queue[str]":
        return self._codes.setdefault(number, asyncio.Queue())


@asynccontextmanager
async def open_notify(url: str, seed: str) -> AsyncIterator[Notify]:
    """Notify, listening."""
    client: Client = await nats.connect(url, nkeys_seed_str=seed)
    notify = Notify()
    await client.subscribe(CODES_SUBJECT, queue="notify", cb=notify.answer)
    await client.flush()
    try:
        yield notify
    finally:
        await client.close()


class Log:
    """Stands in for the ballot service: shows editions as the test's officers made them."""

    def __init__(self) -> None:
        self.builders: dict[str, EditionBuilder] = {}
        self.away = False
        self.port = 0

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request for an edition."""
        if self.away:
            return web.Response(status=503)
        builder = self.builders.get(request.match_info["edition"])
        if builder is None:
            return problem(404, "unknown-edition")
        return web.Response(body=msgspec.json.encode(view_of(builder)))


@asynccontextmanager
async def open_log() -> AsyncIterator[Log]:
    """A log on a port of its own."""
    log = Log()
    app = web.Application()
    app.router.add_get("/v1/editions/{edition}", log.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    listener = bind("127.0.0.1", 0)
    log.port = listener.getsockname()[1]
    await web.SockSite(runner, listener).start()
    try:
        yield log
    finally:
        await runner.cleanup()
