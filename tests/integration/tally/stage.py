"""A stage for the tally: a log over HTTP that the test writes, a relay, and the service itself."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import uvicorn
from aiohttp import web
from nats.aio.client import Client

from services.tally.app import create_app
from services.tally.pace import Pace
from services.tally.settings import Settings
from shared.edition.views import EditionList, EditionSummary, TallySnapshot
from shared.log.tiles import encode_bundle
from shared.service.runs import Run, encode_run
from shared.service.server import Drain, bind
from shared.service.subjects import run_subject, stream_name
from tests.editions import EditionBuilder

PATIENCE_S = 20.0

BRISK = Pace(
    discover_s=0.1,
    wait_s=0.05,
    compare_s=0.15,
    confirm_s=0.5,
    retry_s=0.1,
    publish_s=0.02,
    heartbeat_s=0.3,
)
"""As in operation, only faster."""


class LogHost:
    """The public interface of a ballot service, serving whatever the test put there.

    `files` maps a path to its bytes; an openings bundle that is not there is sealed. Connections
    that ask for a path with `cut` in it are cut.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.cut: str | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def show(self, builder: EditionBuilder, size: int | None = None) -> None:
        """Serve the log of `builder` up to `size` entries, and list its edition."""
        state = builder.state
        assert state is not None
        tree = builder.tree(size)
        public = builder.openings[: len(tree.entries)] if state.openings_public else None
        for path, data in tree.files(public).items():
            self.files[f"/log/{builder.edition}/{path}"] = data
        listed = EditionList(
            log_origin=builder.signer.name.rpartition("/")[0],
            log_key=builder.verifier.public,
            editions=(
                EditionSummary(
                    edition=builder.edition,
                    title=builder.manifest.title,
                    phase=state.phase,
                    log=f"/log/{builder.edition}",
                    vkey=builder.signer.vkey,
                ),
            ),
        )
        self.files["/v1/editions"] = msgspec.json.encode(listed)

    def forget(self, builder: EditionBuilder) -> None:
        """Serve nothing of this log any more."""
        for path in [path for path in self.files if path.startswith(f"/log/{builder.edition}/")]:
            del self.files[path]

    async def answer(self, request: web.Request) -> web.Response:
        """One request."""
        self.asked.append(request.path)
        if self.cut is not None and self.cut in request.path:
            assert request.transport is not None
            request.transport.abort()
        if request.path in self.files:
            return web.Response(body=self.files[request.path])
        if "/openings/" in request.path:
            problem = {"type": "urn:huimin:problem:sealed", "title": "sealed"}
            return web.Response(status=403, text=json.dumps(problem))
        return web.Response(status=404)


@asynccontextmanager
async def open_host(host: LogHost | None = None) -> AsyncIterator[LogHost]:
    """A log host on a port of its own."""
    host = host or LogHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = bind("127.0.0.1", 0)
    host.port = listener.getsockname()[1]
    await web.SockSite(runner, listener).start()
    try:
        yield host
    finally:
        await runner.cleanup()


class Relay:
    """Publishes runs as the ballot service's relay does."""

    def __init__(self, nats: Client) -> None:
        self._jetstream = nats.jetstream()

    async def create(self, edition: str) -> None:
        """Make the stream of a log."""
        await self._jetstream.add_stream(name=stream_name(edition), subjects=[run_subject(edition)])

    async def delete(self, edition: str) -> None:
        """Lose the stream of a log."""
        await self._jetstream.delete_stream(stream_name(edition))

    async def publish(self, builder: EditionBuilder, start: int, end: int) -> None:
        """Publish a run of the entries [start, end)."""
        await self.send(builder.edition, run_of(builder, start, end))

    async def publish_all(self, builder: EditionBuilder, start: int = 0, step: int = 20) -> None:
        """Publish runs of `step` entries up to the end of the log."""
        for first in range(start, len(builder.entries), step):
            await self.publish(builder, first, min(first + step, len(builder.entries)))

    async def send(self, edition: str, run: Run) -> None:
        """Publish a run as it is."""
        await self.send_bytes(edition, encode_run(run))

    async def send_bytes(self, edition: str, payload: bytes) -> None:
        """Publish any message where runs are."""
        await self._jetstream.publish(run_subject(edition), payload)


def run_of(builder: EditionBuilder, start: int, end: int) -> Run:
    """The run of the entries [start, end), with openings if they are public now."""
    assert builder.state is not None
    public = builder.state.openings_public
    openings = builder.openings[start:end] if public else [b""] * (end - start)
    return Run(
        start,
        encode_bundle(builder.entries[start:end]),
        encode_bundle(openings),
        builder.tree(end).checkpoint(),
    )


class Tally:
    """A running tally service, as its public interface shows it."""

    def __init__(self, session: aiohttp.ClientSession, url: str, drain: Drain) -> None:
        """`drain` is that of the process; one of no consequence if it is another process."""
        self.session = session
        self.url = url
        self.drain = drain

    async def snapshot(self, edition: str) -> TallySnapshot | None:
        """The tally now; None while there is none."""
        async with self.session.get(f"{self.url}/v1/editions/{edition}/tally") as response:
            if response.status != 200:
                return None
            return msgspec.json.decode(await response.read(), type=TallySnapshot)

    async def until(
        self, edition: str, condition: Callable[[TallySnapshot], bool]
    ) -> TallySnapshot:
        """The first snapshot that fulfils the condition."""
        snapshot = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while snapshot is None or not condition(snapshot):
                    await asyncio.sleep(0.02)
                    snapshot = await self.snapshot(edition)
        except TimeoutError:
            raise AssertionError(f"it never came to that; the last was {snapshot}") from None
        return snapshot

    async def counted(self, builder: EditionBuilder) -> TallySnapshot:
        """The snapshot when the whole log is counted."""
        size = len(builder.entries)
        return await self.until(
            builder.edition, lambda now: now.size == size and now.status == "verified"
        )

    async def contradicted(self, edition: str) -> TallySnapshot:
        """The snapshot when the log was found out."""
        return await self.until(edition, lambda now: now.status == "contradiction")

    async def looks_again(self, host: LogHost) -> None:
        """Return when the tally has looked at what the host shows now, and judged it."""
        host.asked.clear()
        await wait_until(
            lambda: sum(path.endswith("/checkpoint") for path in host.asked) >= 2,
            "it did not look at the log again",
        )

    async def is_connected(self) -> None:
        """Return when the tally has reached NATS."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if (await self.ready())[1]["nats"] == "ok":
                    return
                await asyncio.sleep(0.02)

    async def ready(self) -> tuple[int, dict[str, object]]:
        """Status and body of /ready."""
        async with self.session.get(f"{self.url}/ready") as response:
            return response.status, await response.json()


@asynccontextmanager
async def open_tally(settings: Settings, pace: Pace = BRISK) -> AsyncIterator[Tally]:
    """The tally service, in this process, on a port of its own; stopped as SIGTERM stops it."""
    drain = Drain()
    config = uvicorn.Config(
        create_app(settings, drain, pace),
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await wait_until(lambda: server.started or task.done(), "the tally did not start")
        async with aiohttp.ClientSession() as session:
            yield Tally(session, f"http://127.0.0.1:{port}", drain)
    finally:
        drain.start()
        server.should_exit = True
        await task


async def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    """Return when the condition holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while not condition():
        assert loop.time() < deadline, otherwise
        await asyncio.sleep(0.02)


def counts(snapshot: TallySnapshot) -> dict[str, int] | None:
    """The counts of a snapshot by initiative."""
    if snapshot.counts is None:
        return None
    return {one.id: one.ballots for one in snapshot.counts}


def children(pid: int) -> list[int]:
    """The processes that this one started."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def workers(pid: int) -> list[int]:
    """The inspecting processes of a tally, forked from its fork server.

    In a test's own process other children have children too: the servers that the tests run on.
    """
    servers = [one for one in children(pid) if b"forkserver" in _command(one)]
    return [worker for server in servers for worker in children(server)]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
