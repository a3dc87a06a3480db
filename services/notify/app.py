"""Puts the notify service together: opened in this order, closed in the reverse.

database pool -> schema checked -> this run -> channels -> dispatchers -> watcher -> NATS.
At the end no more codes and messages are taken; those under way are finished and recorded.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State

from services.notify import api, reporter, store
from services.notify.codes import CodeDesk
from services.notify.dispatcher import ALL_LANGUAGES, Dispatcher
from services.notify.inbox import Inbox
from services.notify.letters import Letters
from services.notify.listening import listening
from services.notify.openapi import DOCUMENT
from services.notify.outlets import Outlets, open_outlets
from services.notify.pace import Pace
from services.notify.run import open_run
from services.notify.sending import sending
from services.notify.settings import Identity, Settings, identity
from services.notify.store import CONNECTION_LOST, Pool
from services.notify.subscribing import Subscribing
from services.notify.vault import Vault
from services.notify.watcher import Watcher
from shared.edition.errors import Refusal
from shared.notices.views import ChannelName, MilestoneName
from shared.service.background import running
from shared.service.metrics import Metrics, measuring
from shared.service.migrations import SchemaBehind, require_schema
from shared.service.nats import connect
from shared.service.openapi_pages import openapi_pages
from shared.service.problem import EXCEPTION_HANDLERS, Problem, StoreUnavailable
from shared.service.requests import RequestRecorder
from shared.service.server import Drain
from shared.service.settings import BadSettings
from shared.version import VERSION

log = structlog.get_logger()


def create_app(settings: Settings, drain: Drain, pace: Pace) -> Litestar:
    """The application; what it needs is opened when it starts. Raises `BadSettings`."""
    known = identity(settings)
    inbox = Inbox(_now) if settings.inbox else None
    recorder = RequestRecorder("notify")

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            pool = await enter(await _database(settings))
            run = await enter(open_run(settings.database_url, pace))
            outlets = await enter(_outlets(settings, known, inbox))
            _tell_what_is_missing(outlets)
            vault = Vault(known.key)
            letters = Letters(pool, vault, _public_url(settings), known.recipients)
            dispatchers = tuple(
                Dispatcher(one, pool, run, letters, pace) for one in outlets.outlets
            )
            watcher = _watcher(settings, known, pool, letters, dispatchers, pace)
            await enter(sending(dispatchers, pace.drain_s, drain.fail))
            for work in (watcher.run(), reporter.report(pool, pace), reporter.tidy(pool, pace)):
                await enter(running(work, drain))
            nats = await enter(connect(settings.nats_url, settings.nats_nkey_seed, "notify"))
            await enter(measuring("notify", pool, nats, recorder.tell))
            app.state.update({"pool": pool, "nats": nats, "dispatchers": dispatchers})
            app.state.subscribing = _subscribing(settings, pool, vault, dispatchers)
            await enter(listening(nats, CodeDesk(outlets.codes), watcher))
            log.info("serving", port=settings.port, version=VERSION)
            yield

    return Litestar(
        route_handlers=[*api.HANDLERS, Metrics, *openapi_pages(DOCUMENT)],
        middleware=[recorder.middleware],
        lifespan=[lifespan],
        state=State({"inbox": inbox, "proxies": known.proxies, "desk_token": settings.desk_token}),
        exception_handlers={**EXCEPTION_HANDLERS, **dict.fromkeys(CONNECTION_LOST, _on_store_lost)},
        openapi_config=None,
        logging_config=None,
    )


def _watcher(
    settings: Settings,
    known: Identity,
    pool: Pool,
    letters: Letters,
    dispatchers: Sequence[Dispatcher],
    pace: Pace,
) -> Watcher:
    def announced() -> None:
        for one in dispatchers:
            one.wake()

    return Watcher(
        pool,
        ballot_url=settings.ballot_url,
        pages=_pages(settings),
        logs=known.logs,
        operators=letters.operators,
        announced=announced,
        now=_now,
        pace=pace,
    )


def _pages(settings: Settings) -> Mapping[MilestoneName, str]:
    """Where each announcement leads: to the vote while one can, else to what there is to see."""
    voting = settings.voting_url or f"{settings.ballot_url.rstrip('/')}/vote#{{edition}}"
    board = settings.board_url or voting
    return {"shortlist": board, "opening": voting, "reminder": voting, "result": board}


def _subscribing(
    settings: Settings, pool: Pool, vault: Vault, dispatchers: Sequence[Dispatcher]
) -> Subscribing:
    by_channel = {one.outlet.name: one for one in dispatchers}

    def asked(channel: ChannelName) -> None:
        by_channel[channel].wake()

    return Subscribing(
        pool,
        vault,
        {name: one.outlet.languages for name, one in by_channel.items()},
        asked,
        confirmations_per_day=settings.confirmations_per_day,
        phone_prefixes=tuple(settings.phone_prefixes.split(",")),
        webhooks_anywhere=settings.webhooks_anywhere,
    )


def _public_url(settings: Settings) -> str:
    return settings.public_url or f"http://127.0.0.1:{settings.port}"


async def _database(settings: Settings) -> Pool:
    try:
        pool = await store.open_pool(settings.database_url, settings.database_pool)
        try:
            await require_schema(pool, "services.notify")
        except BaseException:
            pool.terminate()
            raise
    except (*CONNECTION_LOST, SchemaBehind) as error:
        log.critical("cannot start without its database", why=f"{type(error).__name__}: {error}")
        raise
    return pool


@asynccontextmanager
async def _outlets(
    settings: Settings, known: Identity, inbox: Inbox | None
) -> AsyncIterator[Outlets]:
    try:
        async with open_outlets(settings, known.recipients, inbox) as outlets:
            yield outlets
    except BadSettings as error:
        log.critical("bad settings", why=str(error))
        raise


def _tell_what_is_missing(outlets: Outlets) -> None:
    for one in outlets.outlets:
        for language in sorted(ALL_LANGUAGES - one.languages):
            log.warning("no subscriptions: templates missing", channel=one.name, language=language)


def _on_store_lost(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.warning("the database was lost during a request", error=type(error).__name__)
    away = StoreUnavailable("the database of the notify service cannot be reached")
    return EXCEPTION_HANDLERS[Refusal](request, away)


def _now() -> datetime:
    return datetime.now(UTC)
