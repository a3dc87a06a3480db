"""The counted ballots of an edition as a file, streamed from the database straight to ASGI.

While choices are sealed there is nothing to hand out. A download holds a database connection, so
there are only a few at a time, and each is bounded in time however slowly it is read.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from litestar.types import Receive, Scope, Send

from services.tally import store
from services.tally.errors import BeingCounted, LogContradictsItself
from services.tally.pabulib import opening_tables, vote_line
from services.tally.projection import Projection
from services.tally.store import CONNECTION_LOST
from shared.edition.errors import Refusal
from shared.edition.state import EditionState
from shared.log.note import Verifier
from shared.service.problem import (
    NoSuchResource,
    Overloaded,
    Sealed,
    StoreUnavailable,
    send_problem,
)

MAX_DOWNLOADS: Final = 4
"""At once; the service has eight database connections, and counting must not wait for one."""

LIMIT_S: Final = 120.0
PORTION: Final = 32_768

log = structlog.get_logger()


class Downloads:
    """Hands out files, a few at a time; `pool` is the service's."""

    def __init__(self, pool: store.Pool) -> None:
        self._pool = pool
        self._running = 0

    @asynccontextmanager
    async def ballots(self, edition: str, verifier: Verifier) -> AsyncIterator[AsyncIterator[str]]:
        """The text of an edition's file, in pieces; raises a `Refusal` if there is none now."""
        if self._running >= MAX_DOWNLOADS:
            raise Overloaded(f"{MAX_DOWNLOADS} downloads are under way already")
        self._running += 1
        try:
            async with AsyncExitStack() as stack:
                try:
                    now, choices = await stack.enter_async_context(
                        store.counted(self._pool, edition, verifier)
                    )
                except CONNECTION_LOST as error:
                    raise StoreUnavailable("the counted ballots cannot be read") from error
                yield _file(now, countable(now), choices)
        finally:
            self._running -= 1


class BallotsFile:
    """An ASGI application that sends the file of one edition, whose log has this key."""

    def __init__(self, downloads: Downloads, edition: str, verifier: Verifier) -> None:
        self._downloads = downloads
        self._edition = edition
        self._verifier = verifier

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request. What fails after the first byte ends the connection, unfinished."""
        try:
            async with (
                asyncio.timeout(LIMIT_S),
                self._downloads.ballots(self._edition, self._verifier) as pieces,
            ):
                await _send_file(send, self._edition, pieces)
        except Refusal as refusal:
            await send_problem(send, refusal)
        except CONNECTION_LOST as error:
            log.warning("download cut", edition=self._edition, error=type(error).__name__)


def countable(now: Projection) -> EditionState:
    """The edition's state, if its ballots may be handed out; raises a `Refusal` if not."""
    state = now.state
    if now.contradiction is not None:
        raise LogContradictsItself(f"found at index {now.contradiction.index}")
    if now.recounting:
        raise BeingCounted(f"{now.size} entries are counted with their openings so far")
    if state is None or not state.initiatives:
        raise NoSuchResource("the shortlist is not published yet")
    if not now.openings_due(state):
        raise Sealed(f"choices in {now.edition!r} are public after the close")
    if now.unopened is not None:
        raise BeingCounted(f"the opening of entry {now.unopened} is not there yet")
    return state


async def _file(now: Projection, state: EditionState, choices: store.Choices) -> AsyncIterator[str]:
    yield opening_tables(state, now.counts, voters=now.voters, size=now.size)
    number = 0
    async for chosen in choices:
        assert chosen is not None, "a count without every opening is not handed out"
        number += 1
        yield vote_line(number, chosen)


async def _send_file(send: Send, edition: str, pieces: AsyncIterator[str]) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-disposition", b'attachment; filename="%s.pb"' % edition.encode()),
        (b"cache-control", b"no-cache"),
        (b"access-control-allow-origin", b"*"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    waiting: list[str] = []
    length = 0
    async for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= PORTION:
            await _send_body(send, "".join(waiting), more=True)
            waiting, length = [], 0
    await _send_body(send, "".join(waiting), more=False)


async def _send_body(send: Send, text: str, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})
