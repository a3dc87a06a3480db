"""The services' databases on any PostgreSQL from version 17 on: roles, databases, migrations.

For each service an owner that cannot log in, and one login role with what it needs; a database that
only these two and the administrator may connect to. The administrator need not be a superuser:
CREATEROLE and CREATEDB suffice. Everything may be done again at any time, by two at once, and after
a kill at any point: what is there is made what it should be, and the rest is made.

Left out: the server's own settings, and taking anything away from roles that are not ours.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import asyncpg

from cli.database_roles import CannotSetUp, Connection, execute, make_roles
from cli.roles import SERVICES, database_role, owner_role
from cli.scram import BadPassword
from shared.service.migrations import SchemaBusy, SchemaForeign, migrate

Progress: TypeAlias = Callable[[str], None]
Passwords: TypeAlias = Mapping[str, str]
"""The password of each service's login role, by service; one that is missing stays as it is."""

OLDEST_SERVER: Final = 17
"""The rights MAINTAIN, and C.UTF-8 without a C library, came with it."""

CONNECT_LIMIT_S: Final = 10.0

_LOCK: Final = 0x4855494D494F  # that of the migrations is one less


class CannotReach(CannotSetUp):
    """PostgreSQL does not answer, or not whoever this is."""


async def set_up(
    admin_url: str,
    passwords: Passwords,
    *,
    services: Sequence[str] = tuple(SERVICES),
    dedicated: bool = False,
    say: Progress = lambda _: None,
) -> Sequence[str]:
    """Make or complete everything; returns the migrations applied, each as `service/name`.

    `services`: those whose databases are on this server.
    `dedicated`: the server is for Huimin alone, so its other databases are closed to everyone but
    superusers. Raises `CannotSetUp`.
    """
    try:
        async with connection(admin_url) as admin:
            await _check(admin)
            await _take_turn(admin, say)
            done: list[str] = []
            for service in services:
                say(f"{service}: roles and database")
                await make_roles(admin, service, passwords.get(service))
                await _make_database(admin, service)
                done += await _migrate(admin_url, service, say)
            if dedicated:
                await _close_other_databases(admin, say)
            return done
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise explained(error) from error
    except (BadPassword, SchemaBusy, SchemaForeign) as error:
        raise CannotSetUp(str(error)) from error


@asynccontextmanager
async def connection_to(admin_url: str, service: str) -> AsyncIterator[Connection]:
    """A connection of the administrator to a service's database, on behalf of its owner."""
    async with connection(admin_url, database_role(service)) as opened:
        await execute(opened, "SET ROLE %I", owner_role(service))
        yield opened


@asynccontextmanager
async def connection(url: str, database: str | None = None) -> AsyncIterator[Connection]:
    """A connection to the database of the address, or to another one."""
    try:
        opened = await asyncpg.connect(url, database=database, timeout=CONNECT_LIMIT_S)
    except ValueError:  # its text may hold a part of the address, and so of the password
        raise CannotSetUp("the address of PostgreSQL is none: postgresql://...") from None
    try:
        yield opened
    finally:
        await opened.close()


async def _check(admin: Connection) -> None:
    version = admin.get_server_version()
    if version.major < OLDEST_SERVER:
        raise CannotSetUp(
            f"this is PostgreSQL {version.major}; version {OLDEST_SERVER} or later is needed"
        )
    able = await admin.fetchval(
        """SELECT rolsuper OR rolcreaterole AND rolcreatedb
           FROM pg_roles WHERE rolname = current_user"""
    )
    if not able:
        raise CannotSetUp(
            "the administrator's role may not make roles and databases; let a superuser do: ALTER"
            " ROLE ... CREATEROLE CREATEDB"
        )


async def _take_turn(admin: Connection, say: Progress) -> None:
    if not await admin.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
        say("waiting for somebody else who sets up the databases")
        await admin.execute("SELECT pg_advisory_lock($1)", _LOCK)


async def _make_database(admin: Connection, service: str) -> None:
    name, owner = database_role(service), owner_role(service)
    exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
    if not await admin.fetchval(exists, name):
        # Byte order, the same on every system: an index never depends on a C library.
        await execute(
            admin,
            """CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING 'UTF8'
               LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'""",
            name,
            owner,
        )
    administrator = await admin.fetchval("SELECT current_user::text")
    await execute(admin, "SET ROLE %I", owner)
    try:
        await execute(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
        await execute(admin, "GRANT CONNECT ON DATABASE %I TO %I, %I", name, name, administrator)
    finally:
        await admin.execute("RESET ROLE")


async def _migrate(admin_url: str, service: str, say: Progress) -> list[str]:
    async with connection_to(admin_url, service) as opened:
        applied = await migrate(
            opened, SERVICES[service].package, lambda name: say(f"{service}: {name}")
        )
        await opened.execute("RESET ROLE")
        await _close_large_objects(opened, service, say)
    return [f"{service}/{name}" for name in applied]


async def _close_large_objects(opened: Connection, service: str, say: Progress) -> None:
    """Large objects are open to everyone who may connect, unless a superuser closes them."""
    functions = await opened.fetch(
        """SELECT oid::regprocedure::text FROM pg_proc
           WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^lo'
               AND proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite',
                   'lo_truncate', 'lo_truncate64', 'lo_unlink', 'lo_import', 'lo_export')
               AND has_function_privilege($1, oid, 'EXECUTE') ORDER BY 1""",
        database_role(service),
    )
    if not functions:
        return
    if not await _is_superuser(opened):
        say(f"{service}: large objects stay open to its role; only a superuser can close them")
        return
    names = ", ".join(function[0] for function in functions)
    await opened.execute(f"REVOKE ALL ON FUNCTION {names} FROM PUBLIC")


async def _close_other_databases(admin: Connection, say: Progress) -> None:
    if not await _is_superuser(admin):
        say("the server's other databases stay as they are: only a superuser can close them")
        return
    ours = [database_role(service) for service in SERVICES]
    others = await admin.fetch("SELECT datname FROM pg_database WHERE datname <> ALL ($1)", ours)
    for row in others:
        await execute(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", row["datname"])


async def _is_superuser(opened: Connection) -> bool:
    found: bool = await opened.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    return found


def explained(error: Exception, what: str = "the databases could not be set up") -> CannotSetUp:
    """What went wrong with PostgreSQL, and what to do."""
    kind, advice = CannotSetUp, "Nothing is half done: run it again when the cause is gone"
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            kind, advice = (
                CannotReach,
                "See whether the administrator's name and password are right",
            )
        case asyncpg.InsufficientPrivilegeError():
            advice = (
                "The administrator must be a superuser, or have CREATEROLE and CREATEDB and be the"
                " one who made the roles of huimin"
            )
        case OSError() | TimeoutError() | asyncpg.CannotConnectNowError():
            kind, advice = CannotReach, "See whether PostgreSQL runs at that address"
    why = (str(error) or type(error).__name__).splitlines()[0]
    return kind(f"{what}: {why}. {advice}.")
