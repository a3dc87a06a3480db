"""Casting ballots: verify, join the open batch, one transaction, receipt.

Ballots that arrive while a commit is under way form the next batch; there is no timer. A batch
locks the log's head, decides each ballot against the stored standing of its key, appends, and
commits. Only then are its waiters answered. If the connection is lost during COMMIT, nobody knows
whether the batch is in; the same batch is simply decided again on a new connection, where what did
get in shows as a repeat of itself.
"""

import asyncio
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from services.ballot import store, tree
from services.ballot.edition import Edition
from services.ballot.publication import connect_writer
from services.ballot.store import CONNECTION_LOST, Connection, Executor, NewEntry, StandingRow
from shared.edition.ballot import Ballot, check_choices, committed, encode_opening
from shared.edition.decider import Standing, check_may_cast, is_repeat
from shared.edition.errors import Refusal, UnknownEdition, VotingNotOpen
from shared.edition.events import BallotCast, decode_event, encode_event
from shared.edition.replay import Electorate, check_ballot
from shared.edition.views import Receipt
from shared.log.merkle import leaf_hash
from shared.log.tlog_proof import TlogProof
from shared.service.problem import Overloaded, StoreUnavailable

MAX_BATCH = 256
MAX_BATCH_BYTES = 512 * 1024
RETRY_FOR_S = 10
RETRY_PAUSE_S = 0.2

log = structlog.get_logger()
_encoder = msgspec.json.Encoder()


class Prepared:
    """A verified ballot on its way into the log, and the future that its voter waits on."""

    __slots__ = ("answer", "commitment", "entry", "index", "new")

    def __init__(self, event: BallotCast, opening: bytes, answer: "asyncio.Future[bytes]") -> None:
        entry = encode_event(event)
        self.new = NewEntry(entry, leaf_hash(entry), opening, event.key, event.seq)
        self.commitment = event.commitment
        self.answer = answer
        self.index = -1
        """Where it stands in the log; known once its batch is decided."""

    @property
    def size_bytes(self) -> int:
        """What it takes in the log and beside it."""
        return len(self.new.entry) + len(self.new.opening or b"")

    def refuse(self, refusal: Refusal) -> None:
        """Answer the voter with a refusal, unless they have gone."""
        if not self.answer.done():
            self.answer.set_exception(refusal)


def verify(electorate: Electorate, ballot: Ballot, now: datetime) -> tuple[BallotCast, bytes]:
    """The event and the opening of a ballot that is right by itself; raises a `Refusal`."""
    check_choices(electorate.rules, ballot.choices)
    commitment = committed(ballot)
    check_ballot(
        electorate, ballot.key, ballot.credential, ballot.seq, commitment, ballot.signature
    )
    event = BallotCast(
        edition=electorate.edition,
        key=ballot.key,
        credential=ballot.credential,
        seq=ballot.seq,
        commitment=commitment,
        signature=ballot.signature,
        hour=now.replace(minute=0, second=0, microsecond=0),
    )
    return event, encode_opening(ballot.salt, ballot.choices)


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
        self.fault = ""
        """Why the last batch could not be committed; empty when it could."""

    async def cast(self, ballot: Ballot) -> bytes:
        """The receipt (JSON) of a ballot once it is committed; raises a `Refusal`."""
        electorate = await self._electorate()
        event, opening = verify(electorate, ballot, datetime.now(UTC))
        if len(self._waiting) >= self._limit:
            raise Overloaded(f"{self._limit} ballots are waiting to be committed")
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(Prepared(event, opening, answer))
        self._arrived.set()
        return await answer

    async def run(self) -> None:
        """Commit batch after batch until cancelled; then nothing that waits is left unanswered."""
        try:
            while True:
                await self._arrived.wait()
                await self._commit_within(self._next_batch())
                if not self._waiting:
                    self._arrived.clear()
        finally:
            for prepared in self._waiting:
                prepared.refuse(StoreUnavailable("the service is stopping"))
            if self._connection is not None:
                self._connection.terminate()

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

    def _next_batch(self) -> list[Prepared]:
        batch: list[Prepared] = []
        room = MAX_BATCH_BYTES
        while self._waiting and len(batch) < MAX_BATCH:
            room -= self._waiting[0].size_bytes
            if batch and room < 0:
                break
            batch.append(self._waiting.popleft())
        return batch

    async def _commit_within(self, batch: list[Prepared]) -> None:
        """Commit a batch, however often the connection is lost, within a bounded time."""
        deadline = asyncio.get_running_loop().time() + RETRY_FOR_S
        refusal: Refusal = StoreUnavailable("the ballot could not be committed in time")
        try:
            while asyncio.get_running_loop().time() < deadline:
                try:
                    await self._commit(batch)
                    self.fault = ""
                    return
                except CONNECTION_LOST as error:
                    self.fault = type(error).__name__
                    log.warning("commit failed", edition=self.edition.name, error=self.fault)
                    self._drop_connection()
                    await asyncio.sleep(RETRY_PAUSE_S)
        except asyncio.CancelledError:
            refusal = StoreUnavailable("the service is stopping")
            raise
        except Exception as error:
            # Our own bug or a corrupt log: these voters may send again, and others are not held up.
            self.fault = type(error).__name__
            log.exception("batch failed", edition=self.edition.name)
            self._drop_connection()
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
        # Who was refused in an earlier attempt stays refused; who has gone did not want an answer.
        batch = [prepared for prepared in batch if not prepared.answer.done()]
        async with connection.transaction():
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
        # From here on the batch is durable. A crash before an answer leaves loses no ballot: the
        # voter sends it again and gets its receipt.
        for prepared in batch:
            if prepared.answer.done():
                continue
            index = prepared.index
            if accepted and index >= growth.start:
                entry = accepted[index - growth.start].new.entry
                proof = TlogProof(index, tuple(growth.inclusion_path(index)), note)
                receipt = _receipt(edition.name, entry, proof)
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
            key, seq = prepared.new.key or b"", prepared.new.seq or 0
            standing = standings.get(key)
            try:
                check_may_cast(state)
                if standing and is_repeat(standing, seq, prepared.commitment):
                    prepared.index = standing.index
                    continue
            except Refusal as refusal:
                prepared.refuse(refusal)
                continue
            prepared.index = size + len(accepted)
            standings[key] = Standing(seq, prepared.index, prepared.commitment)
            accepted.append(prepared)
        return accepted


def _standing(row: StandingRow) -> Standing:
    event = decode_event(row.entry)
    if not isinstance(event, BallotCast):
        raise store.CorruptLog(f"entry {row.index} is stored as a ballot and is none")
    return Standing(row.seq, row.index, event.commitment)


async def read_receipt(db: Executor, edition: Edition, index: int) -> bytes:
    """The receipt (JSON) of an entry as it was first given: for the checkpoint of its batch."""
    size, note = await store.checkpoint_covering(db, edition.name, index)
    path = await tree.inclusion_path(db, edition.name, index, size)
    [entry] = await store.entries(db, edition.name, index, index + 1)
    return _receipt(edition.name, entry, TlogProof(index, tuple(path), note))


def _receipt(edition: str, entry: bytes, proof: TlogProof) -> bytes:
    return _encoder.encode(
        Receipt(edition=edition, index=proof.index, entry=entry, proof=proof.encode().decode())
    )
