"""What each service's role may do in PostgreSQL: exactly what is written here, by trying the rest.

Every table and column comes from the catalog and is tried with the service's own password, in
transactions that are rolled back. What is not in the table of rights must be refused.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import asyncpg
import pytest

from cli.embedded.postgres import ADMIN
from cli.installation import Installation
from cli.roles import SERVICES, database_role, owner_role

Connection: TypeAlias = "asyncpg.Connection[Any]"

EVERY: Final = "*"
"""All columns of a table."""

RIGHTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "ballot": {
        table: {"SELECT": EVERY}
        for table in ("logs", "entries", "openings", "tiles", "checkpoints")
    },
    "tally": {
        "editions": {
            "SELECT": EVERY,
            "INSERT": "edition",
            "UPDATE": "size frontier openings counts ballots voters unopened head head_size"
            " stream_created stream_seq at_close contradiction",
        },
        "milestones": {"SELECT": EVERY, "INSERT": EVERY, "DELETE": EVERY},
        "standings": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "seq choices", "DELETE": EVERY},
        "turnout": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "ballots voters"},
        "receipt_checks": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "checks"},
    },
    "registrar": {
        "editions": {
            "SELECT": EVERY,
            "INSERT": "edition",
            "UPDATE": "size with_phone mode root issuer_key wrapped_key counter_serial reported",
        },
        "roll": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "phone", "DELETE": EVERY},
        "challenges": {
            "SELECT": EVERY,
            "INSERT": "challenge edition reference code_hash expires",
            "UPDATE": "attempts",
            "DELETE": EVERY,
        },
        "issuances": {"SELECT": EVERY, "INSERT": EVERY},
        "counter_codes": {
            "SELECT": EVERY,
            "INSERT": "edition code_hash serial batch",
            "UPDATE": "used_by voided",
        },
        "caps": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "used ends", "DELETE": EVERY},
        "puzzles": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "expires", "DELETE": EVERY},
    },
    "notify": {
        "subscriptions": {
            "SELECT": EVERY,
            "INSERT": "handle edition channel recipient address secret language asked confirmed",
            "UPDATE": "confirmed",
            "DELETE": EVERY,
        },
        "deliveries": {
            "SELECT": EVERY,
            "INSERT": "announcement subscription channel recipient language state urgent next_at"
            " expires attempts owner reason changed",
            "UPDATE": "subscription state next_at attempts owner reason changed",
            "DELETE": EVERY,
        },
        "announcements": {
            "SELECT": EVERY,
            "INSERT": "edition milestone facts made counts finished reason",
            "UPDATE": "counts finished",
        },
        "caps": {"SELECT": EVERY, "INSERT": EVERY, "UPDATE": "used ends", "DELETE": EVERY},
    },
}
LEDGER: Final = {"schema_migrations": {"SELECT": EVERY}}

FUNCTIONS: Final[Mapping[str, set[str]]] = {"ballot": {"lock_log", "lock_head", "append"}}

GUARDED: Final[Mapping[str, Mapping[str, str]]] = {
    "ballot": dict.fromkeys(RIGHTS["ballot"], "UPDATE DELETE TRUNCATE"),
    "registrar": {
        "issuances": "UPDATE DELETE TRUNCATE",
        "counter_codes": "DELETE TRUNCATE",
        "editions": "TRUNCATE",
        "roll": "TRUNCATE",
    },
}
"""What a trigger refuses to the owner too, and to a superuser in the role of a replica."""

FORBIDDEN: Final = (
    "CREATE TABLE mine ()",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TYPE mine AS ENUM ()",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "CREATE PUBLICATION mine",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION {trigger_function}()",
    "ALTER ROLE {role} SUPERUSER",
    "ALTER ROLE {role} CONNECTION LIMIT -1",
    "ALTER DATABASE {role} SET search_path = pg_temp",
    "DROP DATABASE {role}",
    "DROP SCHEMA public CASCADE",
    "ALTER SYSTEM SET fsync = off",
    "SET ROLE {owner}",
    "SET ROLE {admin}",
    "SET SESSION AUTHORIZATION {owner}",
    "SET session_replication_role = replica",
    "SET log_statement = 'all'",
    "COPY schema_migrations TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/dev/null'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "LOAD 'auto_explain'",
    "DO LANGUAGE plpgsql $$ BEGIN EXECUTE 'CREATE TABLE mine ()'; END $$",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT pg_ls_waldir()",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('mine')",
    "SELECT pg_create_physical_replication_slot('mine')",
    "SELECT pg_promote()",
    "SELECT rolpassword FROM pg_authid",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT passwd FROM pg_shadow",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, '')",
    "SELECT lo_put(1, 0, '')",
    "SELECT lo_import('/dev/null')",
    "SELECT lo_unlink(1)",
    "INSERT INTO pg_largeobject VALUES (1, 0, '')",
    "UPDATE pg_proc SET proname = proname",
)
ON_EACH_TABLE: Final = (
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} OWNER TO {role}",
    "ALTER TABLE {table} ADD COLUMN mine int",
    "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION {trigger_function}()",
    "CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "DROP TABLE {table} CASCADE",
    "CREATE INDEX ON {table} ((1))",
)

REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.GeneratedAlwaysError)


@asynccontextmanager
async def as_service(installation: Installation, service: str) -> AsyncIterator[Connection]:
    """A connection with the service's own password."""
    connection = await asyncpg.connect(installation.database_url(service))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def as_admin(installation: Installation, service: str) -> AsyncIterator[Connection]:
    """A connection of the superuser to the service's database."""
    url = installation.postgres.admin_dsn.replace("/postgres?", f"/{database_role(service)}?")
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def may(connection: Connection, statement: str) -> bool:
    """Whether the statement is not refused; what it did is rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except REFUSED:
        return False
    finally:
        await transaction.rollback()
    return True


async def columns(connection: Connection) -> dict[str, list[str]]:
    """The columns of each table of ours."""
    rows = await connection.fetch(
        """SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
           GROUP BY c.relname"""
    )
    return {row[0]: row[1] for row in rows}


def attempts(table: str, names: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    """Each kind of access, column by column where there is one, without touching a row."""
    for name in names:
        yield "SELECT", name, f"SELECT {name} FROM {table} WHERE false"  # noqa: S608 - from the catalog
        yield "INSERT", name, f"INSERT INTO {table} ({name}) SELECT NULL WHERE false"
        yield "UPDATE", name, f"UPDATE {table} SET {name} = NULL WHERE false"  # noqa: S608
    yield "DELETE", EVERY, f"DELETE FROM {table} WHERE false"  # noqa: S608
    yield "TRUNCATE", EVERY, f"TRUNCATE {table} CASCADE"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_do_to_each_column_what_is_written_here_and_no_more(
    installation: Installation, service: str
) -> None:
    """Tables and columns are those of the catalog, so that a new one must be written here."""
    async with as_service(installation, service) as connection:
        tables = await columns(connection)
        found = {
            (table, kind, name)
            for table, names in tables.items()
            for kind, name, statement in attempts(table, names)
            if await may(connection, statement)
        }
    expected = set()
    for table, rights in {**RIGHTS[service], **LEDGER}.items():
        for kind, text in rights.items():
            every = [EVERY] if kind == "DELETE" else tables[table]
            expected |= {(table, kind, name) for name in (every if text == EVERY else text.split())}
    assert found == expected


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_do_nothing_else(installation: Installation, service: str) -> None:
    """Change the schema or its guards, become somebody else, reach files, programs, the server."""
    names = {"role": database_role(service), "owner": owner_role(service), "admin": ADMIN}
    async with as_service(installation, service) as connection:
        names["trigger_function"] = await connection.fetchval(
            """SELECT min(proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               AND prorettype = 'trigger'::regtype"""
        )
        statements = [one.format(**names) for one in FORBIDDEN]
        for table in await columns(connection):
            statements += [one.format(table=table, **names) for one in ON_EACH_TABLE]
        allowed = [one for one in statements if await tolerated(connection, one)]
    assert allowed == []


async def tolerated(connection: Connection, statement: str) -> bool:
    """Whether it is not refused for want of a right; some run outside of a transaction only."""
    try:
        return await may(connection, statement)
    except asyncpg.ActiveSQLTransactionError:
        try:
            await connection.execute(statement)
        except REFUSED:
            return False
        return True
    except asyncpg.PostgresError as error:  # whatever it is, it is no refusal
        pytest.fail(f"{statement}: {error!r}")


@pytest.mark.parametrize("service", SERVICES)
async def test_only_the_registrar_may_make_temporary_tables(
    installation: Installation, service: str
) -> None:
    """It checks a roll in one before any of it becomes the roll."""
    async with as_service(installation, service) as connection:
        made = await may(connection, "CREATE TEMPORARY TABLE mine ()")
    assert made == (service == "registrar")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_call_its_own_functions_only(
    installation: Installation, service: str
) -> None:
    """The three that append to the log; guards are called by their triggers."""
    async with as_service(installation, service) as connection:
        rows = await connection.fetch(
            """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               AND has_function_privilege(oid, 'EXECUTE')"""
        )
    assert {row[0] for row in rows} == FUNCTIONS.get(service, set())


@pytest.mark.parametrize("service", SERVICES)
async def test_every_function_looks_for_tables_in_its_own_schema(
    installation: Installation, service: str
) -> None:
    """Whatever search path or temporary table a session made: pinned, temporary ones last."""
    async with as_service(installation, service) as connection:
        loose = await connection.fetch(
            """SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
               AND NOT coalesce('search_path=public, pg_temp' = ANY (proconfig), false)"""
        )
    assert loose == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_may_not_connect_to_another_database(
    installation: Installation, service: str
) -> None:
    """Neither that of another service nor one that every cluster has."""
    own = database_role(service)
    others = [database_role(one) for one in SERVICES if one != service] + ["postgres", "template1"]
    open_ = []
    for name in others:
        url = installation.database_url(service).replace(f"/{own}?", f"/{name}?")
        try:
            connection = await asyncpg.connect(url)
        except asyncpg.InsufficientPrivilegeError:
            continue
        open_.append(name)
        await connection.close()
    assert open_ == []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_session_of_a_service_begins_with_limits(
    installation: Installation, service: str
) -> None:
    """On statements, waiting for locks, idle transactions, and how many sessions there are."""
    async with as_service(installation, service) as connection:
        limits = [
            await connection.fetchval(f"SHOW {name}")
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
        sessions = await connection.fetchval(
            "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user"
        )
    assert "0" not in limits
    assert sessions > 0


async def test_all_services_together_leave_connections_for_the_administrator(
    installation: Installation,
) -> None:
    """Their limits add up to less than the server has."""
    async with as_admin(installation, "ballot") as admin:
        left = await admin.fetchval(
            """SELECT current_setting('max_connections')::int
                   - current_setting('superuser_reserved_connections')::int - sum(rolconnlimit)
               FROM pg_roles WHERE rolname ~ '^huimin_' AND rolcanlogin AND NOT rolsuper"""
        )
    assert left > 0


@pytest.mark.parametrize("replica", [False, True], ids=["owner", "superuser in a replica's role"])
@pytest.mark.parametrize("service", GUARDED)
async def test_what_is_kept_for_good_is_kept_from_everyone(
    installation: Installation, service: str, replica: bool
) -> None:
    """By triggers, which do not ask for rights."""
    statements = [
        statement
        for table, kinds in GUARDED[service].items()
        for kind, name, statement in attempts(table, ["log" if service == "ballot" else "edition"])
        if kind in kinds.split()
    ]
    async with as_admin(installation, service) as admin:
        become = "session_replication_role = replica" if replica else f"ROLE {owner_role(service)}"
        await admin.execute(f"SET {become}")
        allowed = [one for one in statements if await may(admin, one)]
    assert allowed == []


async def test_a_temporary_table_does_not_stand_in_for_what_a_guard_looks_at(
    installation: Installation,
) -> None:
    """A registrar cannot add people to a sealed roll by hiding the table that says it is sealed."""
    async with as_service(installation, "registrar") as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("INSERT INTO editions (edition) VALUES ('sealed')")
            await connection.execute(
                """UPDATE editions SET mode = 'roll', root = sha256(''), issuer_key = 'x',
                   wrapped_key = 'x' WHERE edition = 'sealed'"""
            )
            await connection.execute("CREATE TEMPORARY TABLE editions AS SELECT * FROM editions")
            await connection.execute("UPDATE pg_temp.editions SET mode = NULL")
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="sealed"):
                await connection.execute(
                    "INSERT INTO roll (edition, reference) VALUES ('sealed', sha256('more'))"
                )
        finally:
            await transaction.rollback()


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_can_log_in_as_an_owner(installation: Installation, service: str) -> None:
    """An owner exists to own; migrations become it for as long as they take."""
    url = installation.postgres.dsn(database_role(service), owner_role(service), "any password")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await asyncpg.connect(url)
