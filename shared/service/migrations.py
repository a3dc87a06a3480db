"""Plain numbered SQL migrations, applied once each, in order, under an advisory lock.

A migration and the note that it was applied commit together, so a kill at any point leaves the
schema before or after a migration, never within. Its first line says whether it may run while
people vote: `-- online: yes - why`, or `no`. No statement of it waits long for a lock, because
whoever writes would queue up behind it: it is taken back and tried again instead.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[Any]"

_LOCK = 0x4855494D494E  # "HUIMIN"; any constant that all installations share

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number  integer PRIMARY KEY,
    name    text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
)"""

LOCK_WAIT_MS: Final = 1_000
"""How long those who write may be held up by a migration that waits."""

_ATTEMPTS: Final = 60
_PAUSE_S: Final = 1.0

_ONLINE: Final = re.compile(r"-- online: (?P<online>yes|no) - (?P<why>\S.*)\n")


class Migration(NamedTuple):
    """One numbered SQL file. `online`: it may run while people vote; `why`: the reason."""

    number: int
    name: str
    sql: str
    online: bool
    why: str


class SchemaBehind(Exception):
    """The database has not got the migrations that this version needs."""


class SchemaForeign(Exception):
    """The database has a migration that this version does not know: it is newer, or not ours."""


class SchemaBusy(Exception):
    """A migration could not get its locks: somebody holds them for long."""


def migrations_of(package: str) -> Sequence[Migration]:
    """The migrations in `<package>/sql/NNNN_name.sql`, in order."""
    found = sorted(
        (file for file in files(package).joinpath("sql").iterdir() if file.name[:4].isdigit()),
        key=lambda file: file.name,
    )
    return [read_migration(file.name, file.read_text("utf-8")) for file in found]


def read_migration(file_name: str, sql: str) -> Migration:
    """The migration in a file; raises `ValueError` if its first line does not say `online`."""
    header = _ONLINE.match(sql)
    if header is None:
        raise ValueError(f"{file_name} does not begin with '-- online: yes - why' or 'no - why'")
    name = file_name.removesuffix(".sql")
    return Migration(int(name[:4]), name, sql, header["online"] == "yes", header["why"])


async def applied_migrations(connection: Connection) -> Mapping[int, str]:
    """The names of the migrations that the database has, by number; none if it has no schema."""
    if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return {}
    rows = await connection.fetch("SELECT number, name FROM schema_migrations ORDER BY number")
    return {row["number"]: row["name"] for row in rows}


def missing(known: Sequence[Migration], applied: Mapping[int, str]) -> Sequence[Migration]:
    """The migrations that are known and not applied."""
    return [migration for migration in known if migration.number not in applied]


def foreign(known: Sequence[Migration], applied: Mapping[int, str]) -> Sequence[str]:
    """The names of those that are applied and not known, or known by another name."""
    names = {migration.number: migration.name for migration in known}
    return [name for number, name in applied.items() if names.get(number) != name]


async def migrate(
    connection: Connection, package: str, begin: Callable[[str], None] = lambda _: None
) -> Sequence[str]:
    """Apply what is missing, as the schema's owner; returns the names of those applied.

    `begin` is told the name of each before it is applied. Raises `SchemaForeign`, before anything
    is changed, and `SchemaBusy`.
    """
    known = migrations_of(package)
    done = []
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await connection.execute(_LEDGER)
        applied = await applied_migrations(connection)
        if unknown := foreign(known, applied):
            raise SchemaForeign(
                f"the database of {package} has {', '.join(unknown)}, which this version does not"
                " know; use the version that made it, or a later one"
            )
        for migration in missing(known, applied):
            begin(migration.name)
            await _apply(connection, migration)
            done.append(migration.name)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return done


async def _apply(connection: Connection, migration: Migration) -> None:
    for attempt in range(_ATTEMPTS):
        if attempt:
            await asyncio.sleep(_PAUSE_S)
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
                await connection.execute("SET LOCAL statement_timeout = 0")
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)",
                    migration.number,
                    migration.name,
                )
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
    raise SchemaBusy(
        f"{migration.name} waited {_ATTEMPTS} times for a lock that somebody holds; nothing of it"
        " was done. See who has a transaction open (pg_stat_activity), and run it again"
    )


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
