"""Where a registrar runs in tests: its database, with the roles of an operation; its settings."""

import asyncio
import secrets
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import asyncpg

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
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
    admin = postgres.admin_dsn.replace("/postgres?", f"/{database}?")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _migrate(admin)).result()
    return Urls(
        postgres.dsn(database, ROLE, PASSWORD), postgres.dsn(database, OWNER, PASSWORD), admin
    )


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


async def _migrate(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"SET ROLE {OWNER}")
        await migrate(connection, "services.registrar")
    finally:
        await connection.close()
