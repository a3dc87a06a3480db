"""The ballot box of one process: its editions, a caster for each, and the commander."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg

from services.ballot import metrics
from services.ballot.caster import Caster
from services.ballot.commander import Commander
from services.ballot.edition import Edition, Editions
from services.ballot.settings import Settings
from services.ballot.store import CONNECTION_LOST
from shared.edition.ballot import Ballot
from shared.edition.commands import SignedCommand
from shared.edition.errors import UnknownEdition
from shared.edition.manifest import is_edition_id
from shared.service.problem import StoreUnavailable


class BallotBox:
    """What the HTTP interface calls. Construct with `open_ballot_box`."""

    def __init__(self, editions: Editions, settings: Settings) -> None:
        self.editions = editions
        self._settings = settings
        self._copies = Path(settings.checkpoint_copies)
        self._commander = Commander(
            editions, settings.database_url, self._copies, Path(settings.announcers)
        )
        self._casters: dict[str, Caster] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._halted = False
        metrics.QUEUE_LIMIT.labels("ballot").set(settings.queue_limit)

    @property
    def db(self) -> "asyncpg.Pool[Any]":
        """The pool for reading."""
        return self.editions.db

    @property
    def faults(self) -> dict[str, str]:
        """Editions whose last batch could not be committed, and why."""
        return {
            name: type(caster.fault).__name__
            for name, caster in self._casters.items()
            if caster.fault
        }

    def tell(self) -> None:
        """Let the metric have how many ballots wait."""
        waiting = sum(caster.waiting for caster in self._casters.values())
        metrics.QUEUE.labels("ballot").set(waiting)

    async def edition(self, name: str) -> Edition:
        """The edition with its newest state; raises `UnknownEdition`."""
        if not is_edition_id(name):
            raise UnknownEdition("the address names no edition: the id has characters none has")
        try:
            edition = await self.editions.find(name)
        except CONNECTION_LOST as error:
            raise StoreUnavailable("the edition cannot be read") from error
        if edition is None:
            raise UnknownEdition(f"there is no edition {name!r}")
        return edition

    async def cast(self, name: str, ballot: Ballot) -> bytes:
        """The receipt (JSON) of a ballot; raises a `Refusal`."""
        self._require_running()
        caster = self._casters.get(name)
        if caster is None:
            edition = await self.edition(name)
            caster = self._casters.get(name) or self._start(edition)
        return await caster.cast(ballot)

    async def command(self, name: str, signed: SignedCommand) -> bytes:
        """The receipt (JSON) of what an officers' command led to; raises a `Refusal`."""
        self._require_running()
        return await self._commander.carry_out(name, signed)

    def halt(self) -> None:
        """Sign nothing more; what still waits is told to send again."""
        self._halted = True
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        """Halt, and wait until nothing is under way."""
        self.halt()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task

    def _require_running(self) -> None:
        if self._halted:
            raise StoreUnavailable("the service is stopping")

    def _start(self, edition: Edition) -> Caster:
        settings = self._settings
        caster = Caster(edition, self.db, settings.database_url, self._copies, settings.queue_limit)
        self._casters[edition.name] = caster
        self._tasks.add(asyncio.create_task(caster.run(), name=f"caster {edition.name}"))
        return caster


@asynccontextmanager
async def open_ballot_box(editions: Editions, settings: Settings) -> AsyncIterator[BallotBox]:
    """A ballot box that is closed at the end."""
    box = BallotBox(editions, settings)
    try:
        yield box
    finally:
        await box.close()
