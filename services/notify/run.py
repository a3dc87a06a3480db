"""A run of the process, as other processes see it: alive while its connection holds a lock.

The connection's end, by a kill of either side, gives the lock back. If it is lost while the process
lives, others may call its messages unknown; it takes the lock again, and tells what became of them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog

from services.notify import deliveries
from services.notify.pace import Pace
from services.notify.store import COMMAND_TIMEOUT_S, CONNECT_TIMEOUT_S, CONNECTION_LOST

log = structlog.get_logger()


class Run:
    """Holds the lock, and gives up the messages of runs that have ended."""

    def __init__(self, url: str, number: int, pace: Pace) -> None:
        self.number = number
        self._url = url
        self._pace = pace
        self._held = asyncio.Event()

    @property
    def held(self) -> bool:
        """Whether others know that this run is alive; nothing is claimed otherwise."""
        return self._held.is_set()

    async def keep(self, connection: asyncpg.Connection) -> None:
        """Hold the lock until cancelled, on this connection first and then on new ones."""
        while True:
            try:
                await self._hold(connection)
            except CONNECTION_LOST as error:
                log.warning("the lock of this run is lost", error=type(error).__name__)
            finally:
                self._held.clear()
                connection.terminate()
            await asyncio.sleep(self._pace.retry_s)
            with suppress(*CONNECTION_LOST):
                connection = await _connect(self._url)

    async def _hold(self, connection: asyncpg.Connection) -> None:
        await deliveries.lock_run(connection, self.number)
        self._held.set()
        while True:
            given_up = await deliveries.give_up_orphans(connection, self.number)
            if given_up:
                log.warning("messages of a run that ended are unknown", size=given_up)
            await asyncio.sleep(self._pace.orphans_s)


@asynccontextmanager
async def open_run(url: str, pace: Pace) -> AsyncIterator[Run]:
    """A new run, alive for the block."""
    connection = await _connect(url)
    run = Run(url, await deliveries.new_run(connection), pace)
    task = asyncio.create_task(run.keep(connection), name="run")
    try:
        yield run
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S)
