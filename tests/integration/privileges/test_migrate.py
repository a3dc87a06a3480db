"""`huimin migrate` on a server where its administrator is no superuser: again, at once, killed."""

import asyncio
import multiprocessing
import random
from base64 import b64decode
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from cli.database_roles import CannotSetUp
from cli.databases import set_up
from cli.migrate import migrate_command
from cli.roles import SERVICES, database_role, owner_role
from cli.scram import scram_verifier
from shared.service.migrations import migrate, migrations_of, read_migration
from tests.integration.privileges.conftest import City, roles_of, wipe
from tests.schema import PASSWORDS, schema_file, schema_of
from tests.servers import query

KILLS = 25
"""How many kills there are at most before the work is left to end."""

NEW = "notify"
"""The service whose database is made anew where a test needs that."""


def state(city: City) -> list[object]:
    """Everything that setting up leads to."""
    return [roles_of(city), *(schema_of(city.server, service) for service in SERVICES)]


def work(admin_url: str) -> None:
    """What a process does that may be killed."""
    asyncio.run(set_up(admin_url, PASSWORDS))


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_that_is_written_down_is_the_sum_of_the_migrations(
    schemas: dict[str, str], service: str
) -> None:
    """`make schema` writes it."""
    assert schema_file(service).read_text() == schemas[service]


@pytest.fixture(scope="module")
def schemas(city: City) -> dict[str, str]:
    """The schema of each service after its migrations."""
    work(city.admin_url)
    return {service: schema_of(city.server, service) for service in SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_every_migration_says_whether_it_may_run_during_a_vote(service: str) -> None:
    """It is read from the first line, and one without it cannot be loaded."""
    assert all(one.why for one in migrations_of(SERVICES[service].package))


@pytest.mark.parametrize("first_line", ["", "-- online: perhaps - x\n", "-- online: yes\n"])
def test_a_migration_that_does_not_say_so_is_refused(first_line: str) -> None:
    """Nobody would know whether it may run."""
    with pytest.raises(ValueError, match="does not begin with"):
        read_migration("0009_more.sql", f"{first_line}SELECT 1;")


def test_a_second_run_changes_nothing(migrated_city: City) -> None:
    """Neither roles nor databases nor schemas."""
    before = state(migrated_city)
    work(migrated_city.admin_url)
    assert state(migrated_city) == before


def test_two_runs_at_once_end_as_one(migrated_city: City) -> None:
    """The second waits, and finds nothing to do."""
    wipe(migrated_city, NEW)

    async def both() -> list[int]:
        runs = [set_up(migrated_city.admin_url, PASSWORDS) for _ in range(2)]
        return sorted(len(done) for done in await asyncio.gather(*runs))

    assert asyncio.run(both()) == [0, len(migrations_of(SERVICES[NEW].package))]


def test_a_run_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    migrated_city: City,
) -> None:
    """SIGKILL at random points, from an empty server on."""
    expected = state(migrated_city)
    wipe(migrated_city, *SERVICES)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.integration.privileges.test_migrate"])
    chance = random.Random(7)
    killed = 0
    for last in [False] * KILLS + [True]:
        process = context.Process(target=work, args=(migrated_city.admin_url,))
        process.start()
        process.join(None if last else chance.uniform(0.02, 0.3))
        process.kill()
        process.join()
        if process.exitcode == 0:
            break
        killed += 1
    assert (process.exitcode, state(migrated_city)) == (0, expected)
    assert killed > 5


def test_whatever_a_role_got_beyond_its_rights_is_taken_away(migrated_city: City) -> None:
    """A membership in the owner's role, as a careless repair would leave it."""
    before = roles_of(migrated_city)
    role, owner = database_role(NEW), owner_role(NEW)
    query(migrated_city.admin_url, f"GRANT {owner} TO {role}")
    query(migrated_city.admin_url, f"ALTER ROLE {role} CREATEDB CONNECTION LIMIT -1")
    work(migrated_city.admin_url)
    member = query(migrated_city.admin_url, "SELECT pg_has_role($1, $2, 'MEMBER')", role, owner)
    assert (roles_of(migrated_city), member[0][0]) == (before, False)


def test_a_database_newer_than_the_program_is_left_alone(migrated_city: City) -> None:
    """It may hold what this version would misread."""
    url = migrated_city.server.admin_dsn.replace("/postgres?", "/huimin_tally?")
    query(url, "INSERT INTO schema_migrations (number, name) VALUES (9999, '9999_later')")
    try:
        with pytest.raises(CannotSetUp, match="9999_later"):
            work(migrated_city.admin_url)
    finally:
        query(url, "DELETE FROM schema_migrations WHERE number = 9999")


def test_passwords_are_asked_for_when_a_role_is_new(migrated_city: City) -> None:
    """A role that nobody could log in with would be of no use."""
    wipe(migrated_city, NEW)
    with pytest.raises(CannotSetUp, match=rf"huimin_{NEW}\.password"):
        asyncio.run(set_up(migrated_city.admin_url, {}))


def test_a_role_that_may_not_make_roles_is_told_so(migrated_city: City) -> None:
    """Here, a service's own."""
    url = migrated_city.server.dsn("huimin_ballot", "huimin_ballot", PASSWORDS["ballot"])
    with pytest.raises(CannotSetUp, match="CREATEROLE"):
        asyncio.run(set_up(url, PASSWORDS))


async def test_a_migration_that_waits_lets_those_who_write_pass(migrated_city: City) -> None:
    """While somebody is writing it gives way to others again and again, and then is applied."""
    url = migrated_city.server.admin_dsn.replace("/postgres?", "/huimin_ballot?")
    query(url, "DELETE FROM schema_migrations WHERE number = 2")
    writer, other, owner = [await asyncpg.connect(url) for _ in range(3)]
    try:
        await owner.execute("SET ROLE huimin_ballot_owner")
        async with writer.transaction():
            await writer.execute("LOCK TABLE entries IN ROW EXCLUSIVE MODE")
            migration = asyncio.create_task(migrate(owner, "services.ballot"))
            while not await other.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            ):
                assert not migration.done()
            async with other.transaction():
                await other.execute("LOCK TABLE entries IN ROW EXCLUSIVE MODE")
        assert await migration == ["0002_least_privilege"]
    finally:
        for connection in (writer, other, owner):
            await connection.close()


def test_the_command_makes_what_is_missing_and_says_what_it_did(
    migrated_city: City, tmp_path: Path
) -> None:
    """Passwords from files as the embedded installation names them; the services can log in."""
    wipe(migrated_city, NEW)
    url_file = tmp_path / "admin.url"
    url_file.write_text(migrated_city.admin_url + "\n")
    for service in SERVICES:
        (tmp_path / f"{database_role(service)}.password").write_text(f"other {service}\n")
    done = CliRunner().invoke(
        migrate_command, ["--admin-url-file", str(url_file), "--passwords", str(tmp_path)]
    )
    assert (done.exit_code, f"{NEW}/0001_{NEW}" in done.stdout) == (0, True)
    for service in SERVICES:
        role = database_role(service)
        url = migrated_city.server.dsn(role, role, f"other {service}")
        query(url, "SELECT FROM schema_migrations")


def test_only_the_services_that_are_named_get_a_database(migrated_city: City) -> None:
    """Those who know people may be on another server than those who know ballots."""
    wipe(migrated_city, NEW)
    others = [service for service in SERVICES if service != NEW]
    asyncio.run(set_up(migrated_city.admin_url, PASSWORDS, services=others))
    name = database_role(NEW)
    sql = "SELECT FROM pg_database WHERE datname = $1"
    assert query(migrated_city.server.admin_dsn, sql, name) == []


def test_no_password_is_in_a_statement(migrated_city: City) -> None:
    """What the server could write into its log is a verifier, which nobody can log in with."""
    rows = query(
        migrated_city.server.admin_dsn,
        "SELECT rolpassword FROM pg_authid WHERE rolname = 'huimin_ballot'",
    )
    salt = b64decode(rows[0][0].split("$")[1].split(":")[1])
    assert scram_verifier(PASSWORDS["ballot"], salt) == rows[0][0]
