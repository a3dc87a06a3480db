"""All dispatchers of a process, running and stopped together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from services.notify.dispatcher import Dispatcher

log = structlog.get_logger()


@asynccontextmanager
async def sending(
    dispatchers: Sequence[Dispatcher], drain_s: float, failed: Callable[[], None]
) -> AsyncIterator[None]:
    """Send for the block; at its end finish what is under way, for `drain_s` seconds at most.

    What does not end in that time is cut off and becomes unknown. `failed` is called when a
    dispatcher ends by an error of our own.
    """

    def look(task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.critical("a dispatcher failed", error=type(error).__name__, exc_info=error)
            failed()

    tasks = [asyncio.create_task(one.run(), name=one.outlet.name) for one in dispatchers]
    for task in tasks:
        task.add_done_callback(look)
    try:
        yield
    finally:
        for one in dispatchers:
            one.stop()
        _, late = await asyncio.wait(tasks, timeout=drain_s)
        for one in dispatchers:
            one.abandon()
        for task in late:
            task.cancel()
        if late:
            log.warning("messages under way were cut off")
            await asyncio.wait(late)
