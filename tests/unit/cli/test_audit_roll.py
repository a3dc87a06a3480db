"""Audits by someone who holds the roll's references, and what is said of the channels."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import exit_codes
from cli.audit.command import audit_command
from cli.audit.roll import read_references
from shared.client.errors import CannotRead
from shared.edition.commands import ChannelIssuance, CommitRoll, ReportIssuance
from shared.edition.credential import issuer_spki
from shared.eligibility.references import format_references, references_root
from tests.editions import ISSUER, EditionBuilder, issuer_key

REFERENCES = sorted(sha256(b"%d" % number).digest() for number in range(9))
SPKI = issuer_spki(issuer_key(ISSUER).public_key())


def prepared(*, committed: bool = True) -> EditionBuilder:
    """An edition that commits to `REFERENCES`, or does not do so yet."""
    builder = EditionBuilder()
    builder.announce()
    builder.publish_shortlist()
    if committed:
        roll = CommitRoll(
            size=len(REFERENCES),
            root=references_root(REFERENCES),
            issuer_key=SPKI,
            mode="roll",
            **builder.base(),
        )
        builder.command(roll)
    return builder


def run(
    tmp_path: Path, builder: EditionBuilder, references: bytes
) -> tuple[int, dict[str, object]]:
    """Exit code and report of an audit with a file of references."""
    file = tmp_path / "references"
    file.write_bytes(references)
    log = builder.write(tmp_path / "log")
    words = [str(log), "--vkey", builder.verifier.vkey, "--roll-references", str(file), "--json"]
    environment = {"XDG_STATE_HOME": str(tmp_path / "state")}
    result = CliRunner(env=environment).invoke(audit_command, words, catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout)


def roll_check(report: dict[str, object]) -> dict[str, str]:
    """What the report says about the roll."""
    checks = report["checks"]
    assert isinstance(checks, list)
    (check,) = (one for one in checks if one["name"] == "roll")
    return dict(check)


def test_the_roll_that_the_log_commits_to_passes(tmp_path: Path) -> None:
    """Count, order and root are right."""
    code, report = run(tmp_path, prepared(), format_references(REFERENCES))
    assert (code, roll_check(report)["outcome"]) == (exit_codes.OK, "passed")


def test_a_roll_that_is_not_committed_yet_is_pending(tmp_path: Path) -> None:
    """There is nothing to compare with."""
    code, report = run(tmp_path, prepared(committed=False), format_references(REFERENCES))
    assert (code, roll_check(report)["outcome"]) == (exit_codes.OK, "pending")


@pytest.mark.parametrize(
    ("references", "why"),
    [
        (REFERENCES[:-1], "it has 8 references; the log commits to a roll of 9"),
        ([*REFERENCES, b"\xff" * 32], "it has 10 references; the log commits to a roll of 9"),
        ([*REFERENCES[:-1], b"\xff" * 32], "its references have root"),
        ([REFERENCES[1], REFERENCES[0], *REFERENCES[2:]], "reference 2 is out of order"),
        ([*REFERENCES[:-1], REFERENCES[-2]], "reference 9 is the same as the one before it"),
        ([], "it has 0 references; the log commits to a roll of 9"),
    ],
)
def test_another_roll_is_wrong(tmp_path: Path, references: list[bytes], why: str) -> None:
    """Where and why is said, and the exit code is that of a wrong log."""
    code, report = run(tmp_path, prepared(), format_references(references))
    violation = report["violation"]
    assert isinstance(violation, dict)
    assert code == exit_codes.WRONG
    assert violation["where"] == str(tmp_path / "references")
    assert str(violation["why"]).startswith(why)


def test_a_file_that_holds_something_else_cannot_be_read(tmp_path: Path) -> None:
    """Nothing is said about the log then."""
    code, report = run(tmp_path, prepared(), b"no references\n")
    assert (code, report["verdict"]) == (exit_codes.CANNOT_READ, "unreadable")


def test_a_file_that_is_gone_cannot_be_read(tmp_path: Path) -> None:
    """Between the look at it and the reading."""
    with pytest.raises(CannotRead, match="gone"):
        read_references(tmp_path / "gone")


def test_channels_are_in_the_report(tmp_path: Path) -> None:
    """As the log has them, and in words where eligibility is judged."""
    builder = prepared()
    builder.open()
    builder.cast(1, ["i01"])
    builder.close()
    root = bytes(32)
    channels = (
        ChannelIssuance(channel="phone", issued=2, root=root),
        ChannelIssuance(channel="counter", issued=1, root=root),
    )
    builder.command(ReportIssuance(issued=3, root=root, channels=channels, **builder.base()))
    _, report = run(tmp_path, builder, format_references(REFERENCES))
    assert report["channels"] == [
        {"channel": one.channel, "issued": one.issued, "root": "A" * 43 + "="} for one in channels
    ]
    checks = report["checks"]
    assert isinstance(checks, list)
    (detail,) = (one["detail"] for one in checks if one["name"] == "eligibility")
    assert detail == "1 voters <= 3 issued (2 by phone, 1 at a counter) <= 9 on the roll"
