"""What phase an edition is in: read from the ballot service, and held against our own commitment.

The ballot service's view is believed for the phase alone, and only if it is that of the log in the
settings and commits to our roll and our issuer's key: credentials under another key would be void,
and whoever committed it could sign as many as they like. A stale answer holds while the ballot
service is away; nothing is issued on it that the log would not show.
"""

import asyncio
import time
from typing import Final, Literal

import structlog
from msgspec import Struct

from services.registrar import store
from services.registrar.errors import CommitmentDiffers, EditionUnread
from services.registrar.metrics import MISMATCHES
from services.registrar.pace import Pace
from services.registrar.store import Connection, Edition
from shared.client.ballot_box import BallotBox
from shared.client.errors import BadAnswer, CannotRead, Refused
from shared.client.transport import Patience
from shared.edition.manifest import LogIdentity, is_edition_id
from shared.edition.state import Phase
from shared.edition.views import EditionView, RollView
from shared.eligibility.errors import NotIssuing, UnknownRegistration
from shared.log.note import BadKey, Verifier

Issuing = Literal["not-yet", "open", "closed"]

HASTY: Final = Patience(attempts=1, timeout_s=2.0)
"""How the ballot service is asked: people wait meanwhile."""


log = structlog.get_logger()


class _Known(Struct, frozen=True):
    """What the log said last: None before the edition was announced."""

    phase: Phase | None
    roll: RollView | None


class Editions:
    """The editions that this registrar has a commitment for, and their phases."""

    def __init__(self, ballot_box: BallotBox, logs: LogIdentity, pace: Pace) -> None:
        self._ballot_box = ballot_box
        self._logs = logs
        self._pace = pace
        self._known: dict[str, _Known] = {}
        self._ask_at: dict[str, float] = {}
        self._asking = asyncio.Lock()

    async def committed(self, connection: Connection, name: str) -> Edition:
        """The edition as it was committed here; raises `UnknownRegistration`."""
        found = await store.edition(connection, name) if is_edition_id(name) else None
        if found is None:
            raise UnknownRegistration(f"this registrar has no commitment for {name!r}")
        return found

    async def issuing(self, edition: Edition) -> Issuing:
        """Whether credentials are given out now.

        Raises `EditionUnread` while nobody knows, `CommitmentDiffers` if the log has another roll.
        """
        phase = await self.phase(edition)
        if edition.reported or phase in ("closed", "issued", "drawn", "certified"):
            return "closed"
        return "open" if phase in ("rolled", "open") else "not-yet"

    async def require_rolled(self, edition: Edition) -> None:
        """Raise `NotIssuing` before the roll was committed in the log; else as `issuing`."""
        if await self.issuing(edition) == "not-yet":
            raise NotIssuing("the roll was not committed in the log yet")

    async def phase(self, edition: Edition) -> Phase | None:
        """The edition's phase; None before it is announced. Raises as `issuing`."""
        await self._refresh(edition.edition)
        known = self._known.get(edition.edition)
        if known is None:
            raise EditionUnread("the ballot service does not answer, and has not yet")
        if known.roll is not None and not _is_ours(known.roll, edition):
            MISMATCHES.labels("commitment").inc()
            log.critical("the log commits to another roll or issuer key", edition=edition.edition)
            raise CommitmentDiffers(
                f"roll or issuer key of {edition.edition!r} in the log were not made here"
            )
        return known.phase

    async def _refresh(self, name: str) -> None:
        """Ask the ballot service, unless it was asked just now; one request at a time does it."""
        if self._is_fresh(name):
            return
        async with self._asking:
            if self._is_fresh(name):
                return
            pause_s = self._pace.phase_s
            try:
                self._known[name] = await self._ask(name)
            except (CannotRead, BadAnswer, EditionUnread) as error:
                log.warning("the phase cannot be read", edition=name, why=str(error))
                pause_s = self._pace.phase_away_s if name in self._known else pause_s
            self._ask_at[name] = time.monotonic() + pause_s

    def _is_fresh(self, name: str) -> bool:
        return time.monotonic() < self._ask_at.get(name, 0.0)

    async def _ask(self, name: str) -> _Known:
        try:
            view = await self._ballot_box.edition(name)
        except Refused as error:
            if error.problem.slug != "unknown-edition":
                raise EditionUnread(str(error)) from error
            return _Known(None, None)
        self._check_log(name, view)
        return _Known(view.phase, view.roll)

    def _check_log(self, name: str, view: EditionView) -> None:
        """Raise `EditionUnread` unless the view is that of the log in the settings."""
        try:
            verifier = Verifier.parse(view.vkey)
        except BadKey as error:
            raise EditionUnread(str(error)) from error
        expected = (f"{self._logs.origin}/{name}", self._logs.key)
        if (verifier.name, verifier.public) != expected:
            MISMATCHES.labels("log-key").inc()
            log.critical("the ballot service has another log key", edition=name)
            raise EditionUnread(
                "the ballot service answers for a log that the settings do not name"
            )


def _is_ours(roll: RollView, edition: Edition) -> bool:
    return (roll.issuer_key, roll.mode, roll.size, roll.root) == (
        edition.issuer_key,
        edition.mode,
        edition.size,
        edition.root,
    )
