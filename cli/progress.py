"""Progress of long work on the error stream: a bar with ETA on a terminal, else plain lines.

Plain lines come at most every few seconds, so that a log file stays readable.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as RichProgress,
)

SECONDS_BETWEEN_LINES = 5.0


class Progress(Protocol):
    """What long work reports to."""

    def begin(self, what: str, total: int) -> None:
        """Start a piece of work of `total` steps; the one before is over."""

    def advance(self, steps: int = 1) -> None:
        """So many more steps are done."""


class Silent:
    """Shows nothing."""

    def begin(self, what: str, total: int) -> None:
        """See `Progress.begin`."""

    def advance(self, steps: int = 1) -> None:
        """See `Progress.advance`."""


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Progress]:
    """Progress for the block; `stream` is the error stream, the output belongs to the result."""
    if not stream.isatty():
        yield _Lines(stream)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(file=stream), transient=True) as bars:
        yield _Bar(bars)


class _Bar:
    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def begin(self, what: str, total: int) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(what, total=total)

    def advance(self, steps: int = 1) -> None:
        if self._task is not None:
            self._bars.advance(self._task, steps)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._what = ""
        self._done = self._total = 0
        self._started = self._shown = 0.0

    def begin(self, what: str, total: int) -> None:
        self._what, self._done, self._total = what, 0, total
        self._started = self._shown = time.monotonic()
        print(f"{what}: {total}", file=self._stream, flush=True)

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        now = time.monotonic()
        if now - self._shown < SECONDS_BETWEEN_LINES:
            return
        self._shown = now
        left_s = (now - self._started) / self._done * (self._total - self._done)
        eta = timedelta(seconds=round(left_s))
        line = f"{self._what}: {self._done} of {self._total}, ETA {eta}"
        print(line, file=self._stream, flush=True)
