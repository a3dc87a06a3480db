"""Puts the registrar together: opened in this order, closed in the reverse.

database pool -> schema checked -> ballot service's client -> NATS -> delivery of codes ->
housekeeping. When it stops, codes that wait are delivered before NATS is closed.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import structlog
from litestar import Litestar
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
from services.registrar.budget import Budget
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
from services.registrar.metrics import REFUSED, WITHHELD, Hourly
from services.registrar.openapi import DOCUMENT
from services.registrar.pace import Pace
from services.registrar.puzzles import Puzzles
from services.registrar.reports import Reports
from services.registrar.settings import Settings, log_identity, secret_key, trusted_proxies
from services.registrar.store import CONNECTION_LOST, Pool
from shared.client.ballot_box import open_ballot_box
from shared.service.background import running
from shared.service.metrics import Metrics, measuring
from shared.service.migrations import SchemaBehind, require_schema
from shared.service.nats import connect
from shared.service.openapi_pages import openapi_pages
from shared.service.problem import EXCEPTION_HANDLERS
from shared.service.requests import RequestRecorder
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
    recorder = RequestRecorder("registrar")

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await stack.enter_async_context(await _database(settings))
            box = await stack.enter_async_context(open_ballot_box(settings.ballot_url, HASTY))
            nats = await stack.enter_async_context(
                connect(settings.nats_url, settings.nats_nkey_seed, "registrar")
            )
            await stack.enter_async_context(measuring("registrar", pool, nats, recorder.tell))
            withheld, refused = Hourly(WITHHELD), Hourly(REFUSED)
            delivery = await stack.enter_async_context(
                open_delivery(nats, settings.waiting_codes, pace, refused)
            )
            app.state.update(_parts(settings, keys, pool, Editions(box, logs, pace)))
            app.state.update({"nats": nats, "delivery": delivery})
            caps = Caps(settings, keys)
            app.state.challenges = Challenges(
                pool,
                keys=keys,
                editions=app.state.editions,
                caps=caps,
                budget=Budget(caps, pace),
                delivery=delivery,
                phone_prefixes=tuple(settings.phone_prefixes.split(",")),
                puzzles=puzzles,
                withheld=withheld,
            )
            await stack.enter_async_context(
                running(keep_house(pool, (withheld, refused), pace.housekeeping_s), drain)
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
            Metrics,
            *openapi_pages(DOCUMENT),
        ],
        lifespan=[lifespan],
        middleware=[recorder.middleware],
        state=State(
            {
                "desk_token": settings.desk_token,
                "trusted_proxies": proxies,
                "puzzles": puzzles,
                "pace": pace,
            }
        ),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
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


async def _database(settings: Settings) -> Pool:
    try:
        pool = await store.open_pool(settings.database_url, settings.database_pool)
        try:
            await require_schema(pool, "services.registrar")
        except BaseException:
            pool.terminate()
            raise
    except (*CONNECTION_LOST, asyncpg.PostgresError, SchemaBehind) as error:
        log.critical("cannot start without its database", why=f"{type(error).__name__}: {error}")
        raise
    return pool
