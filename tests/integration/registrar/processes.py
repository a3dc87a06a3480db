"""The registrar as a process of its own, with the settings that a test gives it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from services.registrar.settings import Settings
from shared.service.server import bind
from tests.integration.registrar.parties import PATIENCE_S
from tests.integration.registrar.stage import Registrar, is_connected


class Process:
    """A registrar in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, registrar: Registrar) -> None:
        self.process = process
        self.registrar = registrar

    async def stop(self) -> tuple[int | None, str]:
        """Tell it to stop; returns its exit code and its log."""
        if self.process.returncode is None:
            self.process.terminate()
        return await self.ended()

    async def ended(self) -> tuple[int | None, str]:
        """Exit code and log, when it ends."""
        async with asyncio.timeout(PATIENCE_S):
            output, _ = await self.process.communicate()
        return self.process.returncode, output.decode()


@asynccontextmanager
async def start_process(settings: Settings, **changes: object) -> AsyncIterator[Process]:
    """`python -m services.registrar`, which may refuse to start; killed if it still runs."""
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    fields = {**msgspec.structs.asdict(settings), "port": port, **changes}
    environment = {
        **{name: value for name, value in os.environ.items() if "HUIMIN" not in name},
        **{f"HUIMIN_REGISTRAR_{name.upper()}": str(value) for name, value in fields.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.registrar",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    connector = aiohttp.TCPConnector(limit=100)
    try:
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Process(process, Registrar(session, f"http://127.0.0.1:{port}"))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def open_process(settings: Settings, **changes: object) -> AsyncIterator[Process]:
    """The same, when it answers."""
    async with start_process(settings, **changes) as process:
        async with asyncio.timeout(PATIENCE_S):
            while not await _answers(process):  # noqa: ASYNC110  # asked over HTTP
                await asyncio.sleep(0.02)
        await is_connected(process.registrar)
        yield process


async def _answers(process: Process) -> bool:
    assert process.process.returncode is None, "the registrar did not start"
    try:
        return (await process.registrar.get("/live")).status == 200
    except aiohttp.ClientError:
        return False
