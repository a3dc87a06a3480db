"""Inspection of entries off the event loop: both signature checks take 160 µs a ballot or more.

All but the smallest portions go to worker processes, for two reasons, measured with a backlog of
20,000 ballots on two cores. Inspected inside this process, streams waited 0.2 to 0.6 s for the
event loop; with workers 8 to 20 ms (99th percentiles). And one core counts 4,200 ballots a second,
no more than are cast at best; with workers two idle cores counted 4,400 to 6,300, and two that
other work kept busy 2,300 either way. Folding and saving stay here: 35 to 50 µs a ballot.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager

from shared.edition.inspection import Electorate, Inspected, inspect
from shared.processes import usable_cores, worker_pool

INLINE = 16
"""So few are inspected on the spot: 3 ms, not worth waking a worker for."""

SLICE = 64
MAX_WORKERS = 4


class Inspectors:
    """Worker processes that inspect entries; see `open_inspectors`."""

    def __init__(self) -> None:
        self._pool = _pool()

    def start(self) -> None:
        """Start the first worker. Later ones are forked in milliseconds, this one takes longer."""
        self._pool.submit(os.getpid).result()

    def close(self) -> None:
        """End all workers."""
        self._pool.shutdown(cancel_futures=True)

    async def inspect(
        self,
        start: int,
        entries: Sequence[bytes],
        openings: Sequence[bytes],
        electorate: Electorate,
    ) -> list[Inspected]:
        """Inspect consecutive entries, the first at index `start`; raises `LogViolation`.

        If a worker was killed the portion is inspected once more, by new workers.
        """
        if len(entries) <= INLINE:
            return _inspect_slice(start, entries, openings, electorate)
        pool = self._pool
        try:
            return await _inspect_in(pool, start, entries, openings, electorate)
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = _pool()
            return await _inspect_in(self._pool, start, entries, openings, electorate)


@asynccontextmanager
async def open_inspectors() -> AsyncIterator[Inspectors]:
    """Inspectors whose workers end with the context."""
    inspectors = Inspectors()
    try:
        await asyncio.to_thread(inspectors.start)
        yield inspectors
    finally:
        inspectors.close()


def _pool() -> ProcessPoolExecutor:
    return worker_pool(min(usable_cores(), MAX_WORKERS), __name__)


async def _inspect_in(
    pool: ProcessPoolExecutor,
    start: int,
    entries: Sequence[bytes],
    openings: Sequence[bytes],
    electorate: Electorate,
) -> list[Inspected]:
    loop = asyncio.get_running_loop()
    slices = [
        loop.run_in_executor(
            pool,
            _inspect_slice,
            start + first,
            entries[first : first + SLICE],
            openings[first : first + SLICE],
            electorate,
        )
        for first in range(0, len(entries), SLICE)
    ]
    inspected: list[Inspected] = []
    for part in await asyncio.gather(*slices, return_exceptions=True):
        if isinstance(part, BaseException):
            raise part  # the violation with the lowest index
        inspected += part
    return inspected


def _inspect_slice(
    start: int, entries: Sequence[bytes], openings: Sequence[bytes], electorate: Electorate
) -> list[Inspected]:
    return [
        inspect(index, entry, opening, electorate)
        for index, (entry, opening) in enumerate(zip(entries, openings, strict=True), start)
    ]
