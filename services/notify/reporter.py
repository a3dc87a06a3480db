"""Says how announcements proceed, in the log and in the metrics, and forgets what is old."""

import asyncio

import structlog

from services.notify import deliveries, metrics, store
from services.notify.pace import Pace
from services.notify.store import CONNECTION_LOST, Pool

log = structlog.get_logger()


async def report(pool: Pool, pace: Pace) -> None:
    """Report every few seconds while something goes out, until cancelled."""
    while True:
        try:
            await _report_once(pool)
        except CONNECTION_LOST as error:
            log.warning("progress cannot be read", error=type(error).__name__)
        await asyncio.sleep(pace.report_s)


async def tidy(pool: Pool, pace: Pace) -> None:
    """Forget what is old now and then, until cancelled."""
    while True:
        try:
            await store.tidy(pool)
        except CONNECTION_LOST as error:
            log.warning("old rows could not be deleted", error=type(error).__name__)
        await asyncio.sleep(pace.tidy_s)


async def _report_once(pool: Pool) -> None:
    for announcement in await deliveries.unfinished(pool):
        view = await deliveries.progress(pool, announcement)
        log.info(
            "announcement finished" if view.finished else "announcement under way",
            edition=view.edition,
            milestone=view.milestone,
            total=view.total,
            sent=view.sent,
            pending=view.pending,
            failed=view.failed,
            unknown=view.unknown,
            dead=view.dead,
            rate=view.rate,
            eta_s=view.eta_s,
        )
    for one in await deliveries.standing(pool):
        metrics.WAITING.labels(one.channel).set(one.waiting)
        metrics.DEAD.labels(one.channel).set(one.dead)
        metrics.UNKNOWN.labels(one.channel).set(one.unknown)
