"""All SQL of the doctor. It reads, as each service's own role; the administrator's is a help."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import asyncpg
from msgspec import Struct

Connection: TypeAlias = "asyncpg.Connection[Any]"
TIMEOUT_S: Final = 10.0

CONNECTION_LOST: Final = (
    OSError,
    TimeoutError,
    ValueError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
"""What connecting or a statement raises when the server is away, or refuses, or has no such URL."""

SETTINGS: Final = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "wal_level",
    "data_checksums",
    "synchronous_standby_names",
)


class RoleOptions(Struct, frozen=True):
    """What a role is allowed besides rights on objects, and what it owns or belongs to."""

    name: str
    powers: tuple[str, ...]
    member_of: tuple[str, ...]
    owns: int


class Trigger(Struct, frozen=True, order=True):
    """A trigger of a table: when it fires, and the statement that makes it.

    `mode` is "always", or "origin": not for a session that says it is a replica. "replica" and
    "off" guard nothing.
    """

    table: str
    name: str
    mode: Literal["always", "origin", "replica", "off"]
    made: str


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """A connection that is closed at the end."""
    connection = await asyncpg.connect(url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
    try:
        yield connection
    finally:
        await connection.close()


async def settings(connection: Connection) -> Mapping[str, str]:
    """The settings that durability rests on, as they are for this session."""
    rows = await connection.fetch(
        "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)", list(SETTINGS)
    )
    return {row["name"]: row["setting"] for row in rows}


async def overrides(connection: Connection) -> Sequence[str]:
    """`synchronous_commit` as set for roles and databases, such as `huimin_tally: off`."""
    rows = await connection.fetch(
        """SELECT concat_ws(' in ', nullif(s.setrole::regrole::text, '-'), d.datname)
               || ': ' || split_part(c, '=', 2)
           FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
           LEFT JOIN pg_database d ON d.oid = s.setdatabase
           WHERE c LIKE 'synchronous_commit=%' ORDER BY 1"""
    )
    return [row[0] for row in rows]


async def clock(connection: Connection) -> datetime:
    """The server's time."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def database_bytes(connection: Connection) -> int:
    """What the database takes on disk."""
    size: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    return size


async def role_options(connection: Connection, name: str) -> RoleOptions | None:
    """A role's options; None if there is no such role."""
    row = await connection.fetchrow(
        """SELECT array_remove(ARRAY[
                   CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
                   CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                   CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
                   CASE WHEN r.rolreplication THEN 'REPLICATION' END,
                   CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END], NULL) AS powers,
               ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m
                     WHERE m.member = r.oid ORDER BY 1) AS member_of,
               (SELECT count(*) FROM pg_shdepend d
                WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
                  AND d.deptype = 'o') AS owns
           FROM pg_roles r WHERE r.rolname = $1""",
        name,
    )
    if row is None:
        return None
    return RoleOptions(name, tuple(row["powers"]), tuple(row["member_of"]), row["owns"])


async def may_log_in(connection: Connection, name: str) -> bool:
    """Whether there is such a role, and it can log in."""
    query = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND rolcanlogin)"
    return bool(await connection.fetchval(query, name))


async def rights(connection: Connection) -> set[str]:
    """Every right that anyone but an owner has in this database, as text; see `expected.json`.

    Administrators, who may make roles and databases, are left out where the right is to connect.
    """
    rows = await connection.fetch(
        """WITH granted (object, acl, owner) AS (
               SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.relname,
                      c.relacl, c.relowner
               FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
                 AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
               UNION ALL
               SELECT 'COLUMN ' || c.relname || '.' || a.attname, a.attacl, c.relowner
               FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               WHERE c.relnamespace = 'public'::regnamespace AND a.attacl IS NOT NULL
               UNION ALL
               SELECT 'FUNCTION ' || p.oid::regprocedure,
                      coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
               FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
               UNION ALL
               SELECT 'SCHEMA ' || n.nspname,
                      coalesce(n.nspacl, acldefault('n', n.nspowner)), n.nspowner
               FROM pg_namespace n WHERE n.nspname !~ '^(pg_|information_schema$)'
               UNION ALL
               SELECT 'DATABASE', coalesce(d.datacl, acldefault('d', d.datdba)), d.datdba
               FROM pg_database d WHERE d.datname = current_database()
           )
           SELECT DISTINCT a.privilege_type || ' ON ' || g.object || ' TO '
               || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END
           FROM granted g CROSS JOIN LATERAL aclexplode(g.acl) a
           LEFT JOIN pg_roles r ON r.oid = a.grantee
           WHERE a.grantee <> g.owner
             AND NOT (g.object = 'DATABASE' AND (r.rolsuper OR r.rolcreaterole AND r.rolcreatedb)
                      IS TRUE)"""
    )
    return {row[0] for row in rows}


async def triggers(connection: Connection) -> set[Trigger]:
    """Every trigger that a table of this database has, but those of its own constraints."""
    rows = await connection.fetch(
        """SELECT c.relname, t.tgname,
               CASE t.tgenabled WHEN 'A' THEN 'always' WHEN 'O' THEN 'origin'
                   WHEN 'R' THEN 'replica' ELSE 'off' END,
               pg_get_triggerdef(t.oid)
           FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
           WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace"""
    )
    return {Trigger(*row) for row in rows}


async def sync_standbys(connection: Connection) -> int:
    """How many synchronous standbys are connected; rows are hidden from ordinary roles."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')"
    )
    return count


async def head_size(connection: Connection, log: str) -> int:
    """The size of a log, 0 if there is none."""
    size: int | None = await connection.fetchval(
        "SELECT max(size) FROM checkpoints WHERE log = $1", log
    )
    return size or 0


async def note_at(connection: Connection, log: str, size: int) -> bytes | None:
    """The checkpoint that was signed at exactly this size, if there is one."""
    note: bytes | None = await connection.fetchval(
        "SELECT note FROM checkpoints WHERE log = $1 AND size = $2", log, size
    )
    return note
