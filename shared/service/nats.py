"""One NATS connection per process, that never gives up and never blocks the service's work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import nkeys  # type: ignore[import-untyped]  # the package has no types
import structlog
from nats.aio.client import Client

from shared.service.settings import BadSettings

log = structlog.get_logger()


def check_nkey_seed(seed: str) -> None:
    """Raise `BadSettings` for a seed that is none: with it a client would try in vain for ever."""
    try:
        nkeys.from_seed(bytearray(seed.encode()))
    except nkeys.NkeysError as error:
        raise BadSettings("the nkey seed for NATS is none; it begins with SU") from error


@asynccontextmanager
async def connect(url: str, nkey_seed: str, name: str) -> AsyncIterator[Client]:
    """A client that connects with an nkey in the background and keeps trying for ever.

    It may not be connected yet, or any more, when it is used: ask `is_connected`.
    """
    client = Client()

    async def disconnected() -> None:
        log.warning("nats disconnected")

    async def reconnected() -> None:
        log.info("nats reconnected")

    async def failed(error: Exception) -> None:
        log.warning("nats error", error=str(error) or type(error).__name__)

    attempt = asyncio.create_task(
        client.connect(
            servers=[url],
            name=name,
            nkeys_seed_str=nkey_seed,
            inbox_prefix=f"_INBOX_{name}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            disconnected_cb=disconnected,
            reconnected_cb=reconnected,
            error_cb=failed,
        ),
        name="nats connect",
    )
    try:
        yield client
    finally:
        while not attempt.done():  # once may not be enough: see `heed_cancellation`
            attempt.cancel()
            await asyncio.wait([attempt], timeout=1)
        await client.close()


def heed_cancellation() -> None:
    """Raise `CancelledError` if the running task was told to end.

    The client waits with `asyncio.wait_for`, and in Python 3.11 that forgets a cancellation that
    comes together with an answer: a loop around NATS calls would then never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
