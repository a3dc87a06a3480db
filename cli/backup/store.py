"""All SQL of backup and restore: snapshots, heads of logs, databases made and put in place."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import asyncpg
from msgspec import Struct

from cli.backup.manifest import DatabaseGrant
from shared.log.tiles import TILE_WIDTH

Connection: TypeAlias = "asyncpg.Connection[Any]"

CONNECT_TIMEOUT_S: Final = 10.0
RESTORE_LOCK: Final = 0x48554D494E52  # any constant that all restores share
DATABASE_RIGHTS: Final = ("CONNECT", "TEMPORARY", "CREATE")

CONNECTION_LOST: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a statement raises when the server is away, or refuses."""


class MayNotRead(Exception):
    """The administrator's role may not read what is to be backed up."""


class AnotherRestore(Exception):
    """Two restores on one server at once would take each other's databases away."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """One moment of a database, held open: its name for pg_dump, and what it is as of then."""

    connection: Connection
    name: str
    migration: int
    table_bytes: int
    grants: tuple[DatabaseGrant, ...]


class Head(Struct, frozen=True):
    """A log's newest checkpoint."""

    edition: str
    origin: str
    size: int
    note: bytes


class Commitment(Struct, frozen=True):
    """An edition that the registrar committed to, and how many credentials it issued."""

    edition: str
    reported: bool
    issued: int


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection that is closed at the end."""
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """A snapshot of a service's database for as long as the block lasts.

    Raises `MayNotRead`.
    """
    async with (
        connected(url) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if not await connection.fetchval("SELECT pg_has_role('pg_read_all_data', 'USAGE')"):
            who = await connection.fetchval("SELECT current_user::text")
            where = await connection.fetchval("SELECT current_database()::text")
            raise MayNotRead(
                f"the role {who} may not read all of {where}: it is no superuser and not in"
                f" pg_read_all_data. Let a superuser run GRANT pg_read_all_data TO {who}. Where"
                " there is none (CloudNativePG with enableSuperuserAccess: false), the backups are"
                " those of the database's operator: see How to run it on Kubernetes."
            )
        yield Snapshot(
            connection=connection,
            name=await connection.fetchval("SELECT pg_export_snapshot()"),
            migration=await connection.fetchval("SELECT max(number) FROM schema_migrations"),
            table_bytes=await connection.fetchval(
                """SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint FROM pg_class
                   WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
            ),
            grants=tuple(
                DatabaseGrant(*row)
                for row in await connection.fetch(
                    """SELECT pg_get_userbyid(a.grantee)::text, a.privilege_type
                       FROM pg_database d, aclexplode(d.datacl) a
                       WHERE d.datname = current_database()
                         AND a.grantee NOT IN (0, d.datdba) ORDER BY 1, 2"""
                )
            ),
        )


async def server_version(connection: Connection) -> str:
    """The version of the server, such as 18.4."""
    version: str = await connection.fetchval("SHOW server_version")
    return version


async def heads(connection: Connection) -> Sequence[Head]:
    """Every log's head, in the ballot service's database."""
    rows = await connection.fetch(
        """SELECT l.log, l.origin, c.size, c.note FROM logs l CROSS JOIN LATERAL (
               SELECT size, note FROM checkpoints c WHERE c.log = l.log ORDER BY size DESC LIMIT 1
           ) c ORDER BY l.log"""
    )
    return [Head(*row) for row in rows]


async def entries(connection: Connection, log: str, n: int, width: int) -> list[bytes]:
    """The records of an entry bundle."""
    rows = await connection.fetch(
        "SELECT entry FROM entries WHERE log = $1 AND index >= $2 AND index < $3 ORDER BY index",
        log,
        TILE_WIDTH * n,
        TILE_WIDTH * n + width,
    )
    return [row[0] for row in rows]


async def openings(connection: Connection, log: str, n: int, width: int) -> list[bytes]:
    """The records of an openings bundle, empty where an entry has none."""
    rows = await connection.fetch(
        """SELECT coalesce(o.opening, '') FROM entries e LEFT JOIN openings o USING (log, index)
           WHERE e.log = $1 AND e.index >= $2 AND e.index < $3 ORDER BY e.index""",
        log,
        TILE_WIDTH * n,
        TILE_WIDTH * n + width,
    )
    return [row[0] for row in rows]


async def full_tile(connection: Connection, log: str, level: int, n: int) -> bytes | None:
    """A full hash tile as it is stored."""
    stored: bytes | None = await connection.fetchval(
        "SELECT hashes FROM tiles WHERE log = $1 AND level = $2 AND n = $3", log, level, n
    )
    return stored


async def tile_roots(
    connection: Connection, log: str, level: int, n: int, width: int
) -> list[bytes]:
    """The hashes of a tile above the leaves: the roots of the tiles below it."""
    rows = await connection.fetch(
        """SELECT root FROM tiles WHERE log = $1 AND level = $2 AND n >= $3 AND n < $4
           ORDER BY n""",
        log,
        level - 1,
        TILE_WIDTH * n,
        TILE_WIDTH * n + width,
    )
    return [row[0] for row in rows]


async def commitments(connection: Connection) -> Sequence[Commitment]:
    """The editions that the registrar committed to, in its database."""
    rows = await connection.fetch(
        """SELECT edition, reported,
               (SELECT count(*) FROM issuances i WHERE i.edition = e.edition)
           FROM editions e WHERE mode IS NOT NULL ORDER BY edition"""
    )
    return [Commitment(*row) for row in rows]


async def end_issuance(connection: Connection, edition: str) -> None:
    """What the registrar does when it reports issuance: its triggers issue nothing after that."""
    await connection.execute(
        "UPDATE editions SET reported = true, wrapped_key = NULL WHERE edition = $1", edition
    )


async def has_database(admin: Connection, name: str) -> bool:
    """Whether there is such a database."""
    return bool(
        await admin.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name)
    )


async def drop_database(admin: Connection, name: str) -> None:
    """Drop the database if it is there, with whoever is connected to it."""
    await _execute(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name)


async def make_database(
    admin: Connection, name: str, owner: str, grants: Sequence[DatabaseGrant]
) -> None:
    """An empty database that only the roles granted may connect to."""
    # Byte order, as `cli.databases` makes it: an index never depends on a C library.
    await _execute(
        admin,
        """CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING 'UTF8'
           LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'""",
        name,
        owner,
    )
    await _execute(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
    for grant in grants:
        if grant.privilege in DATABASE_RIGHTS:
            right = f"GRANT {grant.privilege} ON DATABASE %I TO %I"
            await _execute(admin, right, name, grant.role)


async def rename_databases(admin: Connection, names: Mapping[str, str]) -> None:
    """Give databases that nobody is connected to other names, all of them or none."""
    async with admin.transaction():
        for old, new in names.items():
            await _execute(admin, "ALTER DATABASE %I RENAME TO %I", old, new)


@asynccontextmanager
async def only_restore(admin: Connection) -> AsyncIterator[None]:
    """Hold the right to restore on this server; raises `AnotherRestore` if somebody has it."""
    if not await admin.fetchval("SELECT pg_try_advisory_lock($1)", RESTORE_LOCK):
        raise AnotherRestore("another restore is running on this PostgreSQL. Wait for its end.")
    try:
        yield
    finally:
        if not admin.is_closed():
            await admin.execute("SELECT pg_advisory_unlock($1)", RESTORE_LOCK)


async def ensure_role(admin: Connection, name: str, *, login: bool) -> None:
    """Make the role unless it is there, without a password: `huimin migrate` gives it one."""
    if not await admin.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name):
        await _execute(admin, f"CREATE ROLE %I {'LOGIN' if login else 'NOLOGIN'}", name)


async def become(connection: Connection, role: str) -> None:
    """Act as this role from here on."""
    await _execute(connection, "SET ROLE %I", role)


async def _execute(connection: Connection, template: str, *names: str) -> None:
    """Execute the statement in which the server itself quotes the names (%I)."""
    statement = await connection.fetchval(
        "SELECT format($1, VARIADIC $2::text[])", template, list(names)
    )
    await connection.execute(statement)
