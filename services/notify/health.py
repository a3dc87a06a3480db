"""Whether a channel works, judged by what came of its newest messages. Pure: time is given.

What is one recipient's own (`Undeliverable`) does not count: who is known to be unreachable, or has
had too many messages, must not stop those of others, nor be seen by them.
"""

from collections import deque
from typing import Final, NamedTuple

from services.notify.channels.channel import (
    Accepted,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)

WINDOW: Final = 8
FAILURES: Final = 2
"""So many in a row are the channel's fault."""

REMEMBERED_S: Final = 30.0
"""Who does not use a channel that failed can learn only by trying that it works again."""


class _Experience(NamedTuple):
    outcome: Outcome
    at: float


class Health:
    """The newest experiences with one channel; times are monotonic.

    `refusals` for good in a row are the channel's: one may be about its message alone.
    """

    def __init__(self, refusals: int = WINDOW) -> None:
        self._refusals = refusals
        self._recent: deque[_Experience] = deque(maxlen=WINDOW)

    def record(self, outcome: Outcome, now: float) -> None:
        """What came of one more message."""
        if not isinstance(outcome, Undeliverable):
            self._recent.append(_Experience(outcome, now))

    def expected(self, now: float) -> Outcome:
        """What a message would meet now: acceptance, unless the newest ones say otherwise."""
        recent = [one.outcome for one in self._recent if now - one.at < REMEMBERED_S]
        newest = recent[-FAILURES:]
        if len(newest) == FAILURES and all(isinstance(one, (Retry, Unknown)) for one in newest):
            return newest[-1]
        refused = recent[-self._refusals :]
        if len(refused) == self._refusals and all(isinstance(one, Rejected) for one in refused):
            return refused[-1]
        return Accepted()
