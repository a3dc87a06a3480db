"""`huimin upgrade --check` against databases and services that run."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from cli.installation import Installation
from cli.upgrade import upgrade_command
from cli.upgrade_steps import Report, Running
from shared.service.migrations import migrations_of
from shared.version import VERSION
from tests.integration.privileges.conftest import City, wipe
from tests.servers import query


def check(*words: str) -> tuple[Result, Report]:
    """The command's result, and what it reports to programs."""
    result = CliRunner().invoke(upgrade_command, ["--check", "--json", *words])
    return result, msgspec.json.decode(result.stdout, type=Report)


@pytest.fixture
def url_file(migrated_city: City, tmp_path: Path) -> Path:
    """The address for an administrator who is no superuser, of a server with all databases."""
    file = tmp_path / "admin.url"
    file.write_text(migrated_city.admin_url)
    return file


def test_an_installation_that_runs_this_version_has_nothing_to_do(
    installation: Installation,
) -> None:
    """By the addresses of the services' own databases, and the services themselves."""
    urls = (installation.ballot_url, installation.registrar_url)
    asked = [word for url in urls for word in ("--running", url)]
    result, report = check("--secrets", str(installation.secrets), *asked)
    assert (result.exit_code, report.steps) == (0, ())
    assert report.findings.running == tuple(Running(url, VERSION) for url in urls)


def test_an_administrator_who_is_no_superuser_can_check(url_file: Path) -> None:
    """With the rights that `huimin migrate` needs."""
    result, report = check("--admin-url-file", str(url_file))
    assert (result.exit_code, [one.pending for one in report.findings.schemas]) == (0, [()] * 4)


def test_a_database_that_is_not_there_lacks_every_migration(
    migrated_city: City, url_file: Path
) -> None:
    """So the first installation begins with the same step as an upgrade."""
    wipe(migrated_city, "tally")
    result, report = check("--admin-url-file", str(url_file))
    tally = next(one for one in report.findings.schemas if one.service == "tally")
    known = [one.name for one in migrations_of("services.tally")]
    assert (result.exit_code, [one.name for one in tally.pending]) == (1, known)


@pytest.fixture
def newer_database(migrated_city: City) -> Iterator[None]:
    """The tally's database has a migration of a later version."""
    url = migrated_city.server.admin_dsn.replace("/postgres?", "/huimin_tally?")
    query(url, "INSERT INTO schema_migrations (number, name) VALUES (9999, '9999_later')")
    yield
    query(url, "DELETE FROM schema_migrations WHERE number = 9999")


@pytest.mark.usefixtures("newer_database")
def test_a_newer_database_is_told_to_people(url_file: Path) -> None:
    """With the migration's name, and what to do."""
    result = CliRunner().invoke(upgrade_command, ["--check", "--admin-url-file", str(url_file)])
    assert result.exit_code == 1
    assert "unknown 9999_later" in result.stdout
    assert "1. tally 的数据库比本程序新" in result.stdout


def test_a_service_that_is_not_there_is_something_to_do(url_file: Path) -> None:
    """Port 1 of this machine has none."""
    away = "http://127.0.0.1:1"
    result, report = check("--admin-url-file", str(url_file), "--running", away)
    assert (result.exit_code, report.findings.running) == (1, (Running(away, None),))


def test_a_server_that_does_not_answer_is_no_finding(tmp_path: Path) -> None:
    """Exit code 3: nothing can be said."""
    file = tmp_path / "admin.url"
    file.write_text("postgresql://someone:password@127.0.0.1:1/postgres")
    result = CliRunner().invoke(upgrade_command, ["--check", "--admin-url-file", str(file)])
    assert (result.exit_code, "password@" in result.output) == (3, False)
