"""Exclusive locks on files, by flock(2): the kernel drops one when its last holder ends.

A lock taken here is not inherited by child processes, unless its descriptor is passed on; then it
lasts until the last process that has it is gone. That is how a restart knows that no process of
an earlier run is left, without trusting a recorded process id.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .errors import InUse, Unusable

Progress = Callable[[str], None]
"""Receives one line of plain text about what a long wait is waiting for."""

POLL_S: Final = 0.05
REPORT_EVERY_S: Final = 5.0


class FileLock:
    """Holds `path` exclusively for this process; the file says who holds it, and stays."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def held(self) -> bool:
        """Whether this process has taken the lock and not given it up."""
        return self._fd >= 0

    @property
    def fileno(self) -> int:
        """The descriptor that carries the lock, for a child that shall share it."""
        return self._fd

    def acquire(self) -> None:
        """Takes the lock; raises `InUse` naming the holder when another process has it."""
        if not self._try():
            raise InUse(
                f"{self.path.parent} is in use by {self._holder()}. "
                "Stop that one first, or choose another data directory."
            )

    def acquire_when_free(self, timeout_s: float, what: str, progress: Progress) -> None:
        """Waits for processes of an earlier run, called `what`, to end; then takes the lock.

        Raises `InUse` with their process ids when they are still there after `timeout_s` seconds.
        """
        began = reported = time.monotonic()
        while not self._try():
            now = time.monotonic()
            if now - began > timeout_s:
                raise InUse(
                    f"{what} of an earlier run is still running on {self.path.parent} after "
                    f"{timeout_s:.0f} s ({describe_holders(self.path)}). End it, then start again."
                )
            if now - reported >= REPORT_EVERY_S:
                reported = now
                progress(f"waiting for {what} of an earlier run to stop ({now - began:.0f} s)")
            time.sleep(POLL_S)

    def release(self) -> None:
        """Gives up this process's share of the lock; does nothing when it has none."""
        if self.held:
            os.close(self._fd)
            self._fd = -1

    def _try(self) -> bool:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            fd = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise Unusable(f"cannot open the lock {self.path}: {error.strerror}.") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sign(fd)
        except BlockingIOError:
            os.close(fd)
            return False
        except OSError as error:
            os.close(fd)
            raise Unusable(
                f"cannot lock {self.path}: {error.strerror}. The data directory must be on a "
                "file system that has room and supports flock."
            ) from error
        self._fd = fd
        return True

    def _holder(self) -> str:
        return self.path.read_text(errors="replace").strip() or "another process"


def _sign(fd: int) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"process {os.getpid()}, since {since}\n".encode(), 0)


def describe_holders(path: Path) -> str:
    """Says which processes have `path` open, as far as /proc lets us see: for error texts."""
    target = str(path.resolve())
    pids = set[str]()
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        # Processes end and descriptors close while we look; those are not holders any more.
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()) == target:
                pids.add(descriptor.parts[2])
    return f"process {', '.join(sorted(pids, key=int))}" if pids else "process unknown"
