"""Casting ballots: verify, join the open batch, one transaction, receipt.

Ballots that arrive while a commit is under way form the next batch; there is no timer. A batch
locks the log's head, decides each ballot against the stored standing of its key, appends, and
commits. Only then are its waiters answered. If the connection is lost during COMMIT, nobody knows
whether the batch is in; the same batch is simply decided again on a new connection, where what did
get in shows as a repeat of itself.
"""

import asyncio
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import structlog

from services.ballot import metrics, store
from services.ballot.edition import Edition, LogBehind
from services.ballot.prepared import Prepared, verify
from services.ballot.publication import connect_writer
from services.ballot.receipts import encode_receipt, read_receipt
from services.ballot.store import (
    CONNECTION_LOST,
    Connection,
    CorruptLog,
    Executor,
    StandingRow,
)
from shared.edition.ballot import Ballot, committed
from shared.edition.decider import check_may_cast, check_supersedes
from shared.edition.errors import Refusal, UnknownEdition, VotingClosed, VotingNotOpen
from shared.edition.events import BallotCast, decode_event
from shared.edition.inspection import Electorate
from shared.edition.state import Standing
from shared.log.tlog_proof import TlogProof
from shared.service.problem import Overloaded, StoreUnavailable

MAX_BATCH = 256
MAX_BATCH_BYTES = 512 * 1024
RECHECK_S = 1

log = structlog.get_logger()


class Caster:
    """Takes the ballots of one edition in this process; start it with `run`."""

    def __init__(
        self, edition: Edition, db: Executor, url: str, copies: Path, queue_limit: int
    ) -> None:
        self.edition = edition
        self._db = db
        self._url = url
        self._copies = copies
        self._limit = queue_limit
        self._waiting: deque[Prepared] = deque()
        self._arrived = asyncio.Event()
        self._connection: Connection | None = None
        self.fault: Exception | None = None
        """Why the last batch could not be committed; None when it could."""

    @property
    def waiting(self) -> int:
        """How many ballots wait for a transaction."""
        return len(self._waiting)

    async def cast(self, ballot: Ballot) -> bytes:
        """The receipt (JSON) of a ballot once it is committed; raises a `Refusal`."""
        try:
            electorate = await self._electorate()
        except VotingClosed:
            return await self._receipt_of_earlier(ballot)
        if len(self._waiting) >= self._limit:
            raise Overloaded(f"{self._limit} ballots are waiting to be committed")
        event, opening = verify(electorate, ballot, datetime.now(UTC))
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(Prepared(event, opening, answer))
        self._arrived.set()
        return await answer

    async def run(self) -> None:
        """Commit batch after batch until cancelled; then nothing that waits is left unanswered."""
        try:
            while True:
                await self._arrival()
                await self._commit_within()
        finally:
            self._refuse_waiting("the service is stopping")
            if self._connection is not None:
                self._connection.terminate()

    async def _arrival(self) -> None:
        """Return when a ballot waits.

        While the database is away, ask for it: a service that is not ready is sent no ballots by
        which it could find out that it is.
        """
        while not self._waiting:
            self._arrived.clear()
            try:
                lost = isinstance(self.fault, CONNECTION_LOST)
                async with asyncio.timeout(RECHECK_S if lost else None):
                    await self._arrived.wait()
            except TimeoutError:
                await self._recheck()

    async def _recheck(self) -> None:
        self._drop_connection()
        try:
            self._connection = await connect_writer(self._url, self.edition, self._copies)
            self.fault = None
        except (*CONNECTION_LOST, LogBehind, CorruptLog) as error:
            self.fault = error

    async def _electorate(self) -> Electorate:
        """Whom ballots are checked against; raises a `Refusal` when none are accepted now."""
        edition = self.edition
        if edition.state is None or edition.state.phase != "open":
            try:
                await edition.refresh(self._db)
            except CONNECTION_LOST as error:
                raise StoreUnavailable("the edition's state cannot be read") from error
        if edition.state is None:
            raise UnknownEdition(f"there is no edition {edition.name!r}")
        check_may_cast(edition.state)
        if edition.electorate is None:
            raise VotingNotOpen(f"{edition.name!r} has no roll yet")
        return edition.electorate

    async def _receipt_of_earlier(self, ballot: Ballot) -> bytes:
        """The receipt of this very ballot from before the close, whose answer may have been lost.

        Raises `VotingClosed` when it is not in the log.
        """
        name = self.edition.name
        try:
            stored = await store.ballot(self._db, name, ballot.key, ballot.seq)
            if stored is not None:
                standing = _standing(StandingRow(ballot.key, ballot.seq, *stored))
                if standing.is_repeated_by(ballot.seq, committed(ballot)):
                    return await read_receipt(self._db, self.edition, standing.index)
        except CONNECTION_LOST as error:
            raise StoreUnavailable("the log cannot be read") from error
        raise VotingClosed(f"voting in {name!r} has closed")

    def _fill(self, batch: list[Prepared]) -> None:
        """Move what waits into the batch, as far as there is room."""
        room = MAX_BATCH_BYTES - sum(prepared.size_bytes for prepared in batch)
        while self._waiting and len(batch) < MAX_BATCH:
            room -= self._waiting[0].size_bytes
            if batch and room < 0:
                break
            batch.append(self._waiting.popleft())

    def _refuse_waiting(self, why: str) -> None:
        while self._waiting:
            self._waiting.popleft().refuse(StoreUnavailable(why))

    async def _commit_within(self) -> None:
        """Commit a batch, however often the connection is lost, within a bounded time.

        When the time is over, those who wait behind the batch are not left to wait on either.
        """
        batch: list[Prepared] = []
        deadline = asyncio.get_running_loop().time() + store.RETRY_FOR_S
        refusal: Refusal = StoreUnavailable("the ballot could not be committed in time")
        try:
            while asyncio.get_running_loop().time() < deadline:
                try:
                    await self._commit(batch)
                    self.fault = None
                    return
                except CONNECTION_LOST as error:
                    self.fault = error
                    metrics.COMMIT_FAILURES.labels("connection").inc()
                    name = type(error).__name__
                    log.warning("commit failed", edition=self.edition.name, error=name)
                    self._drop_connection()
                    await asyncio.sleep(store.RETRY_PAUSE_S)
            self._refuse_waiting("the ballot could not be committed in time")
        except asyncio.CancelledError:
            refusal = StoreUnavailable("the service is stopping")
            raise
        except Exception as error:
            # Our own bug or a corrupt log: these voters may send again, and others are not held up.
            self.fault = error
            metrics.COMMIT_FAILURES.labels("fault").inc()
            log.exception("batch failed", edition=self.edition.name)
            self._drop_connection()
            self._refuse_waiting("the ballot could not be committed")
        finally:
            for prepared in batch:
                prepared.refuse(refusal)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _commit(self, batch: list[Prepared]) -> None:
        if self._connection is None:
            self._connection = await connect_writer(self._url, self.edition, self._copies)
        connection, edition = self._connection, self.edition
        began = time.perf_counter()
        async with store.transaction(connection):
            # Another process may hold the log for a while: who arrives meanwhile comes along.
            await store.lock_log(connection, edition.name)
            self._fill(batch)
            # Who has gone by now, or was answered after an earlier attempt, wants no answer.
            batch[:] = [prepared for prepared in batch if not prepared.answer.done()]
            keys = [prepared.new.key for prepared in batch if prepared.new.key]
            head = await store.lock_head(connection, edition.name, None, keys)
            if head.milestone_size != edition.milestone_size:
                await edition.refresh(connection)
            accepted = self._decide(batch, head.frontier.size, head.standings)
            if accepted:
                new = [prepared.new for prepared in accepted]
                growth, note = await edition.append(connection, head.frontier, new)
        if accepted:
            edition.committed(growth.frontier.size)
        _count(batch, len(accepted), time.perf_counter() - began)
        # From here on the batch is durable. A crash before an answer leaves loses no ballot: the
        # voter sends it again and gets its receipt.
        for prepared in batch:
            index = prepared.index
            if prepared.refusal:
                prepared.refuse(prepared.refusal)
                continue
            if accepted and index >= growth.start:
                entry = accepted[index - growth.start].new.entry
                proof = TlogProof(index, tuple(growth.inclusion_path(index)), note)
                receipt = encode_receipt(edition.name, entry, proof)
            else:
                receipt = await read_receipt(connection, edition, index)
            if not prepared.answer.done():
                prepared.answer.set_result(receipt)

    def _decide(
        self, batch: list[Prepared], size: int, rows: tuple[StandingRow, ...]
    ) -> list[Prepared]:
        """Give each ballot its index, or its refusal; returns those that are new."""
        state = self.edition.state
        if state is None:
            raise AssertionError("a ballot was prepared for an edition without state")
        standings = {row.key: _standing(row) for row in rows}
        accepted: list[Prepared] = []
        for prepared in batch:
            prepared.refusal = None
            key, seq = prepared.new.key or b"", prepared.new.seq or 0
            standing = standings.get(key)
            if standing and standing.is_repeated_by(seq, prepared.commitment):
                prepared.index = standing.index
                continue
            try:
                check_may_cast(state)
                check_supersedes(standing, seq)
            except Refusal as refusal:
                # Not final yet: it may rest on a ballot of this very batch.
                prepared.refusal = refusal
                continue
            prepared.index = size + len(accepted)
            standings[key] = Standing(seq, prepared.index, prepared.commitment)
            accepted.append(prepared)
        return accepted


def _count(batch: list[Prepared], accepted: int, seconds: float) -> None:
    metrics.COMMIT.observe(seconds)
    if batch:
        metrics.BATCH.observe(len(batch))
    metrics.RECORDED.labels("new").inc(accepted)
    refused = sum(prepared.refusal is not None for prepared in batch)
    metrics.RECORDED.labels("repeat").inc(len(batch) - accepted - refused)


def _standing(row: StandingRow) -> Standing:
    event = decode_event(row.entry)
    if not isinstance(event, BallotCast):
        raise CorruptLog(f"entry {row.index} is stored as a ballot and is none")
    return Standing(row.seq, row.index, event.commitment)
