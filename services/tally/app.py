"""Puts the tally service together: opened in this order, closed in the reverse.

database pool -> schema checked -> NATS -> inspecting processes -> editions. Open streams are let go
when the process drains, before any of that is closed.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog
from litestar import Litestar
from litestar.datastructures import State

from services.tally import store
from services.tally.api import (
    count_receipt_check,
    download_ballots,
    live,
    ready,
    show_receipt_checks,
    show_tally,
    show_turnout,
    stream_tally,
)
from services.tally.board import Board
from services.tally.counter import Counter
from services.tally.download import Downloads
from services.tally.editions import Editions
from services.tally.inspection import open_inspectors
from services.tally.openapi import DOCUMENT
from services.tally.pace import Pace
from services.tally.receipt_checks import Meter
from services.tally.settings import Settings, log_identity, public_urls
from services.tally.store import CONNECTION_LOST
from shared.service.background import running
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


def create_app(settings: Settings, drain: Drain, pace: Pace) -> Litestar:
    """The application; what it needs is opened when it starts."""
    logs = log_identity(settings)
    board = Board()
    recorder = RequestRecorder("tally")

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(await _database(settings))
            nats = await stack.enter_async_context(
                connect(settings.nats_url, settings.nats_nkey_seed, "tally")
            )
            await stack.enter_async_context(measuring("tally", pool, nats, recorder.tell))
            inspectors = await stack.enter_async_context(open_inspectors())
            editions = Editions(
                settings.log_url,
                logs,
                pool=pool,
                nats=nats,
                counter=Counter(pool, inspectors),
                board=board,
                pace=pace,
            )
            app.state.update(
                {"pool": pool, "nats": nats, "editions": editions, "downloads": Downloads(pool)}
            )
            await stack.enter_async_context(running(editions.run(), drain))
            await stack.enter_async_context(running(_let_go(board, drain), drain))
            log.info("serving", port=settings.port, version=VERSION)
            yield

    return Litestar(
        route_handlers=[
            show_tally,
            stream_tally,
            show_turnout,
            download_ballots,
            show_receipt_checks,
            count_receipt_check,
            *page_handlers(["board"], public_urls(settings)),
            live,
            ready,
            Metrics,
            *openapi_pages(DOCUMENT),
        ],
        middleware=[recorder.middleware],
        lifespan=[lifespan],
        state=State(
            {
                "board": board,
                "logs": logs,
                "drain": drain,
                "heartbeat_s": pace.heartbeat_s,
                "receipt_check_meter": Meter(datetime.now(UTC)),
            }
        ),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )


async def _database(settings: Settings) -> store.Pool:
    try:
        pool = await store.open_pool(settings.database_url, settings.database_pool)
        try:
            await require_schema(pool, "services.tally")
        except BaseException:
            pool.terminate()
            raise
    except (*CONNECTION_LOST, SchemaBehind) as error:
        log.critical("cannot start without its database", why=f"{type(error).__name__}: {error}")
        raise
    return pool


async def _let_go(board: Board, drain: Drain) -> None:
    await drain.wait()
    board.wake_readers()
