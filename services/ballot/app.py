"""Puts the ballot service together: opened in this order, closed in the reverse.

database pool -> schema and published checkpoints checked -> NATS -> ballot box -> relay. A relay
that finds the database behind the stream stops the whole process: nothing more may be signed.
"""

import asyncio
import os
import signal
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from litestar import Litestar

from services.ballot import store
from services.ballot.api import command, list_editions, live, ready, show_edition
from services.ballot.ballot_box import open_ballot_box
from services.ballot.cast_route import CastRoute
from services.ballot.edition import Editions, LogKey
from services.ballot.log_routes import checkpoint, proof, tile
from services.ballot.openapi import document_cast
from services.ballot.publication import check_published
from services.ballot.relay import Relay
from services.ballot.settings import Settings
from shared.service.migrations import require_schema
from shared.service.nats import connect
from shared.service.openapi import openapi_config, openapi_files
from shared.service.problem import EXCEPTION_HANDLERS
from shared.version import VERSION

COMMAND_MAX_BODY = 128 * 1024

log = structlog.get_logger()


def create_app(settings: Settings) -> CastRoute:
    """The ASGI application; what it needs is opened when it starts."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            key = LogKey(settings.log_origin, b64decode(settings.log_key_seed))
            copies = Path(settings.checkpoint_copies)
            pool = await stack.enter_async_context(await store.open_pool(settings.database_url))
            await require_schema(pool, "services.ballot")
            await check_published(pool, key, copies)
            nats = await stack.enter_async_context(
                connect(settings.nats_url, settings.nats_nkey_seed, "ballot")
            )
            editions = Editions(key, pool)
            app.state.nats = nats
            app.state.ballot_box = await stack.enter_async_context(
                open_ballot_box(editions, settings)
            )
            relay = Relay(editions, settings.database_url, nats, copies)
            await stack.enter_async_context(_running(relay))
            log.info("serving", port=settings.port, version=VERSION)
            yield

    app = Litestar(
        route_handlers=[
            list_editions,
            show_edition,
            command,
            checkpoint,
            tile,
            proof,
            live,
            ready,
            openapi_files(),
        ],
        lifespan=[lifespan],
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=COMMAND_MAX_BODY,
        openapi_config=openapi_config(
            "Huimin ballot box", VERSION, "Editions, ballots, and the log that anyone can check."
        ),
        logging_config=None,
    )
    document_cast(app)
    return CastRoute(app)


@asynccontextmanager
async def _running(relay: Relay) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run(), name="relay")
    task.add_done_callback(_stop_process)
    yield
    task.remove_done_callback(_stop_process)
    task.cancel()
    await asyncio.wait([task])


def _stop_process(relay: "asyncio.Task[None]") -> None:
    """The relay ends by itself only when serving on would be wrong."""
    error = None if relay.cancelled() else relay.exception()
    log.critical("relay ended, stopping", error=type(error).__name__, why=str(error))
    os.kill(os.getpid(), signal.SIGTERM)
