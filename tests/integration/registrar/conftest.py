"""The registrar for tests: real PostgreSQL and nats-server, with the roles of an operation."""

from collections.abc import AsyncIterator, Iterator

import pytest

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.roles import nats_users
from services.registrar.settings import Settings
from tests.integration.registrar.parties import Log, Notify, open_log, open_notify
from tests.integration.registrar.site import OWNER, Urls, make_roles, migrated, registrar_settings
from tests.integration.registrar.stage import Registrar, Ward, open_registrar
from tests.servers import everything, fresh_database, query, seed_file


@pytest.fixture(scope="session")
def registrar_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A nats-server with the users of an operation, and one who may do everything."""
    data = tmp_path_factory.mktemp("nats")
    users = [everything(data, "tests"), *nats_users(data / "secrets")]
    with NatsServer(data, users) as server:
        yield server


@pytest.fixture(scope="session")
def registrar_database(postgres_server: Postgres) -> Iterator[Urls]:
    """A database with the registrar's schema, for all tests."""
    make_roles(postgres_server)
    with fresh_database(postgres_server, OWNER) as name:
        yield migrated(postgres_server, name)


@pytest.fixture(scope="session")
def owner_url(registrar_database: Urls) -> str:
    """The address of the database for the role that owns it."""
    return registrar_database.owner


@pytest.fixture(scope="session")
def admin_url(registrar_database: Urls) -> str:
    """The address of the database for its administrator."""
    return registrar_database.admin


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    """The log, as the ballot service shows it."""
    async with open_log() as log:
        yield log


@pytest.fixture
async def notify(registrar_nats: NatsServer) -> AsyncIterator[Notify]:
    """The notify service."""
    seed = seed_file(registrar_nats.data, "notify").read_text().strip()
    async with open_notify(registrar_nats.url, seed) as notify:
        yield notify


@pytest.fixture
def settings(registrar_database: Urls, registrar_nats: NatsServer, log: Log) -> Settings:
    """The registrar's settings; nothing used yet of caps that a test must lower to reach them."""
    query(registrar_database.admin, "DELETE FROM caps")
    return registrar_settings(registrar_database.service, registrar_nats, log)


@pytest.fixture
async def registrar(settings: Settings, notify: Notify) -> AsyncIterator[Registrar]:
    """A running registrar."""
    async with open_registrar(settings) as registrar:
        yield registrar


@pytest.fixture
async def ward(registrar: Registrar, log: Log, notify: Notify) -> Ward:
    """An edition with ten people on its roll, open for voting."""
    return await Ward(registrar, log, notify).open()
