"""What the doctor makes of what it reads, without any server."""

from datetime import UTC, datetime

import pytest

from cli.doctor import clocks
from cli.doctor.databases import durability
from cli.doctor.findings import Finding, Level, Said, exit_code, hindered, not_asked, ok, warn
from cli.doctor.nats_rights import covers
from cli.doctor.nats_server import sync_interval

SAID = Said("一", "one")
GOOD = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "data_checksums": "on",
    "synchronous_standby_names": "",
}


def levels(findings: list[Finding]) -> dict[str, Level]:
    """The level of each check that is not well."""
    return {one.check: one.level for one in findings if one.level != "ok"}


@pytest.mark.parametrize(
    ("off_s", "level"),
    [(0, "ok"), (-4, "ok"), (-6, "warn"), (6, "ok"), (8, "warn"), (-31, "fail"), (60, "fail")],
)
def test_a_clock_is_judged_by_how_far_it_is_off(off_s: int, level: Level) -> None:
    """It was read between 100 and 102 s here: what lies between is no difference."""
    there = datetime.fromtimestamp(100 + off_s, UTC)
    assert clocks.compare("tally", there, 100.0, 102.0).level == level


def test_the_step_of_a_clock_is_no_difference() -> None:
    """A `Date` in whole seconds may be almost one old."""
    there = datetime.fromtimestamp(94, UTC)
    assert clocks.compare("tally", there, 100.0, 100.0, 1.0).evidence.startswith("5.0 s")


@pytest.mark.parametrize(
    ("settings", "overrides", "expected"),
    [
        ({}, [], {}),
        ({"fsync": "off"}, [], {"postgresql-fsync": "fail"}),
        ({"full_page_writes": "off"}, [], {"postgresql-full-page-writes": "fail"}),
        ({"synchronous_commit": "off"}, [], {"postgresql-synchronous-commit": "fail"}),
        ({"synchronous_commit": "local"}, [], {}),
        (
            {"synchronous_commit": "local", "synchronous_standby_names": "ANY 1 (*)"},
            [],
            {"postgresql-synchronous-commit": "fail"},
        ),
        ({}, ["huimin_tally: off"], {"postgresql-synchronous-commit": "fail"}),
        ({}, ["huimin_tally: on"], {}),
        ({"wal_level": "minimal"}, [], {"postgresql-wal-level": "warn"}),
        ({"data_checksums": "off"}, [], {"postgresql-checksums": "warn"}),
    ],
)
def test_what_may_lose_ballots_fails(
    settings: dict[str, str], overrides: list[str], expected: dict[str, Level]
) -> None:
    """Each setting by itself, all others being good."""
    assert levels(durability(GOOD | settings, overrides)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "jetstream { sync_interval: always }",
        'jetstream { sync_interval = "always" }',
        '{"jetstream": {"sync_interval": "always"}}',
        "jetstream {\n  store_dir: x # a comment\n  sync_interval always\n}",
    ],
)
def test_sync_interval_is_read_however_it_is_written(text: str) -> None:
    """The configuration's format has several ways."""
    assert sync_interval(text, "nats.conf").level == "ok"


@pytest.mark.parametrize(
    "text", ["", "jetstream: true", "# sync_interval: always", "jetstream { sync_interval: 1s }"]
)
def test_anything_but_always_fails(text: str) -> None:
    """The default loses what was acknowledged in the last two minutes."""
    assert sync_interval(text, "nats.conf").level == "fail"


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("a", "b", SAID), not_asked("c", "--c")], 0),
        ([warn("a", "b", SAID, "", SAID)], 0),
        ([ok("a", "b", SAID), hindered("c", "d", "why")], 3),
        ([hindered("c", "d", "why"), Finding(check="a", level="fail", subject="", found=SAID)], 1),
    ],
)
def test_the_exit_code_says_the_worst(findings: list[Finding], code: int) -> None:
    """What fails comes before what could not be read."""
    assert exit_code(findings) == code


@pytest.mark.parametrize(
    ("right", "subject", "covered"),
    [
        ("huimin.log.*.runs", "huimin.log.x.runs", True),
        ("huimin.log.*.runs", "huimin.log.*.runs", True),
        ("huimin.log.*.runs", "huimin.log.>", False),
        ("huimin.log.x.runs", "huimin.log.*.runs", False),
        ("huimin.log.*.runs", "huimin.log.x", False),
        ("_INBOX_tally.>", "_INBOX_tally.>", True),
        ("_INBOX_tally.>", "_INBOX_tally.x.y", True),
        ("_INBOX_tally.>", "_INBOX_tally", False),
        (">", "$SYS.>", True),
        ("*", ">", False),
    ],
)
def test_a_right_covers_what_it_takes_in(right: str, subject: str, covered: bool) -> None:
    """Wildcards on both sides: only what is covered is left untried."""
    assert covers(right, subject) is covered
