"""Watches editions over the ballot service's public interface, and announces their milestones.

It looks every few seconds, and at once when a log stirs on NATS; what the message says is not even
read. Nothing is announced for an edition whose log is not that of the key in the settings.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog
from nats.aio.msg import Msg

from services.notify import metrics, store
from services.notify.facts import Facts
from services.notify.milestones import (
    NO_CLOSING_TIME,
    Skip,
    Verdict,
    expiry,
    may_be_due,
    verdicts,
)
from services.notify.pace import Pace
from services.notify.store import CONNECTION_LOST, Pool, Recipient
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.errors import BadAnswer, CannotRead, ClientError
from shared.client.milestones import certified_result
from shared.client.served_log import WrongLog, verifier_of
from shared.client.transport import Patience
from shared.edition.events import ResultCertified
from shared.edition.manifest import LogIdentity
from shared.edition.views import EditionSummary, EditionView
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.notices.views import MilestoneName

PATIENCE: Final = Patience(attempts=2, timeout_s=10, first_pause_s=0.1, longest_pause_s=2)
"""A reader that asks again soon by itself need not insist."""

MAX_EDITIONS: Final = 1000

log = structlog.get_logger()


class Watcher:
    """Looks for milestones until cancelled; `announced` is called when there is more to send."""

    def __init__(
        self,
        pool: Pool,
        *,
        ballot_url: str,
        pages: Mapping[MilestoneName, str],
        logs: LogIdentity,
        operators: list[Recipient],
        announced: Callable[[], None],
        now: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        """`logs.origin` is the prefix of all origins; `pages` have `{edition}` in them."""
        self._pool = pool
        self._ballot_url = ballot_url.rstrip("/")
        self._pages = pages
        self._logs = logs
        self._operators = operators
        self._announced = announced
        self._now = now
        self._pace = pace
        self._stir = asyncio.Event()
        self._complaints: dict[str, str] = {}

    async def stir(self, _message: Msg) -> None:
        """A log has grown."""
        self._stir.set()

    async def run(self) -> None:
        """Look, for ever."""
        async with open_ballot_box(self._ballot_url, PATIENCE) as box:
            while True:
                await self._look(box)
                metrics.UNREADABLE.labels("notify").set(len(self._complaints))
                await asyncio.sleep(self._pace.stir_s)
                try:
                    async with asyncio.timeout(self._pace.look_s):
                        await self._stir.wait()
                except TimeoutError:
                    continue

    async def _look(self, box: BallotBox) -> None:
        self._stir.clear()
        try:
            listed = (await box.editions()).editions[:MAX_EDITIONS]
            recorded = await store.recorded(self._pool)
        except (ClientError, *CONNECTION_LOST) as error:
            self._complain("", error)
            return
        self._complaints.pop("", None)
        for summary in listed:
            done = recorded.get(summary.edition, {})
            if may_be_due(summary.phase, done):
                await self._look_at(box, summary, done)

    async def _look_at(
        self, box: BallotBox, summary: EditionSummary, recorded: Mapping[MilestoneName, datetime]
    ) -> None:
        try:
            view = await box.edition(summary.edition)
            verifier, size = self._verified(summary.edition, view)
            certificate = None
            if view.phase == "certified" and "result" not in recorded:
                # From the signed event: everybody will be told who won.
                certificate = await certified_result(box, view.edition, size, verifier)
            for milestone, verdict in verdicts(
                view.phase,
                view.manifest.closes_at,
                None if certificate is None else certificate.time,
                recorded,
                self._now(),
            ).items():
                await self._carry_out(view, milestone, verdict, certificate)
        except (ClientError, LogFormatError, *CONNECTION_LOST) as error:
            self._complain(summary.edition, error)
        else:
            self._complaints.pop(summary.edition, None)

    def _verified(self, edition: str, view: EditionView) -> tuple[Verifier, int]:
        """Verifier and size of the edition's log; raises `WrongLog`, or `LogFormatError`."""
        expected = LogIdentity(origin=f"{self._logs.origin}/{edition}", key=self._logs.key)
        verifier = verifier_of(expected)
        if view.edition != edition or view.manifest.log != expected or view.vkey != verifier.vkey:
            raise WrongLog(f"the edition {edition!r} as served is not of the log {verifier.vkey}")
        checkpoint = open_checkpoint(view.checkpoint.encode(), verifier)
        if checkpoint.size < view.milestone_size:
            raise WrongLog(f"the log of {edition!r} is shorter than its last milestone")
        return verifier, checkpoint.size

    async def _carry_out(
        self,
        view: EditionView,
        milestone: MilestoneName,
        verdict: Verdict,
        certificate: ResultCertified | None,
    ) -> None:
        if isinstance(verdict, Skip):
            await self._skip(view.edition, milestone, verdict)
            return
        facts = self._facts(view, milestone, certificate if milestone == "result" else None)
        total = await store.announce(self._pool, facts, self._operators)
        if total is not None:
            log.info("announcing", edition=view.edition, milestone=milestone, total=total)
            self._announced()

    async def _skip(self, edition: str, milestone: MilestoneName, skip: Skip) -> None:
        if await store.skip(self._pool, edition, milestone, skip.reason):
            say = log.warning if skip == NO_CLOSING_TIME else log.info
            say("milestone skipped", edition=edition, milestone=milestone, reason=skip.reason)

    def _facts(
        self, view: EditionView, milestone: MilestoneName, certificate: ResultCertified | None
    ) -> Facts:
        now, closes_at = self._now(), view.manifest.closes_at
        titles = {initiative.id: initiative.title for initiative in view.initiatives}
        winners = certificate.winners if certificate else ()
        missing = [winner for winner in winners if winner not in titles]
        if missing:
            raise BadAnswer(f"the edition {view.edition!r} as served lacks the winner {missing[0]}")
        return Facts(
            edition=view.edition,
            milestone=milestone,
            time=now,
            expires=expiry(milestone, closes_at, now),
            title=view.manifest.title,
            url=self._pages[milestone].replace("{edition}", view.edition),
            initiatives=len(view.initiatives),
            seats=len(winners) or view.manifest.seats,
            max_choices=view.manifest.max_choices,
            closes_at=closes_at,
            winners=tuple(titles[winner] for winner in winners),
        )

    def _complain(self, edition: str, error: Exception) -> None:
        """Say what is wrong once, until it is something else."""
        if self._complaints.get(edition) == type(error).__name__:
            return
        self._complaints[edition] = type(error).__name__
        away = isinstance(error, (CannotRead, *CONNECTION_LOST))
        say = log.warning if away else log.error
        why = str(error) if isinstance(error, (ClientError, LogFormatError)) else ""
        say("nothing can be announced", edition=edition, error=type(error).__name__, why=why)
