"""Follows one edition's log: reads, has it counted, shows it. One task for each edition.

Where entries come from. As long as runs from NATS continue the verified log, they are counted. At
any gap, misfit or silence the log's own HTTP interface is read instead; its checkpoint is looked at
every few seconds anyway. A reading that was begun there is finished there (`Projection.head`).

What is held against the log, and when:
- at once, because the log's key signed it: entries under a signed root that break the rules; two
  checkpoints of one size with different roots;
- when its interface has shown it look after look for `Pace.confirm_s`: entries, openings or a newer
  checkpoint that do not fit what was signed; an opening that is due and not served; a checkpoint
  with a wrong signature; a log smaller than it was. No signature proves these, and a fault on the
  way would pass;
- never: what NATS brought, while the log itself says otherwise; that nothing could be read; a
  checkpoint of another key before the first good one, which is a matter of settings.

A contradiction is saved and final; `LogViolation` carries it up to `Consumer.run`.
"""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from services.tally import metrics, store
from services.tally.board import Channel
from services.tally.counter import Counter
from services.tally.evidence import Chunk, LogReader, SignedHead, Unproven, read_runs
from services.tally.feed import Delivery, RunFeed
from services.tally.pace import Pace
from services.tally.projection import Projection, StreamPosition, contradicted, snapshot
from services.tally.store import CONNECTION_LOST, CorruptProjection, Overtaken
from shared.client.errors import CannotRead, ClientError
from shared.edition.errors import LogViolation
from shared.edition.manifest import LogIdentity
from shared.edition.views import Contradiction, TallySnapshot
from shared.log.note import ED25519, BadNote, Verifier
from shared.service import tracing
from shared.service.subjects import ANY, run_subject

log = structlog.get_logger()


class Consumer:
    """Counts one edition. `contradiction` or `failure` says why it does not, if it does not."""

    def __init__(
        self,
        edition: str,
        identity: LogIdentity,
        *,
        pool: store.Pool,
        counter: Counter,
        channel: Channel,
        pace: Pace,
    ) -> None:
        self.edition = edition
        self.verifier = Verifier(identity.origin, ED25519, identity.key)
        self.contradiction: Contradiction | None = None
        self.failure: str | None = None
        self._identity = identity
        self._pool = pool
        self._counter = counter
        self._channel = channel
        self._pace = pace
        self._clock = asyncio.get_running_loop().time
        self._projection = Projection(edition=edition)
        self._position: StreamPosition | None = None
        self._known = 0
        self._floor = 0
        self._counted_run = False
        self._compare_at = 0.0
        self._current_until = 0.0
        self._doubted_since: float | None = None
        self._readable = True

    async def run(self, reader: LogReader, feed: RunFeed) -> None:
        """Count until the log contradicts itself, or the task is cancelled."""
        while self.contradiction is None:
            try:
                await self._load()
                while self.contradiction is None:
                    await self._turn(reader, feed)
            except LogViolation as violation:
                await self._stop(violation)
            except Overtaken as error:
                log.info("another process is ahead", edition=self.edition, why=str(error))
            except CONNECTION_LOST as error:
                await self._fail("the database cannot be used", error)
            except CorruptProjection as error:
                await self._fail(str(error), error)
            except Exception as error:
                log.exception("unforeseen exception", edition=self.edition)
                await self._fail("an unforeseen error was logged", error)

    async def _load(self) -> None:
        """Take up what was saved; also after anything that leaves in doubt what was."""
        now = await store.load(self._pool, self.edition, self.verifier)
        self._projection, self._position = now, now.position
        self._floor = now.head_size
        self._known = max(self._known, now.head_size)
        self.contradiction, self.failure = now.contradiction, None
        self._show()

    async def _turn(self, reader: LogReader, feed: RunFeed) -> None:
        """One look at NATS, and one at the log itself if that is due."""
        if self._projection.size < self._projection.head_size:
            if not await self._consult(reader, catch_up=True):
                await asyncio.sleep(self._pace.retry_s)
        else:
            deliveries = await feed.next(self._position, self._pace.wait_s)
            with tracing.receiving(run_subject(ANY), [one.headers for one in deliveries]):
                await self._follow(reader, deliveries)
        self._show()

    async def _follow(self, reader: LogReader, deliveries: list[Delivery]) -> None:
        if not await self._take(deliveries):
            await self._consult(reader, catch_up=True)
        elif self._clock() >= self._compare_at:
            await self._consult(reader, catch_up=not self._counted_run)

    async def _take(self, deliveries: list[Delivery]) -> bool:
        """Count what runs brought; False when one does not continue the verified log."""
        if not deliveries:
            return True
        payloads = [delivery.payload for delivery in deliveries]
        chunk, fault = read_runs(self._projection.frontier, payloads, self.verifier)
        self._position = deliveries[-1].position
        try:
            if chunk is not None:
                await self._count(chunk)
                self._counted_run = True
        except Unproven as unproven:
            fault = unproven
        if fault is not None:
            metrics.MISFITS.labels("nats").inc()
            log.warning(
                "a run does not fit, so the log is read instead",
                edition=self.edition,
                index=fault.index,
                what=fault.what,
                why=fault.why,
            )
        return fault is None

    async def _consult(self, reader: LogReader, *, catch_up: bool) -> bool:
        """Ask the log itself how far it is, and read what is missing; False if that failed."""
        self._counted_run = False
        self._compare_at = self._clock() + self._pace.compare_s
        try:
            head = await self._newest_head(reader)
            usable = await self._compare(reader, head)
            while usable and catch_up and self._projection.size < head.size:
                now = self._projection
                due = now.state is None or now.openings_due(now.state)
                await self._count(await reader.chunk(now.frontier, head, with_openings=due))
        except Unproven as doubt:
            self._weigh(doubt)
            return False
        except ClientError as error:
            if self._readable:
                log.warning("the log cannot be read", edition=self.edition, error=str(error))
            self._doubted_since, self._readable = None, False
            return False
        self._doubted_since, self._readable = None, True
        self._current_until = self._clock() + self._pace.current_s
        return usable

    async def _newest_head(self, reader: LogReader) -> SignedHead:
        try:
            return await reader.head()
        except BadNote as error:
            if self._projection.head is not None:
                raise Unproven(self._projection.size, "checkpoint", str(error)) from error
            raise CannotRead(
                f"no checkpoint by the key and origin in the settings: {error}"
            ) from error

    async def _compare(self, reader: LogReader, head: SignedHead) -> bool:
        """Hold a checkpoint against the newest one verified; False if it is an older one."""
        recorded = self._projection.head
        if head.size < self._floor:
            raise Unproven(
                head.size, "checkpoint", f"the log shows size {head.size} and had {self._floor}"
            )
        self._floor = self._projection.head_size
        if recorded is None:
            pass
        elif head.size < recorded.size:
            return False  # what NATS brought has overtaken it on the way here
        elif head.size > recorded.size:
            await reader.prove_extension(recorded.size, recorded.root, head, "checkpoint")
        elif head.root != recorded.root:
            raise LogViolation(
                head.size,
                "checkpoint",
                f"the log signed two roots of this size, {recorded.root.hex()} and"
                f" {head.root.hex()}",
            )
        self._known = max(self._known, head.size)
        return True

    async def _count(self, chunk: Chunk) -> None:
        self._projection = await self._counter.count(
            self._projection, self._identity, chunk, self._position
        )
        self._known = max(self._known, self._projection.head_size)
        self._current_until = self._clock() + self._pace.current_s
        self._show()

    def _weigh(self, doubt: Unproven) -> None:
        """Raise `LogViolation` if the log's own interface has contradicted itself for long."""
        metrics.MISFITS.labels("log").inc()
        now = self._clock()
        if self._doubted_since is None:
            self._doubted_since = now
        if now - self._doubted_since >= self._pace.confirm_s:
            raise LogViolation(doubt.index, doubt.what, doubt.why) from doubt
        self._compare_at = now + self._pace.retry_s
        log.warning(
            "the log does not fit what it signed; asking again",
            edition=self.edition,
            index=doubt.index,
            what=doubt.what,
            why=doubt.why,
        )

    async def _stop(self, violation: LogViolation) -> None:
        """Say so, and save it, however long that takes."""
        found = Contradiction(violation.index, violation.what, violation.why)
        self.contradiction = found
        log.error(
            "the log contradicts itself, counting stops",
            edition=self.edition,
            index=found.index,
            what=found.what,
            why=found.why,
        )
        self._show()
        while True:
            try:
                return await store.save_contradiction(self._pool, self.edition, found)
            except CONNECTION_LOST as error:
                log.warning("the contradiction is not saved yet", error=type(error).__name__)
                await asyncio.sleep(self._pace.retry_s)

    async def _fail(self, why: str, error: Exception) -> None:
        log.warning(why, edition=self.edition, error=type(error).__name__)
        self.failure = why
        self._current_until = 0.0
        self._show()
        await asyncio.sleep(self._pace.retry_s)

    def _show(self) -> None:
        current = self._clock() < self._current_until
        now = datetime.now(UTC)
        shown = snapshot(self._projection, known=self._known, current=current, time=now)
        self._count_lag(shown)
        self._channel.offer(
            contradicted(shown, self.contradiction) if self.contradiction else shown
        )

    def _count_lag(self, shown: TallySnapshot) -> None:
        edition = self.edition
        metrics.ENTRIES.labels(edition).set(self._projection.size)
        metrics.KNOWN.labels(edition).set(max(self._known, self._projection.head_size))
        metrics.CONTRADICTION.labels(edition).set(self.contradiction is not None)
        metrics.FAILING.labels(edition).set(self.failure is not None)
        if shown.status == "verified":
            metrics.CURRENT_AT.labels(edition).set(time.time())
