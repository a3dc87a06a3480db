"""The signal within a process that it stops, and how long it may still take."""

import asyncio
import os
import signal
import time
from typing import Final

from shared.service.pace import ServerPace

GRACE_S: Final = ServerPace().grace_s
"""How long stopping may take, unless somebody is told otherwise."""


class Drain:
    """Set once when the process has been told to stop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._ends = 0.0
        self.failed = False
        """Whether the process told itself to stop, because serving on would be wrong."""

    def start(self, within_s: float = GRACE_S) -> None:
        """Tell everybody who waits; the process ends within so many seconds, whatever hangs."""
        if not self.started:
            self._ends = time.monotonic() + within_s
        self._event.set()

    def fail(self) -> None:
        """Stop the whole process, which then ends as one that failed."""
        self.failed = True
        os.kill(os.getpid(), signal.SIGTERM)

    @property
    def started(self) -> bool:
        """Whether the process is stopping."""
        return self._event.is_set()

    @property
    def left_s(self) -> float:
        """Seconds that are left; the whole grace time when the process is not stopping."""
        return max(0.0, self._ends - time.monotonic()) if self.started else GRACE_S

    async def wait(self) -> None:
        """Return when the process is told to stop."""
        await self._event.wait()
