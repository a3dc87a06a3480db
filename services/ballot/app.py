"""Puts the ballot service together: opened in this order, closed in the reverse.

database pool -> schema and published checkpoints checked -> NATS -> ballot box -> relay. A relay
that finds the database behind the stream stops the whole process: nothing more may be signed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from litestar import Litestar
from litestar.config.compression import CompressionConfig

from services.ballot import store
from services.ballot.api import command, list_editions, live, ready, show_edition
from services.ballot.ballot_box import BallotBox, open_ballot_box
from services.ballot.cast_route import CastRoute
from services.ballot.edition import Editions, LogBehind, LogKey
from services.ballot.log_routes import checkpoint, proof, tile
from services.ballot.openapi import DOCUMENT
from services.ballot.publication import check_published
from services.ballot.relay import Relay
from services.ballot.settings import Settings, log_key_seed, public_urls
from services.ballot.store import CONNECTION_LOST, CorruptLog
from shared.service.background import end
from shared.service.metrics import Metrics, measuring
from shared.service.migrations import SchemaBehind, require_schema
from shared.service.nats import connect
from shared.service.openapi_pages import openapi_pages
from shared.service.pages import page_handlers
from shared.service.problem import EXCEPTION_HANDLERS
from shared.service.requests import RequestRecorder
from shared.service.server import Drain
from shared.version import VERSION

log = structlog.get_logger()

# Editions with long shortlists are worth it; tiles are asked for by programs, and do not shrink.
_COMPRESSION = CompressionConfig(
    backend="gzip", gzip_compress_level=6, minimum_size=1024, exclude=[r"^/(?!v1/)."]
)


def create_app(settings: Settings, drain: Drain) -> CastRoute:
    """The ASGI application; what it needs is opened when it starts. Raises `BadSettings`."""
    key = LogKey(settings.log_origin, log_key_seed(settings))
    recorder = RequestRecorder("ballot")

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            copies = Path(settings.checkpoint_copies)
            pool = await stack.enter_async_context(
                await store.open_pool(settings.database_url, settings.database_pool)
            )
            await _check_store(pool, key, copies)
            nats = await stack.enter_async_context(
                connect(settings.nats_url, settings.nats_nkey_seed, "ballot")
            )
            editions = Editions(key, pool)
            app.state.nats = nats
            box = await stack.enter_async_context(open_ballot_box(editions, settings))
            app.state.ballot_box = box
            await stack.enter_async_context(
                measuring("ballot", pool, nats, recorder.tell, box.tell)
            )
            relay = Relay(editions, settings.database_url, nats, copies, settings.stream_replicas)
            await stack.enter_async_context(_running(relay, box, drain))
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
            *page_handlers(["vote", "check"], public_urls(settings)),
            live,
            ready,
            Metrics,
            *openapi_pages(DOCUMENT),
        ],
        middleware=[recorder.middleware],
        compression_config=_COMPRESSION,
        lifespan=[lifespan],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    return CastRoute(app, recorder)


async def _check_store(db: "asyncpg.Pool[Any]", key: LogKey, copies: Path) -> None:
    """Raise, and say why, unless this database may be served and signed for."""
    try:
        await require_schema(db, "services.ballot")
        await check_published(db, key, copies)
    except (*CONNECTION_LOST, SchemaBehind, LogBehind, CorruptLog) as error:
        log.critical("refusing to start", error=type(error).__name__, why=str(error))
        raise


@asynccontextmanager
async def _running(relay: Relay, box: BallotBox, drain: Drain) -> AsyncIterator[None]:
    def stop_process(task: "asyncio.Task[None]") -> None:
        """The relay ends by itself only when signing on would be wrong."""
        error = None if task.cancelled() else task.exception()
        log.critical("relay ended, stopping", error=type(error).__name__, why=str(error))
        box.halt()
        drain.fail()

    task = asyncio.create_task(relay.run(), name="relay")
    task.add_done_callback(stop_process)
    yield
    task.remove_done_callback(stop_process)
    await end(task)
