"""`huimin officer keygen`: the two files of an officer's key."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.officer import officer
from shared.edition.officer_keys import parse_public, parse_secret, public_of


def keygen(directory: Path, name: str, *options: str) -> tuple[int, str]:
    """Exit code and output."""
    words = ["keygen", "--directory", str(directory), *options, "--", name]
    result = CliRunner().invoke(officer, words, catch_exceptions=False)
    return result.exit_code, result.output


def test_the_files_are_a_pair(tmp_path: Path) -> None:
    """The public file holds the public key of the secret one."""
    keygen(tmp_path, "clerk")
    id_, key = parse_secret((tmp_path / "clerk.key").read_text())
    assert parse_public((tmp_path / "clerk.pub").read_text()) == public_of(id_, key)


def test_the_secret_key_is_private(tmp_path: Path) -> None:
    """Nobody but its owner may read it."""
    keygen(tmp_path, "clerk")
    assert (tmp_path / "clerk.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("existing", ["clerk.key", "clerk.pub"])
def test_a_key_is_never_overwritten(tmp_path: Path, existing: str) -> None:
    """If either file is there, neither is written."""
    (tmp_path / existing).write_text("precious")
    assert keygen(tmp_path, "clerk")[0] == 2
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("name", ["Clerk", "../clerk", "", "-clerk", "zhang san", "clerk\n"])
def test_a_bad_id_is_a_usage_error(tmp_path: Path, name: str) -> None:
    """An id that no manifest may name makes no files."""
    directory = tmp_path / "keys"
    directory.mkdir()
    assert keygen(directory, name)[0] == 2
    assert not list(tmp_path.glob("**/*.key"))


def test_the_secret_is_not_printed(tmp_path: Path) -> None:
    """Neither sentences nor JSON show it."""
    _, sentences = keygen(tmp_path, "clerk")
    _, printed = keygen(tmp_path, "other", "--json")
    secrets = [file.read_text().strip().split("+", 2)[2] for file in tmp_path.glob("*.key")]
    assert not [one for one in secrets if one in sentences or one in printed]


def test_json_names_the_files(tmp_path: Path) -> None:
    """A program learns where the keys are."""
    _, printed = keygen(tmp_path, "clerk", "--json")
    assert Path(json.loads(printed)["public_file"]) == tmp_path / "clerk.pub"


def test_registration_is_explained(tmp_path: Path) -> None:
    """A new officer is told what the .pub is for."""
    _, sentences = keygen(tmp_path, "clerk")
    assert "announcers" in sentences
