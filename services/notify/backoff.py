"""When a message that was certainly not sent is tried again, and when a whole channel rests.

Pure: time and chance are arguments.
"""

from typing import Final

MAX_ATTEMPTS: Final = 14
"""With the usual pauses (5 s to half an hour) a message is given up after about three hours."""

RESTS_AFTER: Final = 5
"""So many failures in a row are the provider's, not the messages'."""

LONGEST_REST_S: Final = 60.0


def backoff_s(
    attempts: int, asked_s: float, chance: float, *, first_s: float, longest_s: float
) -> float | None:
    """Seconds until the next attempt after `attempts` of them; None to give up.

    Twice as long each time, spread by `chance` in [0, 1) over the upper half of the pause so that
    those who failed together do not return together; never shorter than the provider asked.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    pause_s = min(first_s * 2.0 ** (attempts - 1), longest_s)
    return max(pause_s * (0.5 + chance / 2), asked_s)


class Rest:
    """Keeps a channel whose provider is away from using up every message's attempts.

    After some failures in a row, one message is tried at a time, with longer and longer rests.
    Those that were under way when a rest began do not lengthen it.
    """

    def __init__(self, first_s: float = 1.0) -> None:
        self._first_s = first_s
        self._failures = 0
        self._rests = 0
        self._until = 0.0

    def record(self, *, failed: bool, now: float) -> None:
        """A message was handed over, or could not be, at the monotonic time `now`."""
        if not failed:
            self._failures = self._rests = 0
            return
        self._failures += 1
        if self._failures >= RESTS_AFTER and (self._rests == 0 or now >= self._until):
            self._until = now + min(self._first_s * 2.0 ** min(self._rests, 16), LONGEST_REST_S)
            self._rests += 1

    def allowed(self, under_way: int, wanted: int, now: float) -> int:
        """How many of `wanted` messages may go now."""
        if self._rests == 0:
            return wanted
        return min(wanted, 1) if now >= self._until and under_way == 0 else 0

    def wait_s(self, now: float) -> float:
        """Until the next one may go, if it depends on time alone."""
        return max(0.0, self._until - now) if self._rests else 0.0
