"""Whether a channel works, judged by what came of its newest messages. Pure: time is given."""

from collections import deque
from typing import Final, NamedTuple

from services.notify.channels.channel import Accepted, Outcome, Rejected, Retry, Unknown

WINDOW: Final = 8
FAILURES: Final = 2
"""So many in a row are the channel's fault."""

REMEMBERED_S: Final = 30.0
"""Who does not use a channel that failed can learn only by trying that it works again."""


class _Experience(NamedTuple):
    outcome: Outcome
    at: float


class Health:
    """The newest experiences with one channel; times are monotonic."""

    def __init__(self) -> None:
        self._recent: deque[_Experience] = deque(maxlen=WINDOW)

    def record(self, outcome: Outcome, now: float) -> None:
        """What came of one more message."""
        self._recent.append(_Experience(outcome, now))

    def expected(self, now: float) -> Outcome:
        """What a message would meet now: acceptance, unless the newest ones say otherwise.

        A refusal for good is mostly about one number; a whole window of them is about the channel.
        """
        recent = [one.outcome for one in self._recent if now - one.at < REMEMBERED_S]
        newest = recent[-FAILURES:]
        if len(newest) == FAILURES and all(isinstance(one, (Retry, Unknown)) for one in newest):
            return newest[-1]
        if len(recent) == WINDOW and all(isinstance(one, Rejected) for one in recent):
            return recent[-1]
        return Accepted()
