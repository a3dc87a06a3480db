"""Plain numbered SQL migrations, applied once each, in order, under an advisory lock.

A migration and the note that it was applied commit together, so a kill at any point leaves the
schema before or after a migration, never within.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import asyncpg

_LOCK = 0x4855494D494E  # "HUIMIN"; any constant that all installations share

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number  integer PRIMARY KEY,
    name    text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
)"""


class Migration(NamedTuple):
    """One numbered SQL file."""

    number: int
    name: str
    sql: str


class SchemaBehind(Exception):
    """The database has not got the migrations that this version needs."""


def migrations_of(package: str) -> Sequence[Migration]:
    """The migrations in `<package>/sql/NNNN_name.sql`, in order."""
    found = sorted(
        (file for file in files(package).joinpath("sql").iterdir() if file.name[:4].isdigit()),
        key=lambda file: file.name,
    )
    return [
        Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in found
    ]


async def migrate(connection: asyncpg.Connection, package: str) -> Sequence[str]:
    """Apply what is missing, as the schema's owner; returns the names of those applied."""
    applied = []
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_LEDGER)
        done = {row[0] for row in await connection.fetch("SELECT number FROM schema_migrations")}
        for migration in migrations_of(package):
            if migration.number in done:
                continue
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)",
                    migration.number,
                    migration.name,
                )
            applied.append(migration.name)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return applied


async def require_schema(pool: asyncpg.Pool, package: str) -> None:
    """Raise `SchemaBehind` unless every migration of this version is applied."""
    needed = migrations_of(package)[-1]
    newest = None
    if await pool.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        newest = await pool.fetchval("SELECT max(number) FROM schema_migrations")
    if newest is None or newest < needed.number:
        raise SchemaBehind(
            f"the database of {package} is at migration {newest} and {needed.name} is needed;"
            " run the migrations with this version first"
        )
