"""A stage for the notify service: a ballot service that the test writes, subscribers, the service.

The service runs in the test's own process (`open_service`), or as one that can be killed
(`started`). It has the database role and the NATS permissions of operation, and no more.
"""

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import asyncpg
import msgspec
import uvicorn

from services.notify.app import create_app
from services.notify.pace import Pace
from services.notify.settings import Settings, identity
from services.notify.vault import Vault, new_handle
from shared.edition.views import EditionList, EditionSummary
from shared.notices.views import AnnouncementView, InboxMessage, NotifyStatus
from shared.service.server import Drain, bind
from tests.editions import EditionBuilder
from tests.views import view_of

PATIENCE_S = 20.0
LINK = re.compile(r"https?://\S+/(?:confirm|leave)/\S+")

BRISK = Pace(
    look_s=0.1,
    stir_s=0.02,
    poll_s=0.1,
    orphans_s=0.1,
    retry_s=0.1,
    report_s=0.1,
    first_backoff_s=0.2,
    longest_backoff_s=0.5,
    drain_s=5.0,
)
"""As in operation, only faster."""


class BallotHost:
    """What a ballot service shows of some editions; `files` maps a path to its answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._listed: dict[str, EditionSummary] = {}

    def show(self, builder: EditionBuilder) -> None:
        """Show an edition as it stands, its log, and a proof of each entry."""
        tree, log = builder.tree(), f"log/{builder.edition}"
        for path, data in tree.files(None).items():
            self.files[f"{log}/{path}"] = data
        for index in range(len(builder.entries)):
            self.files[f"{log}/proof/{index}"] = tree.proof(index).encode()
        self.files[f"v1/editions/{builder.edition}"] = msgspec.json.encode(view_of(builder))
        self._listed[builder.edition] = EditionSummary(
            edition=builder.edition,
            title=builder.manifest.title,
            phase=builder.current.phase,
            log=f"/{log}",
            vkey=builder.signer.vkey,
        )
        self.files["v1/editions"] = msgspec.json.encode(
            EditionList(
                log_origin=builder.signer.name.rpartition("/")[0],
                log_key=builder.verifier.public,
                editions=tuple(self._listed.values()),
            )
        )


class Away(Exception):
    """The service said that its database cannot be reached now."""


class Service:
    """A running notify service, as its interfaces show it."""

    def __init__(self, session: aiohttp.ClientSession, url: str, settings: Settings) -> None:
        self.session = session
        self.url = url
        self._settings = settings

    async def subscribe(self, address: str, **fields: object) -> tuple[int, dict[str, Any]]:
        """Ask for a subscription, by e-mail unless said otherwise; status and answer."""
        body = {"channel": "email", "address": address, **fields}
        async with self.session.post(f"{self.url}/v1/subscriptions", json=body) as response:
            return response.status, await response.json(content_type=None)

    async def inbox(self, to: str, count: int = 1) -> list[InboxMessage]:
        """The messages to an address, once there are so many."""
        found: list[InboxMessage] = []

        async def enough() -> bool:
            params = {"to": to}
            async with self.session.get(f"{self.url}/inbox/messages", params=params) as response:
                found[:] = msgspec.json.decode(await response.read(), type=list[InboxMessage])
            return len(found) >= count

        await until(enough, f"{count} messages did not come")
        return found

    async def confirmed(self, address: str, **fields: object) -> None:
        """Subscribe and open the link that comes."""
        before = len(await self.inbox(address, 0))
        await self.subscribe(address, **fields)
        message = (await self.inbox(address, before + 1))[-1]
        assert (await self.post(link_in(message)))[0] == 200

    async def post(self, url: str, body: bytes = b"") -> tuple[int, str]:
        """POST to a link in a message; status and page."""
        async with self.session.post(url, data=body) as response:
            return response.status, await response.text()

    async def get(self, url: str) -> tuple[int, str]:
        """GET of a link in a message; status and page."""
        async with self.session.get(url) as response:
            return response.status, await response.text()

    async def status(self) -> NotifyStatus:
        """What the desk sees."""
        headers = {"Authorization": f"Bearer {self._settings.desk_token}"}
        async with self.session.get(f"{self.url}/desk/v1/status", headers=headers) as response:
            if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
                raise Away(await response.text())
            assert response.status == HTTPStatus.OK, await response.text()
            return msgspec.json.decode(await response.read(), type=NotifyStatus)

    async def announced(self, edition: str, milestone: str) -> AnnouncementView:
        """An announcement, once nothing of it waits any more."""
        found: list[AnnouncementView] = []

        async def finished() -> bool:
            try:
                status = await self.status()
            except Away:  # as it says itself: come back later
                return False
            found[:] = [
                one
                for one in status.announcements
                if (one.edition, one.milestone) == (edition, milestone)
            ]
            return bool(found) and found[0].finished

        await until(finished, f"{milestone} was not announced to the end")
        return found[0]


@asynccontextmanager
async def open_service(settings: Settings, pace: Pace = BRISK) -> AsyncIterator[Service]:
    """The service in this process, on a port of its own; stopped as SIGTERM stops it."""
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    settings = msgspec.structs.replace(settings, port=port)
    drain = Drain()
    config = uvicorn.Config(
        create_app(settings, drain, pace), lifespan="on", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await until(lambda: server.started or task.done(), "the service did not start")
        assert server.started
        async with aiohttp.ClientSession() as session:
            yield Service(session, f"http://127.0.0.1:{port}", settings)
    finally:
        drain.start()
        server.should_exit = True
        await task


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m services.notify` with these settings; killed at the end if it still runs."""
    with bind("127.0.0.1", 0) as listener:
        settings = msgspec.structs.replace(settings, port=listener.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if "HUIMIN" not in name}
    for name, value in msgspec.structs.asdict(settings).items():
        if value not in {None, ""}:
            environment[f"HUIMIN_NOTIFY_{name.upper()}"] = str(value)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notify", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        _, log = await process.communicate()
        print(log.decode())  # pytest shows it if the test fails


async def add_subscribers(
    database: str, settings: Settings, addresses: list[str], channel: str = "email"
) -> None:
    """Confirmed subscriptions to all editions, as if they had come one by one."""
    vault = Vault(identity(settings).key)
    rows = []
    for address in addresses:
        handle = new_handle()
        sealed = vault.seal(address, handle)
        rows.append((handle, channel, vault.fingerprint(channel, address), sealed))
    connection = await asyncpg.connect(database)
    await connection.executemany(
        """INSERT INTO subscriptions
               (handle, edition, channel, recipient, address, language, confirmed)
           VALUES ($1, '', $2, $3, $4, 'zh', now())""",
        rows,
    )
    await connection.close()


async def states(database: str) -> Mapping[str, int]:
    """How many messages are in each state."""
    connection = await asyncpg.connect(database)
    rows = await connection.fetch("SELECT state, count(*) FROM deliveries GROUP BY state")
    await connection.close()
    return Counter({row["state"]: row["count"] for row in rows})


def link_in(message: InboxMessage) -> str:
    """The link to confirm or to leave in a message."""
    found = LINK.search(message.text)
    assert found is not None
    return found[0]


async def until(condition: Callable[[], bool | Awaitable[bool]], otherwise: str) -> None:
    """Return when the condition holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while True:
        holds = condition()
        if holds is True or (not isinstance(holds, bool) and await holds):
            return
        assert loop.time() < deadline, otherwise
        await asyncio.sleep(0.02)
