"""Fixtures for tests against real servers: one PostgreSQL and one nats-server for a whole run.

`postgres_server` and `nats_server` live for the session in a temporary directory. A test that
writes takes `database`, a fresh one of its own, or `fresh_database` for several. NATS has one user
here, who may do everything: tests of permissions start a server with users of their own.
"""

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from cli.embedded.nats import NatsServer, NatsUser, user_nkey
from cli.embedded.postgres import ADMIN, Postgres


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A running PostgreSQL, shared by all tests of the session."""
    with Postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A running nats-server with JetStream, shared by all tests of the session."""
    data = tmp_path_factory.mktemp("nats")
    with NatsServer(data, [everything(data, "tests")]) as server:
        yield server


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[str]:
    """The name of an empty database; it is dropped after the test."""
    with fresh_database(postgres_server) as name:
        yield name


@contextmanager
def fresh_database(server: Postgres, owner: str = ADMIN) -> Iterator[str]:
    """Makes an empty database owned by the role `owner`, gives its name, drops it afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    server.create_database(name, owner)
    try:
        yield name
    finally:
        query(server.admin_dsn, f"DROP DATABASE {name} WITH (FORCE)")


def query(dsn: str, statement: str, *values: object) -> list[asyncpg.Record]:
    """The rows that `statement` gives on a connection of its own, whatever loop is running."""

    async def ask() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, ask()).result()


def everything(data: Path, name: str) -> NatsUser:
    """A user of NATS who may use every subject; the seed is in `seed_file(data, name)`."""
    key = user_nkey(seed_file(data, name))
    return NatsUser(name=name, public_nkey=key, publish_allow=[">"], subscribe_allow=[">"])


def seed_file(data: Path, name: str) -> Path:
    """Where the nkey seed of the NATS user `name` is, for `nats.connect(nkeys_seed=...)`."""
    return data / "secrets" / f"{name}.nkey"
