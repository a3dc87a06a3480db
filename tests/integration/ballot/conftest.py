"""The ballot service for tests: shared by those that only add editions, alone for the others."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.roles import nats_users
from shared.edition.manifest import Disclosure
from tests.editions import EditionBuilder
from tests.integration.ballot.service import BallotProcess, Site, open_site
from tests.polls import Poll
from tests.servers import everything

NewPoll = Callable[..., Awaitable[Poll]]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def nats_of_ballot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server with the users of an operation, and one who may do everything."""
    data = tmp_path_factory.mktemp("nats")
    users = [everything(data, "tests"), *nats_users(data / "secrets")]
    with NatsServer(data, users) as server:
        yield server


@pytest.fixture(scope="session")
def shared_site(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres, nats_of_ballot: NatsServer
) -> Iterator[Site]:
    """The site of the shared processes."""
    with open_site(tmp_path_factory.mktemp("ballot"), postgres_server, nats_of_ballot) as site:
        yield site


@pytest.fixture(scope="session")
def services(shared_site: Site) -> Iterator[tuple[BallotProcess, BallotProcess]]:
    """Two processes on the same logs, each with a port of its own."""
    with shared_site.started() as one, shared_site.started() as two:
        yield one.wait_ready(), two.wait_ready()


@pytest.fixture
def site(tmp_path: Path, postgres_server: Postgres, nats_of_ballot: NatsServer) -> Iterator[Site]:
    """A site of the test's own."""
    with open_site(tmp_path, postgres_server, nats_of_ballot) as own:
        yield own


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """What polls ask with."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=64), timeout=aiohttp.ClientTimeout(60)
    ) as session:
        yield session


@pytest.fixture
def new_poll(http: aiohttp.ClientSession) -> NewPoll:
    """Makes an edition of a fresh id at a service, open for voting unless told otherwise."""

    async def make(
        url: str, *, prepared: bool = True, disclosure: Disclosure = "live", prefix: str = "i"
    ) -> Poll:
        builder = EditionBuilder(f"poll-{next(_numbers)}", disclosure=disclosure, prefix=prefix)
        poll = Poll(http, url, builder)
        if prepared:
            await poll.prepare()
        return poll

    return make


@pytest.fixture
async def poll(services: tuple[BallotProcess, BallotProcess], new_poll: NewPoll) -> Poll:
    """An edition that is open for voting, at the first of the shared processes."""
    return await new_poll(services[0].url)


@pytest.fixture(scope="session")
def open_edition(services: tuple[BallotProcess, BallotProcess]) -> EditionBuilder:
    """An edition that stays open for voting, to which nobody adds anything."""
    return prepared_once(services[0].url, EditionBuilder("stays-open"), Poll.prepare)


def prepared_once(
    url: str, builder: EditionBuilder, prepare: Callable[[Poll], Awaitable[None]]
) -> EditionBuilder:
    """The builder of an edition that was prepared in a loop of its own, for many tests."""

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            await prepare(Poll(session, url, builder))

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
    return builder


@pytest.fixture
def open_poll(
    http: aiohttp.ClientSession,
    services: tuple[BallotProcess, BallotProcess],
    open_edition: EditionBuilder,
) -> Poll:
    """That edition at the first of the shared processes, for tests that leave nothing behind."""
    return Poll(http, services[0].url, open_edition)
