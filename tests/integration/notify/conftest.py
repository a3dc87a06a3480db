"""What the tests of notify run on: PostgreSQL, NATS and the host of editions, all real."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.roles import nats_users
from services.notify.settings import Settings
from shared.log.note import Signer, Verifier
from shared.service.migrations import migrate
from tests.editions import LOG_SEED, EditionBuilder
from tests.integration.notify.stage import BallotHost, Service, open_service
from tests.servers import everything, fresh_database, query, seed_file
from tests.web import serving, static

ROLE = "huimin_notify"
TABLES = "subscriptions, announcements, deliveries, caps"


@pytest.fixture(scope="session")
def notify_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server with the users of an operation, and one who may do everything to the log."""
    data = tmp_path_factory.mktemp("nats")
    users = nats_users(data / "secrets")
    with NatsServer(data, [everything(data, "relay"), *users]) as server:
        yield server


@pytest.fixture(scope="session")
def notify_schema(postgres_server: Postgres) -> Iterator[tuple[str, str]]:
    """A database with the schema: its address for the administrator and for the service."""
    password = secrets.token_hex(16)
    postgres_server.create_role(ROLE, password)
    with fresh_database(postgres_server) as name:
        admin = postgres_server.admin_dsn.replace("/postgres?", f"/{name}?")
        asyncio.run(_make_schema(admin))
        yield admin, postgres_server.dsn(name, ROLE, password)


@pytest.fixture
def admin(notify_schema: tuple[str, str]) -> Iterator[str]:
    """The administrator's address of the database, which is emptied after the test."""
    yield notify_schema[0]
    query(notify_schema[0], f"TRUNCATE {TABLES}")


@pytest.fixture
def notify_database(notify_schema: tuple[str, str], admin: str) -> str:
    """The service's address of the same database."""
    return notify_schema[1]


async def _make_schema(address: str) -> None:
    connection = await asyncpg.connect(address)
    await migrate(connection, "services.notify")
    await connection.close()


@pytest.fixture
async def registrar(notify_nats: NatsServer) -> AsyncIterator[Client]:
    """The registrar's connection to NATS."""
    seed = seed_file(notify_nats.data, "registrar")
    client = await nats.connect(
        notify_nats.url, nkeys_seed=str(seed), inbox_prefix=b"_INBOX_registrar"
    )
    yield client
    await client.close()


@pytest.fixture
async def host() -> BallotHost:
    """What the ballot service shows."""
    return BallotHost()


@pytest.fixture
async def settings(
    notify_database: str, notify_nats: NatsServer, host: BallotHost
) -> AsyncIterator[Settings]:
    """The service's settings, with the development inbox and nothing else to send by."""
    key = Verifier.parse(Signer("vote.example", LOG_SEED).vkey).public
    async with serving(static(host.files)) as url:
        yield Settings(
            database_url=notify_database,
            nats_url=notify_nats.url,
            nats_nkey_seed=seed_file(notify_nats.data, "notify").read_text().strip(),
            key=b64encode(bytes(range(32))).decode(),
            desk_token="desk-token-of-the-tests-" + "0" * 16,
            ballot_url=url,
            log_origin="vote.example",
            log_key=b64encode(key).decode(),
            inbox=True,
            voting_url="https://vote.example/vote#{edition}",
            board_url="https://live.example/board#{edition}",
        )


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """The service, running."""
    async with open_service(settings) as running:
        yield running


@pytest.fixture
def edition() -> EditionBuilder:
    """An edition with a name of its own, announced and no more."""
    builder = EditionBuilder(f"edition-{secrets.token_hex(4)}")
    builder.announce()
    return builder
