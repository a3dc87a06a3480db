"""Counts the receipt checks that pages report: how many on a day, and how they ended.

A page tells that a check was made and whether the receipt was good, and nothing else; nothing about
who asked is looked at. So anybody can report checks that were not made: the number is a sign of
life, not evidence. It grows at most at a pace that a database does not feel.
"""

from datetime import date, datetime, timedelta, timezone
from typing import Final, Literal

from shared.edition.manifest import Timestamp
from shared.service.problem import TooManyRequests

Outcome = Literal["verified", "wrong"]

CITY_TIME: Final = timezone(timedelta(hours=8))
"""China's one time zone: a day is what the city calls one."""

PER_S: Final = 20.0
BURST: Final = 200.0
RETRY_AFTER_S: Final = 60


def city_day(now: Timestamp) -> date:
    """The day in the city at this moment."""
    return now.astimezone(CITY_TIME).date()


class Meter:
    """Lets so many reports a second through, and short bursts of more (a token bucket)."""

    def __init__(self, now: datetime, per_s: float = PER_S, burst: float = BURST) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._filled = now

    def take(self, now: datetime) -> None:
        """Count one; raises `TooManyRequests` when there were too many just before."""
        passed_s = max((now - self._filled).total_seconds(), 0.0)
        self._tokens = min(self._burst, self._tokens + passed_s * self._per_s)
        self._filled = now
        if self._tokens < 1:
            raise TooManyRequests("checks are reported too fast to be counted", RETRY_AFTER_S)
        self._tokens -= 1
