"""Which milestones are announced, skipped, or still to come: phase and time in, verdicts out."""

from datetime import UTC, datetime, timedelta

import pytest

from services.notify.milestones import (
    JUST_OPENED,
    NO_CLOSING_TIME,
    OVER,
    Verdict,
    expiry,
    may_be_due,
    verdicts,
)
from shared.edition.state import Phase
from shared.notices.views import MilestoneName

CLOSE = datetime(2027, 3, 10, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = CLOSE - timedelta(days=9)


def told(*milestones: MilestoneName, at: datetime = LONG_AGO) -> dict[MilestoneName, datetime]:
    """What is recorded, and since when."""
    return dict.fromkeys(milestones, at)


@pytest.mark.parametrize("phase", ["shortlisted", "rolled"])
def test_a_shortlist_is_news_until_voting_opens(phase: Phase) -> None:
    """Before the opening the shortlist is announced, and nothing else."""
    assert verdicts(phase, CLOSE, None, {}, CLOSE - 99 * HOUR) == {"shortlist": "announce"}


def test_an_opening_skips_a_shortlist_not_seen() -> None:
    """While voting is open the opening is announced; a shortlist never seen is skipped."""
    found = verdicts("open", CLOSE, None, {}, CLOSE - 99 * HOUR)
    assert found == {"shortlist": OVER, "opening": "announce"}


@pytest.mark.parametrize(
    ("before_h", "verdict"), [(24.1, None), (24, "announce"), (0.1, "announce"), (0, OVER)]
)
def test_the_reminder_is_news_in_the_last_day(before_h: float, verdict: Verdict | None) -> None:
    """From 24 hours before the announced close until the close, and not at or after it."""
    found = verdicts("open", CLOSE, None, told("shortlist", "opening"), CLOSE - before_h * HOUR)
    assert found.get("reminder") == verdict


def test_without_a_closing_time_nobody_is_reminded() -> None:
    """The reminder of an edition that announced no closing time is skipped, for that reason."""
    assert verdicts("open", None, None, {}, CLOSE)["reminder"] == NO_CLOSING_TIME


def test_a_short_vote_is_announced_once() -> None:
    """When voting opens in the last day, the opening is announced and the reminder skipped."""
    found = verdicts("open", CLOSE, None, told("shortlist"), CLOSE - 23 * HOUR)
    assert found == {"opening": "announce", "reminder": JUST_OPENED}


@pytest.mark.parametrize(
    ("before_h", "verdict"), [(23, JUST_OPENED), (29, JUST_OPENED), (31, "announce")]
)
def test_a_reminder_is_no_echo_of_the_opening(before_h: float, verdict: Verdict) -> None:
    """It is skipped if the opening was announced in the six hours before it, or after that."""
    recorded = told("shortlist") | told("opening", at=CLOSE - before_h * HOUR)
    assert verdicts("open", CLOSE, None, recorded, CLOSE - 20 * HOUR) == {"reminder": verdict}


def test_what_voting_left_is_skipped_after_the_close() -> None:
    """After the close everything that was not announced before is skipped but the result."""
    found = verdicts("closed", CLOSE, None, told("shortlist"), CLOSE - HOUR)
    assert found == {"opening": OVER, "reminder": OVER}


def test_a_result_is_announced() -> None:
    """A certified result is announced."""
    recorded = told("shortlist", "opening", "reminder")
    assert verdicts("certified", CLOSE, CLOSE, recorded, CLOSE + HOUR) == {"result": "announce"}


def test_an_old_result_is_skipped() -> None:
    """A result certified a week ago or more is no news."""
    recorded = told("shortlist", "opening", "reminder")
    later = CLOSE + timedelta(days=7)
    assert verdicts("certified", CLOSE, CLOSE, recorded, later) == {"result": OVER}


def test_what_is_recorded_is_not_decided_again() -> None:
    """A milestone that was announced or skipped gets no second verdict."""
    recorded = told("shortlist", "opening", "reminder", "result")
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
