"""Where a registrar runs in tests: its database, with the roles of an operation; its settings."""

import asyncio
import secrets
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import asyncpg

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import ADMIN, Postgres
from cli.roles import database_role
from services.registrar.settings import Settings
from shared.log.note import Signer, Verifier
from shared.service.migrations import migrate
from tests.editions import LOG_SEED
from tests.integration.registrar.parties import Log
from tests.integration.registrar.stage import DESK_TOKEN
from tests.servers import seed_file

ROLE = "huimin_registrar"
OWNER = "huimin_registrar_owner"
PASSWORD = secrets.token_hex(8)


class Urls(NamedTuple):
    """The addresses of one database for the registrar, its owner and the administrator."""

    service: str
    owner: str
    admin: str


def migrated(postgres: Postgres, database: str) -> Urls:
    """Make the roles, and the schema in a database of the owner's."""
    admin = _migrated(postgres, database, OWNER, "services.registrar")
    return Urls(
        postgres.dsn(database, ROLE, PASSWORD), postgres.dsn(database, OWNER, PASSWORD), admin
    )


def migrated_notify(postgres: Postgres, database: str) -> str:
    """Make the role of notify, and its schema in a database; returns the service's address."""
    role = database_role("notify")
    postgres.create_role(role, PASSWORD)
    _migrated(postgres, database, ADMIN, "services.notify")
    return postgres.dsn(database, role, PASSWORD)


def make_roles(postgres: Postgres) -> None:
    """Make the roles that the database and the service need."""
    postgres.create_role(OWNER, PASSWORD)
    postgres.create_role(ROLE, PASSWORD)


def registrar_settings(database_url: str, nats: NatsServer, log: Log) -> Settings:
    """The registrar's settings, with caps by network that nothing here reaches."""
    key = Verifier.parse(Signer("vote.example", LOG_SEED).vkey).public
    return Settings(
        database_url=database_url,
        nats_url=nats.url,
        nats_nkey_seed=seed_file(nats.data, "registrar").read_text().strip(),
        key=b64encode(bytes(range(32))).decode(),
        desk_token=DESK_TOKEN,
        ballot_url=log.url,
        log_origin="vote.example",
        log_key=b64encode(key).decode(),
        phone_per_day=1_000,
        block_per_hour=1_000_000,
        guesses_per_hour=1_000_000,
        counter_guesses_per_hour=1_000_000,
    )


def _migrated(postgres: Postgres, database: str, owner: str, package: str) -> str:
    admin = postgres.admin_dsn.replace("/postgres?", f"/{database}?")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _migrate(admin, owner, package)).result()
    return admin


async def _migrate(url: str, owner: str, package: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"SET ROLE {owner}")
        await migrate(connection, package)
    finally:
        await connection.close()
