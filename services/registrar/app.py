"""Puts the registrar together: opened in this order, closed in the reverse.

database pool -> schema checked -> ballot service's client -> NATS -> delivery of codes ->
housekeeping. When it stops, codes that wait are delivered before NATS is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State

from services.registrar import store
from services.registrar.api import (
    ask_for_code,
    issue_credential,
    live,
    make_puzzle,
    ready,
    show_issuance,
    show_registration,
)
from services.registrar.caps import Caps
from services.registrar.challenges import Challenges
from services.registrar.delivery import open_delivery
from services.registrar.desk import Desk
from services.registrar.desk_api import desk_router
from services.registrar.door import Door
from services.registrar.editions import HASTY, Editions
from services.registrar.housekeeping import keep_house
from services.registrar.issuance import Counter
from services.registrar.keys import RegistrarKeys
from services.registrar.metrics import REFUSALS, Withheld
from services.registrar.pace import Pace
from services.registrar.puzzles import Puzzles
from services.registrar.reports import Reports
from services.registrar.settings import Settings, log_identity, secret_key, trusted_proxies
from services.registrar.store import CONNECTION_LOST, Pool
from shared.client.ballot_box import open_ballot_box
from shared.edition.errors import Refusal
from shared.service.metrics import metrics
from shared.service.migrations import SchemaBehind, require_schema
from shared.service.nats import connect
from shared.service.openapi import openapi_config, openapi_files
from shared.service.problem import EXCEPTION_HANDLERS, Problem
from shared.service.server import Drain
from shared.version import VERSION

MAX_BODY = 16_384

log = structlog.get_logger()


def create_app(settings: Settings, drain: Drain, pace: Pace) -> Door:
    """The ASGI application; what it needs is opened when it starts. Raises `BadSettings`."""
    keys = RegistrarKeys(secret_key(settings))
    logs = log_identity(settings)
    proxies = trusted_proxies(settings)
    puzzles = Puzzles(keys.puzzles, settings.proof_of_work_cost) if settings.proof_of_work else None
    counting, counts = metrics("registrar")

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(await _database(settings.database_url))
            box = await stack.enter_async_context(open_ballot_box(settings.ballot_url, HASTY))
            nats = await stack.enter_async_context(
                connect(settings.nats_url, settings.nats_nkey_seed, "registrar")
            )
            delivery = await stack.enter_async_context(
                open_delivery(nats, settings.waiting_codes, pace)
            )
            withheld = Withheld()
            app.state.update(_parts(settings, keys, pool, Editions(box, logs, pace)))
            app.state.update({"nats": nats, "delivery": delivery})
            app.state.challenges = Challenges(
                pool,
                keys=keys,
                editions=app.state.editions,
                caps=Caps(settings, keys),
                delivery=delivery,
                phone_prefixes=tuple(settings.phone_prefixes.split(",")),
                puzzles=puzzles,
                withheld=withheld,
            )
            await stack.enter_async_context(
                _running(keep_house(pool, withheld, pace.housekeeping_s), drain)
            )
            log.info("serving", port=settings.port, version=VERSION)
            yield

    app = Litestar(
        route_handlers=[
            show_registration,
            make_puzzle,
            ask_for_code,
            issue_credential,
            show_issuance,
            live,
            ready,
            desk_router(),
            counts,
            openapi_files(),
        ],
        lifespan=[lifespan],
        middleware=[counting],
        state=State(
            {
                "desk_token": settings.desk_token,
                "trusted_proxies": proxies,
                "puzzles": puzzles,
                "pace": pace,
            }
        ),
        exception_handlers={**EXCEPTION_HANDLERS, Refusal: _on_refusal},
        openapi_config=openapi_config(
            "Huimin registrar",
            VERSION,
            "Who may vote: one-time codes, and one credential for each person.",
        ),
        request_max_body_size=MAX_BODY,
        logging_config=None,
    )
    return Door(app, pace.body_s)


def _parts(
    settings: Settings, keys: RegistrarKeys, pool: Pool, editions: Editions
) -> dict[str, object]:
    reports = Reports(pool, editions)
    counter = Counter(
        pool, keys=keys, editions=editions, caps=Caps(settings, keys), reports=reports
    )
    return {
        "pool": pool,
        "editions": editions,
        "desk": Desk(pool, keys),
        "reports": reports,
        "counter": counter,
    }


def _on_refusal(request: Request[Any, Any, Any], error: Refusal) -> Response[Problem]:
    REFUSALS.labels(error.slug).inc()
    return EXCEPTION_HANDLERS[Refusal](request, error)


async def _database(url: str) -> Pool:
    try:
        pool = await store.open_pool(url)
        try:
            await require_schema(pool, "services.registrar")
        except BaseException:
            pool.terminate()
            raise
    except (*CONNECTION_LOST, asyncpg.PostgresError, SchemaBehind) as error:
        log.critical("cannot start without its database", why=f"{type(error).__name__}: {error}")
        raise
    return pool


@asynccontextmanager
async def _running(work: Coroutine[None, None, None], drain: Drain) -> AsyncIterator[None]:
    """`work` in a task of its own; when it fails the process ends."""

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
        task.cancel()
        await asyncio.wait([task])
