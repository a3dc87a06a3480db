"""The roles of a service in PostgreSQL: an owner that cannot log in, and one login role.

What a role has beyond that is taken away. Which rights the login role has in the database is for
the migrations to say.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import asyncpg
from msgspec import Struct

from cli.roles import database_role, owner_role
from cli.scram import scram_verifier

Connection: TypeAlias = "asyncpg.Connection[Any]"


class CannotSetUp(Exception):
    """The databases could not be set up; says why, and what to do."""


class Limits(Struct, frozen=True):
    """What a role's sessions begin with, and its share of the server's connections.

    Each is above what the service itself waits for, so that the service ends it first; these end
    what a service that hangs has left. COMMIT has no limit: PostgreSQL ends the statement's before.
    No idle session is ended: the relay's and notify's locks live in one.
    """

    statement_s: int
    lock_s: int
    idle_in_transaction_s: int
    connections_percent: int


LIMITS: Final[Mapping[str, Limits]] = {
    "ballot": Limits(30, 20, 60, 50),
    "tally": Limits(60, 40, 60, 13),
    "registrar": Limits(1000, 60, 120, 18),  # a roll of millions comes and goes in one statement
    "notify": Limits(330, 60, 120, 14),
}

_ATTRIBUTES: Final = {
    "rolsuper": "NOSUPERUSER",
    "rolcreatedb": "NOCREATEDB",
    "rolcreaterole": "NOCREATEROLE",
    "rolreplication": "NOREPLICATION",
    "rolbypassrls": "NOBYPASSRLS",
}
"""What no role of ours has, and how it is taken away."""


async def make_roles(admin: Connection, service: str, password: str | None) -> None:
    """Make or complete the owner and the login role of a service; raises `CannotSetUp`.

    Without a password the login role keeps the one that it has.
    """
    owner, login = owner_role(service), database_role(service)
    if password is None and not await _exists(admin, login):
        raise CannotSetUp(
            f"the role {login} is not there yet and needs a password: give --passwords a directory"
            f" with the file {login}.password"
        )
    for role in (owner, login):
        if not await _exists(admin, role):
            await execute(admin, "CREATE ROLE %I", role)
        await _strip(admin, role)
    await execute(admin, "ALTER ROLE %I NOLOGIN PASSWORD NULL", owner)
    if password is not None:
        await execute(admin, "ALTER ROLE %I LOGIN PASSWORD %L", login, scram_verifier(password))
    await _limit(admin, login, LIMITS[service])
    await _let_act_as(admin, owner)


async def _strip(admin: Connection, role: str) -> None:
    """Take away what lets a role do more than its rights say; of some only a superuser can."""
    columns = ", ".join(_ATTRIBUTES)
    row = await admin.fetchrow(f"SELECT {columns} FROM pg_roles WHERE rolname = $1", role)  # noqa: S608 - names of our own
    excess = [no for name, no in _ATTRIBUTES.items() if row is not None and row[name]]
    if excess:
        await execute(admin, f"ALTER ROLE %I {' '.join(excess)}", role)
    memberships = await admin.fetch(
        """SELECT roleid::regrole::text AS granted, grantor::regrole::text AS grantor
           FROM pg_auth_members WHERE member = to_regrole(quote_ident($1))""",
        role,
    )
    for one in memberships:  # names as `regrole` gives them are quoted already
        statement = f"REVOKE {one['granted']} FROM %I GRANTED BY {one['grantor']}"
        await execute(admin, statement, role)


async def _limit(admin: Connection, role: str, limits: Limits) -> None:
    for name, seconds in (
        ("statement_timeout", limits.statement_s),
        ("lock_timeout", limits.lock_s),
        ("idle_in_transaction_session_timeout", limits.idle_in_transaction_s),
    ):
        await execute(admin, f"ALTER ROLE %I SET {name} = '{seconds}s'", role)
    every = int(await admin.fetchval("SHOW max_connections"))
    own = max(1, every * limits.connections_percent // 100)
    await execute(admin, f"ALTER ROLE %I CONNECTION LIMIT {own}", role)


async def _let_act_as(admin: Connection, owner: str) -> None:
    """Let the administrator be the owner by SET ROLE, without having its rights otherwise."""
    if not await admin.fetchval("SELECT pg_has_role(current_user, $1, 'SET')", owner):
        await execute(admin, "GRANT %I TO CURRENT_USER WITH INHERIT FALSE, SET TRUE", owner)


async def _exists(admin: Connection, role: str) -> bool:
    found: bool = await admin.fetchval(
        "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role
    )
    return found


async def execute(opened: Connection, template: str, *values: str) -> None:
    """Executes the statement in which the server itself quotes the names (%I) and texts (%L)."""
    filled = await opened.fetchval("SELECT format($1, VARIADIC $2::text[])", template, values)
    await opened.execute(filled)
