"""Audits one after the other: what a machine remembers of a log, and logs that forget."""

from pathlib import Path

import pytest

from shared.client.known_logs import KnownLogs, UnreadableMemory
from tests.audits import audited, certified, started
from tests.editions import EditionBuilder


@pytest.fixture
def known(tmp_path: Path) -> KnownLogs:
    """A machine that knows no log yet."""
    return KnownLogs(tmp_path / "known")


async def test_first_use_takes_the_announced_key(tmp_path: Path, known: KnownLogs) -> None:
    """Without any key, the log's own is taken, and the report says so."""
    report = await audited(certified().write(tmp_path / "log"), known=known)
    assert (report.key_source, report.vkey) == ("first-use", certified().signer.vkey)


async def test_the_key_is_remembered(tmp_path: Path, known: KnownLogs) -> None:
    """The key of a verified log needs no word of the log the next time."""
    log = certified().write(tmp_path / "log")
    await audited(log, known=known)
    assert (await audited(log, known=known)).key_source == "remembered"


async def test_a_given_key_is_used(tmp_path: Path, known: KnownLogs) -> None:
    """The published key comes before anything remembered."""
    log = certified().write(tmp_path / "log")
    await audited(log, known=known)
    report = await audited(log, known=known, verifier=certified().verifier)
    assert report.key_source == "given"


async def test_a_changed_key_is_found(tmp_path: Path, known: KnownLogs) -> None:
    """A log that changes its key is not believed, though it announces the new one."""
    await audited(started().write(tmp_path / "log"), known=known)
    other = EditionBuilder(log_seed=bytes(32))
    other.prepare()
    report = await audited(other.write(tmp_path / "other"), known=known)
    assert report.key_source == "remembered"
    assert report.violation is not None
    assert "give its published key" in report.violation.why


@pytest.mark.parametrize("size", [4, 200, 256, 300])
async def test_a_log_that_grew_continues(tmp_path: Path, known: KnownLogs, size: int) -> None:
    """A log of which only the first entries were known is consistent with them."""
    builder = certified()
    builder.tree(size).write(tmp_path / "before", builder.openings[:size])
    await audited(tmp_path / "before", known=known)
    report = await audited(builder.write(tmp_path / "log"), known=known)
    history = next(check for check in report.checks if check.name == "history")
    assert (history.outcome, history.detail) == (
        "passed",
        f"continues the {size} entries verified last time",
    )


async def test_a_rolled_back_log_is_found(tmp_path: Path, known: KnownLogs) -> None:
    """A log that lost its last entries is wrong, though all that it shows is right."""
    builder = certified()
    await audited(builder.write(tmp_path / "log"), known=known)
    builder.tree(300).write(tmp_path / "before", builder.openings[:300])
    report = await audited(tmp_path / "before", known=known)
    assert report.violation is not None
    assert "rolled back" in report.violation.why


async def test_a_forked_log_is_found(tmp_path: Path, known: KnownLogs) -> None:
    """Another log of the same size under the same key is wrong, though it is right by itself."""
    await audited(started().write(tmp_path / "log"), known=known)
    fork = started()
    fork.entries[6:], fork.openings[6:] = [], []
    fork.cast(4, ["i05"])
    report = await audited(fork.write(tmp_path / "fork"), known=known)
    assert report.violation is not None
    assert (report.violation.where, report.checks[-1].name) == ("entries 0 to 6", "history")


async def test_a_rewritten_history_is_found(tmp_path: Path, known: KnownLogs) -> None:
    """A longer log whose beginning is another is wrong."""
    await audited(started().write(tmp_path / "log"), known=known)
    rewritten = started()
    rewritten.entries[6:], rewritten.openings[6:] = [], []
    rewritten.cast(4, ["i05"])
    rewritten.cast_many(300, first=10)
    report = await audited(rewritten.write(tmp_path / "rewritten"), known=known)
    assert report.violation is not None
    assert report.violation.where == "entries 0 to 6"


async def test_a_wrong_log_is_not_remembered(tmp_path: Path, known: KnownLogs) -> None:
    """What was not verified leaves no trace."""
    builder = started()
    builder.openings[4] = b""
    await audited(builder.write(tmp_path / "log"), known=known)
    assert known.recall(builder.signer.name) is None


async def test_damaged_memory_is_no_statement_about_the_log(
    tmp_path: Path, known: KnownLogs
) -> None:
    """A memory that cannot be read is not passed over in silence."""
    log = started().write(tmp_path / "log")
    await audited(log, known=known)
    for file in (tmp_path / "known").iterdir():
        file.write_bytes(b'{"origin":')
    with pytest.raises(UnreadableMemory, match="remove it"):
        await audited(log, known=known)


def test_memory_of_another_log_is_refused(tmp_path: Path, known: KnownLogs) -> None:
    """A file that was put in another's place is not taken for it."""
    builder, other = started(), EditionBuilder("2028")
    known.remember(builder.verifier, builder.tree().checkpoint())
    (file,) = (tmp_path / "known").iterdir()
    known.remember(other.verifier, other.tree().checkpoint())
    (replaced,) = set((tmp_path / "known").iterdir()) - {file}
    replaced.write_bytes(file.read_bytes())
    with pytest.raises(UnreadableMemory, match="another log"):
        known.recall(other.signer.name)


def test_memory_is_below_the_users_state_directory(tmp_path: Path) -> None:
    """The XDG variable says where."""
    logs = KnownLogs.of_user({"XDG_STATE_HOME": str(tmp_path)})
    logs.remember(started().verifier, started().tree().checkpoint())
    assert len(list((tmp_path / "huimin" / "logs").iterdir())) == 1


def test_memory_without_a_signature_is_refused(tmp_path: Path, known: KnownLogs) -> None:
    """A checkpoint in memory that the key did not sign is not compared with."""
    builder = started()
    forged = EditionBuilder(log_seed=bytes(32)).tree().checkpoint()
    known.remember(builder.verifier, forged)
    with pytest.raises(UnreadableMemory):
        known.recall(builder.signer.name)
