"""What the tests of the tally run on: PostgreSQL, NATS and the host of a log, all real.

The tally has the database role and the NATS permissions that it has in operation, and no more.
"""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator

import asyncpg
import nats
import pytest

from cli.embedded.nats import NatsServer, NatsUser, user_nkey
from cli.embedded.postgres import Postgres
from cli.roles import SERVICES
from services.tally.settings import Settings
from shared.log.note import Signer, Verifier
from shared.service.migrations import migrate
from tests.editions import LOG_SEED, EditionBuilder
from tests.integration.tally.stage import LogHost, Relay, open_host
from tests.servers import everything, fresh_database, query, seed_file

ROLE = "huimin_tally"


@pytest.fixture(scope="session")
def tally_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server with a user for the relay and one for the tally."""
    data = tmp_path_factory.mktemp("nats")
    tally = NatsUser(
        name="tally",
        public_nkey=user_nkey(seed_file(data, "tally")),
        publish_allow=SERVICES["tally"].publish,
        subscribe_allow=["_INBOX_tally.>", *SERVICES["tally"].subscribe],
    )
    with NatsServer(data, [everything(data, "relay"), tally]) as server:
        yield server


@pytest.fixture(scope="session")
def tally_schema(postgres_server: Postgres) -> Iterator[tuple[str, str]]:
    """A database with the tally's schema: its address for the administrator and for the tally."""
    password = secrets.token_hex(16)
    postgres_server.create_role(ROLE, password)
    with fresh_database(postgres_server) as name:
        admin = postgres_server.admin_dsn.replace("/postgres?", f"/{name}?")
        asyncio.run(_make_schema(admin))
        yield admin, postgres_server.dsn(name, ROLE, password)


@pytest.fixture
def tally_database(tally_schema: tuple[str, str]) -> Iterator[str]:
    """The address of an empty database with the tally's schema, for the tally's role."""
    admin, address = tally_schema
    yield address
    query(admin, "TRUNCATE editions, milestones, standings, turnout, receipt_checks")


async def _make_schema(address: str) -> None:
    connection = await asyncpg.connect(address)
    await migrate(connection, "services.tally")
    await connection.close()


@pytest.fixture
async def host() -> AsyncIterator[LogHost]:
    """The host of the logs."""
    async with open_host() as host:
        yield host


@pytest.fixture
async def relay(tally_nats: NatsServer) -> AsyncIterator[Relay]:
    """The relay, connected."""
    seed = seed_file(tally_nats.data, "relay")
    client = await nats.connect(tally_nats.url, nkeys_seed=str(seed))
    yield Relay(client)
    await client.close()


@pytest.fixture
def settings(tally_database: str, tally_nats: NatsServer, host: LogHost) -> Settings:
    """The tally's settings."""
    key = Verifier.parse(Signer("vote.example", LOG_SEED).vkey).public
    return Settings(
        database_url=tally_database,
        nats_url=tally_nats.url,
        nats_nkey_seed=seed_file(tally_nats.data, "tally").read_text().strip(),
        log_url=host.url,
        log_origin="vote.example",
        log_key=b64encode(key).decode(),
    )


@pytest.fixture
def live() -> EditionBuilder:
    """An edition whose choices are public at once, with a name of its own, open for votes."""
    builder = EditionBuilder(f"live-{secrets.token_hex(4)}")
    builder.prepare()
    return builder


@pytest.fixture
def sealed() -> EditionBuilder:
    """An edition whose choices are sealed until the close, open for votes."""
    builder = EditionBuilder(f"sealed-{secrets.token_hex(4)}", disclosure="at-close")
    builder.prepare()
    return builder
