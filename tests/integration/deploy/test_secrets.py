"""`huimin secrets`: what it writes, keeps, refuses and says."""

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.exit_codes import CANNOT_READ
from cli.main import main
from cli.secrets import catalogue

NAMES = {file.name for file in catalogue()}
DERIVED = {"nats.conf", "log-key.public"}


def run(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["secrets", str(directory), *options])


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A directory of secrets."""
    directory = tmp_path / "secrets"
    assert run(directory).exit_code == 0
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_everything_in_the_catalogue_is_written(made: Path) -> None:
    """Each file that the catalogue names is there, and no other."""
    assert {file.name for file in made.iterdir()} == NAMES


def test_files_are_for_their_owner_alone(made: Path) -> None:
    """No file can be read by anybody else, nor can the directory."""
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()}
    assert (modes, stat.S_IMODE(made.stat().st_mode)) == ({0o600}, 0o700)


def test_a_second_run_changes_nothing(made: Path) -> None:
    """Run again, it keeps every secret."""
    before = contents(made)
    assert run(made).exit_code == 0
    assert contents(made) == before


def test_what_is_missing_is_made_again(made: Path) -> None:
    """A login that was deleted is made anew, and what follows from it too; the rest is kept."""
    before = contents(made)
    (made / "tally.nkey").unlink()
    assert run(made).exit_code == 0
    after = contents(made)
    assert {name for name in NAMES if after[name] != before[name]} == {"tally.nkey", "nats.conf"}


def test_no_secret_is_printed(tmp_path: Path) -> None:
    """The output names files and readers, never what is in them."""
    result = run(tmp_path / "secrets")
    for name, content in contents(tmp_path / "secrets").items():
        if name not in DERIVED:
            assert content.decode().strip() not in result.output, name


def test_it_says_what_to_back_up(tmp_path: Path) -> None:
    """What cannot be made again is named at the end, with what is lost with it."""
    _, _, last = run(tmp_path / "secrets").output.partition("Back these up")
    for name in ("log-key.seed", "registrar.key", "notify.key"):
        assert name in last
    assert "postgres.password" not in last


def test_nats_configuration_holds_no_seed(made: Path) -> None:
    """NATS is told public keys only."""
    text = (made / "nats.conf").read_text()
    assert not [one for one in made.glob("*.nkey") if one.read_text().strip() in text]


def test_a_secret_open_to_others_is_refused(made: Path) -> None:
    """A file that a group could read is not used, and the next step is said."""
    (made / "registrar.key").chmod(0o640)
    result = run(made)
    assert result.exit_code == CANNOT_READ
    assert "chmod 0600" in " ".join(result.output.split())


def test_a_directory_open_to_others_is_refused(made: Path) -> None:
    """A directory in which others can put files is not used."""
    made.chmod(0o770)
    assert run(made).exit_code == CANNOT_READ


def test_a_link_is_refused(made: Path) -> None:
    """A secret that is a link to somewhere is not followed."""
    (made / "notify.key").rename(made.parent / "elsewhere")
    (made / "notify.key").symlink_to(made.parent / "elsewhere")
    assert run(made).exit_code == CANNOT_READ


def test_database_addresses_name_the_server(tmp_path: Path) -> None:
    """The services find PostgreSQL where the operator says."""
    run(tmp_path / "secrets", "--database", "db.example:5433")
    url = (tmp_path / "secrets" / "tally.database-url").read_text()
    assert url.startswith("postgresql://huimin_tally:")
    assert url.endswith("@db.example:5433/huimin_tally\n")


def test_files_are_handed_to_their_readers(tmp_path: Path) -> None:
    """PostgreSQL's password is for its user, all else for the services'."""
    services = 10001 if os.geteuid() == 0 else os.geteuid()
    postgres = 999 if os.geteuid() == 0 else os.geteuid()
    directory = tmp_path / "secrets"
    run(directory, f"--services-user={services}", f"--postgres-user={postgres}")
    owners = {path.name: path.stat().st_uid for path in directory.iterdir()}
    expected = dict.fromkeys(NAMES, services) | {"postgres.password": postgres}
    assert owners == expected
