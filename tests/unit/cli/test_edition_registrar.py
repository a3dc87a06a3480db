"""Roll and issuance from the registrar: what officers are shown, how the commands are called."""

from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from cli import exit_codes
from cli.edition.command import edition
from cli.edition.registrar import DeskAt
from cli.edition.wording import in_words
from cli.officer import officer
from shared.edition.commands import ChannelIssuance, ReportIssuance
from tests.editions import EditionBuilder

NOWHERE = "http://127.0.0.1:9"


def refused(directory: Path, *words: str) -> str:
    """What a command says that was called as it cannot be."""
    runner = CliRunner()
    key = directory / "clerk.key"
    if not key.exists():
        runner.invoke(officer, ["keygen", "clerk", "--directory", str(directory)])
    name, *options = words
    signing = ["2027", "--url", NOWHERE, "--key", str(key)]
    result: Result = runner.invoke(edition, [name, *signing, *options])
    assert result.exit_code == exit_codes.USAGE
    return " ".join(result.output.replace("│", " ").split())


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    """A file with a token."""
    file = tmp_path / "token"
    file.write_text("0123456789" * 4 + "\n")
    return str(file)


def test_channels_are_shown_before_they_are_signed() -> None:
    """Each with its number and its root."""
    channels = (
        ChannelIssuance(channel="phone", issued=40, root=b"\x11" * 32),
        ChannelIssuance(channel="counter", issued=10, root=b"\x22" * 32),
    )
    base = EditionBuilder().base()
    command = ReportIssuance(issued=50, root=bytes(32), channels=channels, **base)
    output = StringIO()
    Console(file=output, width=300).print(in_words(command, {}))
    rows = [" ".join(line.replace("│", " ").split()) for line in output.getvalue().splitlines()]
    assert f"issued by phone 40 with root {'11' * 32}" in rows
    assert f"issued at a counter 10 with root {'22' * 32}" in rows


@pytest.mark.parametrize("name", ["roll", "issuance"])
def test_the_registrar_is_not_asked_without_a_token(tmp_path: Path, name: str) -> None:
    """Address and token go together."""
    mode = ("--mode", "roll") if name == "roll" else ()
    assert "go together" in refused(tmp_path, name, "--registrar", NOWHERE, *mode)


@pytest.mark.parametrize("name", ["roll", "issuance"])
def test_figures_are_not_given_beside_the_registrar(
    tmp_path: Path, token_file: str, name: str
) -> None:
    """Nobody could say which of them was meant."""
    mode = ("--mode", "roll") if name == "roll" else ()
    asked = ("--registrar", NOWHERE, "--token-file", token_file)
    assert "leave it out" in refused(tmp_path, name, *asked, "--root", "00" * 32, *mode)


@pytest.mark.parametrize(
    "words",
    [
        ("roll", "--mode", "roll"),
        ("roll", "--mode", "roll", "--size", "3"),
        ("issuance",),
        ("issuance", "--issued", "3"),
    ],
)
def test_without_the_registrar_all_figures_are_needed(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Or else where to ask for them."""
    assert "or --registrar and --token-file" in refused(tmp_path, *words)


@pytest.mark.parametrize("contents", [b"", b"\n", b"two words", b"\xff\xfe", b"a\nb"])
def test_a_token_file_with_something_else_is_a_usage_error(tmp_path: Path, contents: bytes) -> None:
    """Nothing of it is shown."""
    file = tmp_path / "token"
    file.write_bytes(contents)
    said = refused(tmp_path, "issuance", "--registrar", NOWHERE, "--token-file", str(file))
    assert "does not hold a token" in said
    assert "two words" not in said


def test_a_token_is_not_shown() -> None:
    """In no traceback."""
    assert "0123456789" not in repr(DeskAt(NOWHERE, "0123456789"))
