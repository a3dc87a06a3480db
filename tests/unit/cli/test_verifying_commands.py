"""`huimin audit`, `export` and `receipt verify`, as people and programs call them."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import msgspec
import pytest
import rich_click as click
from click.testing import CliRunner, Result

from cli.audit.command import audit_command
from cli.export.command import export_command
from cli.receipt import receipt_group
from shared.client.known_logs import KnownLogs
from tests.audits import certified, flip, started
from tests.editions import EditionBuilder
from tests.web import serving, static


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the machine remembers, for this test only."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def run(command: click.Command, *arguments: object) -> Result:
    """The result of a command; an exception that it does not handle is the test's."""
    result = CliRunner().invoke(command, [str(one) for one in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


class TestAudit:
    """The exit codes and the output of `huimin audit`."""

    def test_verified(self, tmp_path: Path) -> None:
        """A sound log: exit code 0, the chosen with their titles, and the verdict."""
        result = run(audit_command, certified().write(tmp_path / "log"))
        assert result.exit_code == 0
        assert "Initiative i01" in result.stdout
        assert "事项 i01" in result.stdout
        assert "verified: 330 ballots of 300 voters" in result.stdout

    def test_wrong(self, tmp_path: Path) -> None:
        """A tampered log: exit code 1, and where."""
        log = certified().write(tmp_path / "log")
        flip(log / "tile/0/000", 5)
        result = run(audit_command, log)
        assert result.exit_code == 1
        assert "WRONG at tile/0/000" in result.stdout

    def test_first_use_is_loud(self, tmp_path: Path) -> None:
        """Whoever gave no key is told to compare it."""
        result = run(audit_command, certified().write(tmp_path / "log"))
        assert "OWN WORD" in result.stdout
        assert certified().signer.vkey in result.stdout.replace("\n", "")

    @pytest.mark.parametrize("option", ["--vkey", "--log-key"])
    def test_given_key(self, tmp_path: Path, option: str) -> None:
        """With the key there is nothing to compare."""
        log = certified().write(tmp_path / "log")
        result = run(audit_command, log, option, certified().signer.vkey)
        assert result.exit_code == 0
        assert "OWN WORD" not in result.stdout

    def test_json(self, tmp_path: Path) -> None:
        """Programs get one object, and nothing else on standard output."""
        result = run(audit_command, certified().write(tmp_path / "log"), "--json")
        report = json.loads(result.stdout)
        assert report["verdict"] == "verified"
        assert report["key_source"] == "first-use"
        assert sum(report["counts"].values()) > 300

    def test_json_of_a_wrong_log(self, tmp_path: Path) -> None:
        """The violation is in the object, and the exit code is 1 all the same."""
        log = certified().write(tmp_path / "log")
        flip(log / "tile/0/000", 5)
        result = run(audit_command, log, "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["violation"]["where"] == "tile/0/000"

    def test_bad_key_is_usage(self, tmp_path: Path) -> None:
        """A key that is none: exit code 2."""
        assert run(audit_command, tmp_path, "--vkey", "no key").exit_code == 2

    def test_nothing_to_read(self, tmp_path: Path) -> None:
        """No such directory: exit code 3, and nothing is said about the log."""
        result = run(audit_command, tmp_path / "none")
        assert result.exit_code == 3
        assert "Could not read" in result.stderr

    def test_json_when_there_is_nothing_to_read(self, tmp_path: Path) -> None:
        """Programs are told too."""
        result = run(audit_command, tmp_path / "none", "--json")
        assert json.loads(result.stdout)["verdict"] == "unreadable"

    def test_titles_cannot_steer_the_terminal(self, tmp_path: Path) -> None:
        """Escape sequences and markup in a title are shown, not obeyed."""
        builder = EditionBuilder()
        evil = msgspec.structs.replace(
            builder.manifest.title, en="\x1b[2J[bold]\u202everified[/bold]"
        )
        builder.manifest = msgspec.structs.replace(builder.manifest, title=evil)
        builder.announce()
        output = run(audit_command, builder.write(tmp_path / "log")).stdout
        assert "\x1b[2J" not in output
        assert "\u202e" not in output
        assert "[bold]" in output


class TestExport:
    """The exit codes and the output of `huimin export`."""

    def test_export_and_audit(self, tmp_path: Path) -> None:
        """What is exported from a URL can be audited in its directory."""
        with served(certified()) as url:
            result = run(export_command, url, tmp_path / "out")
        assert result.exit_code == 0
        assert "with openings" in result.stdout
        assert run(audit_command, tmp_path / "out").exit_code == 0

    def test_wrong(self, tmp_path: Path) -> None:
        """A log that does not fit its checkpoint: exit code 1."""
        with served(certified(), without="tile/entries/000") as url:
            result = run(export_command, url, tmp_path / "out", "--vkey", certified().signer.vkey)
        assert result.exit_code == 1
        assert "WRONG at tile/entries/000" in result.stderr

    def test_nothing_to_read(self, tmp_path: Path) -> None:
        """No log at the URL: exit code 3."""
        with served(certified(), without="checkpoint") as url:
            assert run(export_command, url, tmp_path / "out").exit_code == 3


class TestReceipt:
    """The exit codes and the output of `huimin receipt verify`."""

    def test_verified(self, tmp_path: Path) -> None:
        """What is proven, and what is not, is said in words."""
        result = run(receipt_group, "verify", saved(tmp_path), "--vkey", started().signer.vkey)
        assert result.exit_code == 0
        assert "entry 4 of the log 'vote.example/2027'" in result.stdout
        assert "Not proven: which choices" in result.stdout

    def test_json(self, tmp_path: Path) -> None:
        """Programs get index, size, seq and commitment."""
        vkey = started().signer.vkey
        result = run(receipt_group, "verify", saved(tmp_path), "--vkey", vkey, "--json")
        proven = json.loads(result.stdout)
        assert (proven["verdict"], proven["index"], proven["size"], proven["seq"]) == (
            "verified",
            4,
            7,
            1,
        )

    def test_remembered_key(self, tmp_path: Path, state: Path) -> None:
        """After an audit, the receipt needs no key."""
        KnownLogs(state / "huimin" / "logs").remember(
            started().verifier, started().tree().checkpoint()
        )
        assert run(receipt_group, "verify", saved(tmp_path)).exit_code == 0

    def test_no_key_is_usage(self, tmp_path: Path) -> None:
        """Without any key, nothing can be checked: exit code 2."""
        result = run(receipt_group, "verify", saved(tmp_path))
        assert result.exit_code == 2
        assert "--vkey" in result.stderr

    def test_wrong(self, tmp_path: Path) -> None:
        """A receipt under another key: exit code 1."""
        other = EditionBuilder(log_seed=bytes(32)).signer.vkey
        result = run(receipt_group, "verify", saved(tmp_path), "--vkey", other)
        assert result.exit_code == 1
        assert "proves nothing" in result.stdout

    def test_not_a_receipt(self, tmp_path: Path) -> None:
        """Any other file: exit code 1, and what is wrong with it."""
        file = tmp_path / "photo.jpg"
        file.write_bytes(b"\xff\xd8\xff\xe0" * 100)
        result = run(receipt_group, "verify", file, "--vkey", started().signer.vkey, "--json")
        assert result.exit_code == 1
        assert "no receipt" in json.loads(result.stdout)["why"]

    def test_no_file(self, tmp_path: Path) -> None:
        """No such file: exit code 3."""
        assert run(receipt_group, "verify", tmp_path / "none").exit_code == 3


def saved(directory: Path) -> Path:
    """The receipt of a ballot, in a file as `huimin vote` saves it."""
    file = directory / "receipt.json"
    file.write_bytes(msgspec.json.encode(started().receipt(4)))
    return file


@contextmanager
def served(builder: EditionBuilder, without: str = "") -> Iterator[str]:
    """The URL of the edition's log, served from a thread: commands have a loop of their own."""
    files = builder.tree().files(builder.openings)
    files.pop(without, None)
    loop = asyncio.new_event_loop()
    server = serving(static(files))
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
    finally:
        closing = server.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(closing, loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
