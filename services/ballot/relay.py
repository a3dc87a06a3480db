"""The relay: publishes committed entries to JetStream in order, in runs that end at a checkpoint.

One process relays a log: the one that holds its advisory lock, on the relay's own connection. It
learns where it stands from the stream's last run, and every publication names the sequence that it
follows (`Nats-Expected-Last-Sequence`), so a second relay that believes in an old lock is fenced. A
stream that is lost is built again from PostgreSQL. The relay also copies checkpoints, NATS or not:
the copy is written before the run is published.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from services.ballot import metrics, store
from services.ballot.edition import Edition, Editions
from services.ballot.publication import check_copy, check_note, copy_checkpoint
from services.ballot.store import CONNECTION_LOST, Connection, StoredHead
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.log.tiles import TILE_WIDTH, encode_bundle
from shared.service import tracing
from shared.service.nats import heed_cancellation
from shared.service.runs import Run, decode_run, encode_run
from shared.service.subjects import ANY, run_subject, stream_name

POLL_S = 0.05
PAUSE_S = 1.0
NATS_TIMEOUT_S = 5
MAX_RUN_BYTES = 640 * 1024
CHECKPOINTS_AHEAD = 64
LOOK_BACK = 1000
"""So many messages that are no runs are passed over; behind more of them all is published again."""

log = structlog.get_logger()


class Position:
    """Where the relay of one log stands: entries published, and the stream's last sequence."""

    def __init__(self, size: int, sequence: int) -> None:
        self.size = size
        self.sequence = sequence


class Relay:
    """Relays all logs whose lock this process gets; start it with `run`."""

    def __init__(
        self, editions: Editions, url: str, nats: Client, copies: Path, stream_replicas: int
    ) -> None:
        self._editions = editions
        self._url = url
        self._jetstream: JetStreamContext = nats.jetstream(timeout=NATS_TIMEOUT_S)
        self._nats = nats
        self._copies = copies
        self._stream_replicas = stream_replicas
        self._held: set[str] = set()
        self._copied: dict[str, int] = {}
        self._positions: dict[str, Position] = {}

    async def run(self) -> None:
        """Relay until cancelled. Raises `LogBehind` when the stream is ahead of the database."""
        while True:
            try:
                connection = await store.connect(self._url)
            except CONNECTION_LOST as error:
                log.warning("relay waits for the database", why=str(error))
                await asyncio.sleep(PAUSE_S)
                continue
            try:
                await self._relay(connection)
            except CONNECTION_LOST as error:
                metrics.RELAY_FAILURES.labels("database").inc()
                log.warning("relay starts over", error=type(error).__name__, why=str(error))
            finally:
                # The locks went with the connection, so nothing of what they guarded is known now.
                connection.terminate()
                self._held.clear()
                self._positions.clear()
                self._copied.clear()
            await asyncio.sleep(PAUSE_S)

    async def _relay(self, connection: Connection) -> None:
        retry_at: dict[str, float] = {}
        clock = asyncio.get_running_loop().time
        while True:
            heed_cancellation()
            for name, head in (await store.heads(connection)).items():
                metrics.ENTRIES.labels(name).set(head.size)
                if retry_at.get(name, 0) > clock():
                    continue
                if not await self._holds(connection, name):
                    retry_at[name] = clock() + PAUSE_S
                    continue
                await self._copy(connection, name, head)
                try:
                    await self._publish(connection, name, head)
                except (NatsError, JetStreamError, TimeoutError) as error:
                    # NATS is a copy: while it is away ballots go on, and the relay starts over.
                    metrics.RELAY_FAILURES.labels("nats").inc()
                    log.warning("relay waits for nats", edition=name, error=type(error).__name__)
                    self._positions.pop(name, None)
                    retry_at[name] = clock() + PAUSE_S
            await asyncio.sleep(POLL_S)

    async def _holds(self, connection: Connection, name: str) -> bool:
        if name not in self._held and await store.try_relay_lock(connection, name):
            self._held.add(name)
        return name in self._held

    async def _copy(self, connection: Connection, name: str, head: StoredHead) -> None:
        if name not in self._copied:
            edition = await self._edition(connection, name)
            self._copied[name] = await check_copy(connection, edition, self._copies)
        if self._copied[name] < head.size:
            copy_checkpoint(self._copies, name, head.note)
            self._copied[name] = head.size
        metrics.COPIED_AT.labels(name).set(time.time())

    async def _publish(self, connection: Connection, name: str, head: StoredHead) -> None:
        """Publish what is committed and not in the stream yet."""
        edition = await self._edition(connection, name)
        if not self._nats.is_connected:
            self._positions.pop(name, None)
            return
        position = self._positions.get(name)
        if position is None:
            position = self._positions[name] = await self._recover(connection, edition)
        while position.size < head.size:
            run, end = await self._next_run(connection, edition, position.size)
            with tracing.publishing(run_subject(ANY)) as headers:
                headers["Nats-Expected-Last-Sequence"] = str(position.sequence)
                answer = await self._jetstream.publish(
                    run_subject(name), encode_run(run), headers=headers
                )
            position.size, position.sequence = end, answer.seq
            metrics.RELAYED.labels(name).set(end)
        metrics.RELAYED.labels(name).set(position.size)
        metrics.RELAYED_AT.labels(name).set(time.time())

    async def _edition(self, connection: Connection, name: str) -> Edition:
        edition = self._editions.known(name) or await self._editions.find(name)
        if edition is None:
            raise store.CorruptLog(f"the log {name!r} has a head and no first milestone")
        await edition.refresh(connection)
        return edition

    async def _recover(self, connection: Connection, edition: Edition) -> Position:
        """Where the stream stands; it is made if it is not there.

        Raises `LogBehind` if the log's own key says that the database is behind. What is no run
        under that key is passed over: NATS is a copy, and nobody stops the ballot box through it.
        """
        stream, subject = stream_name(edition.name), run_subject(edition.name)
        try:
            info = await self._jetstream.stream_info(stream)
        except NotFoundError:
            config = _stream_config(stream, subject, self._stream_replicas)
            info = await self._jetstream.add_stream(config)
            log.info("relay begins a stream", stream=stream)
        newest = await self._newest_run(edition, stream, subject)
        if newest is None:
            return Position(0, info.state.last_seq)
        run, sequence = newest
        published = await check_note(connection, edition, run.checkpoint, f"the stream {stream}")
        log.info("relay goes on", stream=stream, size=published.size)
        return Position(published.size, max(sequence, info.state.last_seq))

    async def _newest_run(
        self, edition: Edition, stream: str, subject: str
    ) -> tuple[Run, int] | None:
        """The last run under the log's key and its sequence; None: begin with the first entry."""
        foreign = 0
        found = None
        try:
            message = await self._jetstream.get_last_msg(stream, subject)
            while (run := _run_under(edition.verifier, message.data)) is None:
                foreign += 1
                if foreign == LOOK_BACK or message.seq is None or message.seq <= 1:
                    break
                message = await self._jetstream.get_msg(stream, message.seq - 1)
            found = (run, message.seq or 0) if run else None
        except NotFoundError:
            pass  # there is no message, or none before those that were no runs
        if foreign:
            metrics.RELAY_FAILURES.labels("foreign").inc()
            log.error("messages in the stream are no runs", stream=stream, size=foreign)
        return found

    async def _next_run(
        self, connection: Connection, edition: Edition, start: int
    ) -> tuple[Run, int]:
        """The longest run from `start` that is within bounds, but at least one checkpoint long."""
        ahead = await store.checkpoints_after(connection, edition.name, start, CHECKPOINTS_AHEAD)
        ends = [(size, note) for size, note in ahead if size <= start + TILE_WIDTH] or ahead[:1]
        entries = await store.entries(connection, edition.name, start, ends[-1][0])
        openings: Sequence[bytes] = [b""] * len(entries)
        if edition.state is not None and edition.state.openings_public:
            openings = await store.openings(connection, edition.name, start, ends[-1][0])
        while len(ends) > 1 and _bytes(entries, openings, ends[-1][0] - start) > MAX_RUN_BYTES:
            ends.pop()
        end, note = ends[-1]
        count = end - start
        run = Run(start, encode_bundle(entries[:count]), encode_bundle(openings[:count]), note)
        return run, end


def _run_under(verifier: Verifier, payload: bytes | None) -> Run | None:
    """The run in a message, if it ends at a checkpoint that the log's key signed."""
    try:
        run = decode_run(payload or b"")
        open_checkpoint(run.checkpoint, verifier)
    except (msgspec.ValidationError, msgspec.DecodeError, LogFormatError):
        return None
    return run


def _bytes(entries: Sequence[bytes], openings: Sequence[bytes], count: int) -> int:
    return sum(map(len, entries[:count])) + sum(map(len, openings[:count]))


def _stream_config(name: str, subject: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=name,
        subjects=[subject],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        deny_delete=True,
        deny_purge=True,
        allow_direct=False,
    )
