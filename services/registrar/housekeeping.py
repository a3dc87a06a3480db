"""Deleting what has expired, a little at a time: challenges, redeemed puzzles, ended caps."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import structlog

from services.registrar import store
from services.registrar.metrics import Hourly
from services.registrar.store import Pool, session
from shared.service import caps
from shared.service.problem import StoreUnavailable

TELL_EVERY_S: Final = 3_600.0
BATCH: Final = 1_000

log = structlog.get_logger()


async def keep_house(pool: Pool, counts: Sequence[Hourly], every_s: float) -> None:
    """Do it again and again, for ever. Several processes do not get in each other's way.

    `counts` are told once an hour.
    """
    told_at = time.monotonic()
    while True:
        try:
            while await forget_some(pool) == BATCH:
                pass
        except StoreUnavailable as error:
            log.warning("housekeeping waits for the database", why=error.detail)
        if time.monotonic() - told_at > TELL_EVERY_S:
            for one in counts:
                one.tell()
            told_at = time.monotonic()
        await asyncio.sleep(every_s)


async def forget_some(pool: Pool) -> int:
    """Delete one batch of each kind; returns how many of the most frequent one."""
    async with session(pool) as connection:
        expired = await store.forget_expired(connection, BATCH)
        return max(expired, await caps.forget_ended(connection, BATCH))
