"""Processes that inspect bundles, as many as there are cores to run them.

Threads would be no faster: the signature checks hold the interpreter's lock.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TypeAlias

from cli.audit.inspection import Bundle, Franchise, InspectedBundle, inspect_bundle
from shared.client.errors import CannotRead

Inspect: TypeAlias = Callable[[Bundle, Franchise | None], Awaitable[InspectedBundle]]


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def inspectors(jobs: int) -> Iterator[Inspect]:
    """An `inspect_bundle` that `jobs` processes share; with one job it runs in this process."""
    if jobs == 1:
        yield _inspect_here
        return
    # A fork of this process would inherit its threads' locks and its connections.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start)

    async def inspect_there(bundle: Bundle, franchise: Franchise | None) -> InspectedBundle:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(pool, inspect_bundle, bundle, franchise)
        except BrokenProcessPool as error:
            raise CannotRead("an inspecting process was killed, perhaps for memory") from error

    try:
        yield inspect_there
    finally:
        pool.shutdown(cancel_futures=True)


async def _inspect_here(bundle: Bundle, franchise: Franchise | None) -> InspectedBundle:
    return inspect_bundle(bundle, franchise)


def _start() -> None:
    """Ctrl-C is for the auditor, which then stops its processes; if it is killed, they leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
