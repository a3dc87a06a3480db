"""Which milestones are announced, skipped, or still to come: phase and time in, verdicts out."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notify.milestones import expiry, may_be_due, verdicts
from shared.edition.state import Phase
from shared.notices.views import MilestoneName

CLOSE = datetime(2027, 3, 10, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("phase", ["shortlisted", "rolled"])
def test_a_shortlist_is_news_until_voting_opens(phase: Phase) -> None:
    """Before the opening the shortlist is announced, and nothing else."""
    assert verdicts(phase, CLOSE, None, set(), CLOSE - 99 * HOUR) == {"shortlist": "announce"}


def test_an_opening_skips_a_shortlist_not_seen() -> None:
    """While voting is open the opening is announced; a shortlist never seen is skipped."""
    found = verdicts("open", CLOSE, None, set(), CLOSE - 99 * HOUR)
    assert found == {"shortlist": "skip", "opening": "announce"}


@pytest.mark.parametrize(
    ("before_h", "verdict"), [(24.1, None), (24, "announce"), (0.1, "announce"), (0, "skip")]
)
def test_the_reminder_is_news_in_the_last_day(before_h: float, verdict: str | None) -> None:
    """From 24 hours before the announced close until the close, and not at or after it."""
    recorded: set[MilestoneName] = {"shortlist", "opening"}
    found = verdicts("open", CLOSE, None, recorded, CLOSE - before_h * HOUR)
    assert found.get("reminder") == verdict


def test_without_a_closing_time_nobody_is_reminded() -> None:
    """An edition that announced no closing time has no reminder while it is open."""
    assert "reminder" not in verdicts("open", None, None, set(), CLOSE)


def test_what_voting_left_is_skipped_after_the_close() -> None:
    """After the close everything that was not announced before is skipped but the result."""
    found = verdicts("closed", CLOSE, None, {"shortlist"}, CLOSE - HOUR)
    assert found == {"opening": "skip", "reminder": "skip"}


def test_a_result_is_announced() -> None:
    """A certified result is announced."""
    recorded: set[MilestoneName] = {"shortlist", "opening", "reminder"}
    assert verdicts("certified", CLOSE, CLOSE, recorded, CLOSE + HOUR) == {"result": "announce"}


def test_an_old_result_is_skipped() -> None:
    """A result certified a week ago or more is no news."""
    recorded: set[MilestoneName] = {"shortlist", "opening", "reminder"}
    later = CLOSE + timedelta(days=7)
    assert verdicts("certified", CLOSE, CLOSE, recorded, later) == {"result": "skip"}


def test_what_is_recorded_is_not_decided_again() -> None:
    """A milestone that was announced or skipped gets no second verdict."""
    recorded: set[MilestoneName] = {"shortlist", "opening", "reminder", "result"}
    assert verdicts("certified", CLOSE, CLOSE, recorded, CLOSE) == {}


@pytest.mark.parametrize(
    ("phase", "recorded", "due"),
    [
        ("announced", set(), False),
        ("rolled", {"shortlist"}, False),
        ("open", {"shortlist", "opening"}, True),
        ("closed", {"shortlist", "opening", "reminder"}, False),
        ("certified", {"shortlist", "opening", "reminder"}, True),
    ],
)
def test_editions_with_nothing_due_are_not_asked_for(
    phase: Phase, recorded: set[MilestoneName], due: bool
) -> None:
    """An edition is looked at more closely only when a milestone may be due in its phase."""
    assert may_be_due(phase, recorded) is due


def test_a_reminder_is_no_news_after_the_close() -> None:
    """Who could not be reminded before the close is not reminded."""
    assert expiry("reminder", CLOSE, CLOSE - 5 * HOUR) == CLOSE


def test_other_news_are_a_day_old_at_most() -> None:
    """Who could not be told within a day is not told."""
    assert expiry("opening", CLOSE, CLOSE - 99 * HOUR) == CLOSE - 75 * HOUR
