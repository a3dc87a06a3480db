"""A rate limit: so many messages a second on average, with short bursts. Pure: time is given."""


class TokenBucket:
    """`rate` tokens a second are added, up to `burst`; a rate of 0 sets no limit.

    It starts empty but for one token: a process that is restarted again and again does not send a
    burst each time.
    """

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._tokens = 1.0
        self._at = now

    def take(self, wanted: int, now: float) -> int:
        """Take up to `wanted` tokens; returns how many there were."""
        if self._rate == 0:
            return wanted
        self._refill(now)
        taken = min(wanted, int(self._tokens))
        self._tokens -= taken
        return taken

    def put_back(self, unused: int) -> None:
        """Return tokens for which there was no message."""
        self._tokens = min(self._tokens + unused, self._burst)

    def wait_s(self, now: float) -> float:
        """Seconds until there is a token."""
        if self._rate == 0:
            return 0.0
        self._refill(now)
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def _refill(self, now: float) -> None:
        self._tokens = min(self._tokens + (now - self._at) * self._rate, self._burst)
        self._at = now
