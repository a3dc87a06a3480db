"""Work beside the requests: a task that a service cannot do without."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Final

import structlog

from shared.service.drain import Drain

CANCEL_AGAIN_S: Final = 1.0

log = structlog.get_logger()


@asynccontextmanager
async def running(work: Coroutine[None, None, None], drain: Drain) -> AsyncIterator[None]:
    """`work` in a task of its own; when it fails the process ends rather than go on without.

    When left, returns only once the task has ended.
    """

    def stop_process(task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.critical("stopping", error=type(error).__name__, exc_info=error)
            drain.fail()

    task = asyncio.create_task(work)
    task.add_done_callback(stop_process)
    try:
        yield
    finally:
        await end(task)


async def end(task: "asyncio.Task[None]") -> None:
    """Cancel `task` until it has ended; its outcome is for its callbacks.

    Once may not be enough: see `shared.service.nats.heed_cancellation`.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_AGAIN_S)
