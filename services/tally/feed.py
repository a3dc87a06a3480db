"""The runs of one log from JetStream, read in order from a recorded position on.

The next message after the position is asked for, one after the other. No consumer is made: whoever
may make one may have the server deliver a stream to any subject of the account, and so into another
log's stream. That there is something new is heard on the subject itself; what is heard there is
taken for a sign only. The position is kept with the projection. A stream that is not the one of the
recorded position, or that ends before it, is read from its first message: what is known already is
skipped by whoever counts. Nothing is promised beyond that: gaps are found by the log's indices.
"""

import asyncio
from collections.abc import Mapping

import structlog
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from services.tally.projection import StreamPosition
from shared.service.nats import heed_cancellation
from shared.service.subjects import run_subject, stream_name

BATCH = 16
"""Runs taken at a time, each at most 256 entries and 1 MiB."""

API_TIMEOUT_S = 2
SETTLE_S = 0.01
"""A message is heard a little before the stream has it on disk."""

log = structlog.get_logger()


class Delivery(Struct, frozen=True):
    """A message as it came, and where the stream stands with it."""

    payload: bytes
    position: StreamPosition
    headers: Mapping[str, str] | None = None


class RunFeed:
    """The stream of one edition's log; an empty answer says that there is nothing, or no NATS."""

    def __init__(self, nats: Client, edition: str) -> None:
        self._nats = nats
        self._edition = edition
        self._subject = run_subject(edition)
        self._jetstream = nats.jetstream(timeout=API_TIMEOUT_S)
        self._listening = False
        self._heard = asyncio.Event()

    async def next(self, after: StreamPosition | None, wait_s: float) -> list[Delivery]:
        """The next messages after `after`; none when none came within `wait_s` seconds."""
        deliveries = await self._look(after, wait_s)
        heed_cancellation()
        if deliveries is None:
            await asyncio.sleep(wait_s)
        return deliveries or []

    async def _look(self, after: StreamPosition | None, wait_s: float) -> list[Delivery] | None:
        """The next messages, perhaps none; None when there is nowhere to look."""
        if not self._nats.is_connected:
            return None
        try:
            await self._listen()
            return await self._await_some(after, wait_s)
        except NotFoundError:
            return None  # the relay has not made the stream yet, or will make it anew
        except (NatsError, TimeoutError) as error:
            log.warning("runs cannot be read", edition=self._edition, error=type(error).__name__)
            return None

    async def _listen(self) -> None:
        async def hear(_: Msg) -> None:
            self._heard.set()

        if not self._listening:  # the client itself subscribes again when it reconnects
            await self._nats.subscribe(self._subject, cb=hear)
            self._listening = True

    async def _await_some(self, after: StreamPosition | None, wait_s: float) -> list[Delivery]:
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait_s
        self._heard.clear()
        while not (deliveries := await self._read(after)) and (left := deadline - clock()) > 0:
            if self._heard.is_set():
                await asyncio.sleep(min(SETTLE_S, left))
            else:
                await self._hear_within(left)
        return deliveries

    async def _hear_within(self, limit_s: float) -> None:
        try:
            async with asyncio.timeout(limit_s):
                await self._heard.wait()
        except TimeoutError:
            pass  # nothing new

    async def _read(self, after: StreamPosition | None) -> list[Delivery]:
        """What is there now; raises `NotFoundError` if there is no stream."""
        name = stream_name(self._edition)
        info = await self._jetstream.stream_info(name)
        assert info.created is not None, "the server says when it made the stream"
        taken: list[Delivery] = []
        sequence = _first(info, after)
        while len(taken) < BATCH and sequence <= info.state.last_seq:
            try:
                message = await self._jetstream.get_msg(
                    name, sequence, subject=self._subject, next=True
                )
            except NotFoundError:
                break  # what is there has another subject, so it is no run
            sequence = message.seq or sequence
            position = StreamPosition(info.created, sequence)
            taken.append(Delivery(message.data or b"", position, message.headers))
            sequence += 1
        return taken


def _first(info: StreamInfo, after: StreamPosition | None) -> int:
    if after is None or after.created != info.created or after.sequence > info.state.last_seq:
        return 1
    return after.sequence + 1
