"""What the service hears on NATS: requests for codes, and that a log has grown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from services.notify.codes import CodeDesk
from services.notify.watcher import Watcher
from shared.service.subjects import CODES_SUBJECT, run_subject

PATIENCE_S: Final = 3.0
"""How long the start waits for NATS, so that who finds the service live can have codes sent."""

QUEUE: Final = "notify"
"""Of several processes, one gets each request."""

log = structlog.get_logger()


@asynccontextmanager
async def listening(nats: Client, desk: CodeDesk, watcher: Watcher) -> AsyncIterator[None]:
    """Hear both for the block. At its end no more codes are taken, and those taken are answered."""
    subscriptions: list[Subscription] = []
    task = asyncio.create_task(_subscribe(nats, desk, watcher, subscriptions))
    await asyncio.wait([task], timeout=PATIENCE_S)
    if not task.done():
        log.warning("starting without nats: codes cannot be sent until it is there")
    try:
        yield
    finally:
        while not task.done():  # once may not be enough: see `shared.service.nats`
            task.cancel()
            await asyncio.wait([task], timeout=1)
        for subscription in subscriptions:
            if nats.is_connected:
                await _unsubscribe(subscription)
        await desk.finish()


async def _subscribe(
    nats: Client, desk: CodeDesk, watcher: Watcher, subscriptions: list[Subscription]
) -> None:
    while not nats.is_connected:  # noqa: ASYNC110 - the client has no event for it
        await asyncio.sleep(0.02)
    # The client subscribes again by itself whenever it has to connect again.
    subscriptions.append(await nats.subscribe(CODES_SUBJECT, queue=QUEUE, cb=desk.receive))
    subscriptions.append(await nats.subscribe(run_subject("*"), cb=watcher.stir))


async def _unsubscribe(subscription: Subscription) -> None:
    try:
        await subscription.unsubscribe()
    except NatsError as error:
        log.warning("nats was lost while stopping", error=type(error).__name__)
