"""The tally as a process of its own: how it starts, why it does not, and how it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec

from cli.embedded.endpoint import free_port
from cli.embedded.postgres import Postgres
from services.tally.settings import Settings
from shared.service.server import Drain
from tests.editions import EditionBuilder
from tests.integration.tally.stage import (
    PATIENCE_S,
    LogHost,
    Tally,
    children,
    wait_until,
    workers,
)
from tests.servers import fresh_database

START_S = 20.0


@asynccontextmanager
async def started(settings: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m services.tally` with these settings; killed at the end if it still runs."""
    environment = {
        **{name: value for name, value in os.environ.items() if "HUIMIN" not in name},
        **{f"HUIMIN_TALLY_{name.upper()}": value for name, value in settings.items()},
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.tally",
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def written(settings: Settings, **changes: object) -> dict[str, str]:
    """The settings as text, some of them changed."""
    fields = msgspec.structs.asdict(settings) | changes
    return {name: str(value) for name, value in fields.items()}


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Exit code and log of a process that ends by itself."""
    async with asyncio.timeout(START_S):
        _, errors = await process.communicate()
    return process.returncode, errors.decode()


@asynccontextmanager
async def serving(
    settings: Settings, port: int = 0
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Tally]]:
    """A process that serves, on this port if it has to be a certain one."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    async with started(written(settings, port=port)) as process, aiohttp.ClientSession() as http:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    async with http.get(f"{url}/live"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        yield process, Tally(http, url, Drain())


async def test_bad_settings_end_it(settings: Settings) -> None:
    """A key that is none ends the process with 2, and the log names the setting."""
    async with started(written(settings, log_key="bm8ga2V5")) as process:
        code, log = await ended(process)
    assert (code, "HUIMIN_TALLY_LOG_KEY" in log) == (2, True)


async def test_a_seed_that_is_none_ends_it(settings: Settings) -> None:
    """With a seed that NATS could never take, the process ends with 2 and the log says which."""
    async with started(written(settings, nats_nkey_seed="SUnonsense")) as process:
        code, log = await ended(process)
    assert (code, "nkey seed" in log, "SUnonsense" in log) == (2, True, False)


async def test_a_missing_schema_ends_it(settings: Settings, postgres_server: Postgres) -> None:
    """A database without the tally's schema ends the process with 1, and the log says so."""
    with fresh_database(postgres_server) as name:
        address = postgres_server.admin_dsn.replace("/postgres?", f"/{name}?")
        async with started(written(settings, database_url=address)) as process:
            code, log = await ended(process)
    assert (code, "run the migrations" in log) == (1, True)


async def test_a_database_that_is_away_ends_it(settings: Settings) -> None:
    """A database that cannot be reached ends the process with 1, and the log says so."""
    address = f"postgresql://tally:secret@127.0.0.1:{free_port()}/tally"
    async with started(written(settings, database_url=address)) as process:
        code, log = await ended(process)
    assert (code, "cannot start without its database" in log, "secret" in log) == (1, True, False)


async def test_ends_in_order_with_a_stream_open(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """SIGTERM ends open streams and then the process, with 0."""
    host.show(live)
    async with serving(settings) as (process, tally):
        await tally.counted(live)
        url = f"{tally.url}/v1/editions/{live.edition}/tally/stream"
        async with tally.session.get(url) as stream:
            await stream.content.readline()
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                await stream.content.read()
        code, _ = await ended(process)
    assert code == 0


async def test_a_kill_leaves_no_process_behind(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """When the service is killed its workers leave by themselves."""
    live.cast_many(100)
    host.show(live)
    async with serving(settings) as (process, tally):
        await tally.counted(live)
        family = [*children(process.pid), *workers(process.pid)]
        process.kill()
        await wait_until(lambda: not any(map(runs, family)), "a process stays")
    assert len(family) >= 3


def runs(pid: int) -> bool:
    """Whether there is such a process, not counting one that has ended and is not waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
