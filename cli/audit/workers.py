"""Processes that inspect bundles, as many as there are cores to run them.

Threads would be no faster: the signature checks hold the interpreter's lock. The processes are
plain ones (`worker.py`) because those of a pool import the program that started them, which takes
longer than auditing a small log.
"""

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias, cast

from cli.audit.inspection import Bundle, InspectedBundle, inspect_bundle
from cli.audit.worker import frame
from shared.client.errors import CannotRead
from shared.edition.inspection import Electorate

Inspect: TypeAlias = Callable[[Bundle, Electorate | None], Awaitable[InspectedBundle]]

_REQUESTS_AT_ONCE = 2
"""Of one worker, so that the next is there when it has answered one."""


@asynccontextmanager
async def inspectors(jobs: int) -> AsyncIterator[Inspect]:
    """An `inspect_bundle` that `jobs` processes share; with one job it runs in this process."""
    if jobs == 1:
        yield _inspect_here
        return
    free: asyncio.Queue[_Worker] = asyncio.Queue()
    async with AsyncExitStack() as stack:
        for _ in range(jobs):
            worker = await stack.enter_async_context(_worker())
            for _ in range(_REQUESTS_AT_ONCE):
                free.put_nowait(worker)

        async def inspect_there(bundle: Bundle, electorate: Electorate | None) -> InspectedBundle:
            worker = await free.get()
            try:
                return await worker.inspect(bundle, electorate)
            finally:
                free.put_nowait(worker)

        yield inspect_there


async def _inspect_here(bundle: Bundle, electorate: Electorate | None) -> InspectedBundle:
    return inspect_bundle(bundle, electorate)


class _Worker:
    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("the process was started with pipes")
        self._requests, self._answers = process.stdin, process.stdout
        self._turn = asyncio.Lock()

    async def inspect(self, bundle: Bundle, electorate: Electorate | None) -> InspectedBundle:
        """Answers come in the order of requests, and so does the lock."""
        self._requests.write(frame((bundle, electorate)))
        async with self._turn:
            try:
                size = int.from_bytes(await self._answers.readexactly(8))
                answer = await self._answers.readexactly(size)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise CannotRead("an inspecting process ended, perhaps for memory") from error
        return cast("InspectedBundle", pickle.loads(answer))  # noqa: S301 - from our own process


@asynccontextmanager
async def _worker() -> AsyncIterator[_Worker]:
    # -P: the directory that the auditor is called in must not have a say in what is imported.
    command = (sys.executable, "-P", "-m", "cli.audit.worker")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield _Worker(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
