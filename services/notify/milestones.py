"""What of an edition is to be announced now: a pure decision on its phase and the time.

A milestone is announced while it is news. One that is over when it is first seen is recorded as
skipped, so that nobody hears of an opening after the close. So is the reminder of an edition that
did not announce when it closes, and one so soon after the opening that it would say the same again.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from shared.edition.state import Phase
from shared.notices.views import MilestoneName

REMINDER_BEFORE: Final = timedelta(hours=24)
REMINDER_AFTER_OPENING: Final = timedelta(hours=6)
IS_NEWS: Final = timedelta(days=1)
RESULT_IS_NEWS: Final = timedelta(days=7)
"""A service that is set up later does not announce results of past years."""

MILESTONES: Final[tuple[MilestoneName, ...]] = get_args(MilestoneName)


class Skip(NamedTuple):
    """Nobody is told, and why: for operators."""

    reason: str


OVER: Final = Skip("over when first seen")
JUST_OPENED: Final = Skip("the opening was announced so late that it said the same")
NO_CLOSING_TIME: Final = Skip("the manifest does not say when the vote closes")

Verdict: TypeAlias = Literal["announce"] | Skip

_PHASES: Final[tuple[Phase, ...]] = get_args(Phase)


def verdicts(
    phase: Phase,
    closes_at: datetime | None,
    certified_at: datetime | None,
    recorded: Mapping[MilestoneName, datetime],
    now: datetime,
) -> Mapping[MilestoneName, Verdict]:
    """What to do about each milestone that is not recorded; those not named are yet to come.

    `certified_at` is when the result was certified, in the phase "certified"; `recorded` says when
    each milestone was announced or skipped.
    """
    found = {
        "shortlist": _shortlist(phase),
        "opening": _opening(phase),
        "reminder": _reminder(phase, closes_at, recorded.get("opening"), now),
        "result": _result(phase, certified_at, now),
    }
    return {
        name: verdict
        for name in MILESTONES
        if name not in recorded and (verdict := found[name]) is not None
    }


def expiry(milestone: MilestoneName, closes_at: datetime | None, now: datetime) -> datetime:
    """When a milestone announced now is no news any more, for those who could not be told."""
    if milestone == "reminder" and closes_at is not None:
        return closes_at
    return now + IS_NEWS


def may_be_due(phase: Phase, recorded: Collection[MilestoneName]) -> bool:
    """Whether an edition in this phase is worth a closer look."""
    reached = {
        "shortlist": phase != "announced",
        "opening": _over("open", phase),
        "reminder": _over("open", phase),
        "result": phase == "certified",
    }
    return any(reached[name] for name in MILESTONES if name not in recorded)


def _shortlist(phase: Phase) -> Verdict | None:
    if phase == "announced":
        return None
    return "announce" if phase in ("shortlisted", "rolled") else OVER


def _opening(phase: Phase) -> Verdict | None:
    if phase == "open":
        return "announce"
    return OVER if _over("open", phase) else None


def _reminder(
    phase: Phase, closes_at: datetime | None, opening_told: datetime | None, now: datetime
) -> Verdict | None:
    if phase != "open":
        return OVER if _over("open", phase) else None
    if closes_at is None:
        return NO_CLOSING_TIME
    due = closes_at - REMINDER_BEFORE
    if now < due:
        return None
    if now >= closes_at:
        return OVER
    if opening_told is None or opening_told > due - REMINDER_AFTER_OPENING:
        return JUST_OPENED
    return "announce"


def _result(phase: Phase, certified_at: datetime | None, now: datetime) -> Verdict | None:
    if phase != "certified" or certified_at is None:
        return None
    return "announce" if now - certified_at < RESULT_IS_NEWS else OVER


def _over(reached: Phase, phase: Phase) -> bool:
    """Whether an edition in `phase` has come to `reached`, or beyond."""
    return _PHASES.index(phase) >= _PHASES.index(reached)
