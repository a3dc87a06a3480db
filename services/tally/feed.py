"""The runs of one log from JetStream, pulled in order from a recorded position on.

A pull consumer without acknowledgements: the position is kept with the projection, and a consumer
that is lost (server restarted, stream deleted) is made again there. A stream that is not the one of
the recorded position, or that ends before it, is read from its first message: what is known already
is skipped by whoever counts. Nothing is promised beyond that: gaps are found by the log's indices.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from msgspec import Struct
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import NotFoundError

from services.tally.projection import StreamPosition
from shared.service.nats import heed_cancellation
from shared.service.subjects import run_subject, stream_name

BATCH = 16
"""Runs taken at a time, each at most 256 entries and 1 MiB."""

API_TIMEOUT_S = 2
FORGOTTEN_AFTER_S = 60

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
        self._jetstream = nats.jetstream(timeout=API_TIMEOUT_S)
        self._subscription: JetStreamContext.PullSubscription | None = None
        self._created = datetime.min.replace(tzinfo=UTC)

    async def next(self, after: StreamPosition | None, wait_s: float) -> list[Delivery]:
        """The next messages after `after`; none when none came within `wait_s` seconds."""
        deliveries = await self._look(after, wait_s)
        heed_cancellation()
        if deliveries is None:
            await self._drop()
            await asyncio.sleep(wait_s)
        return deliveries or []

    async def _look(self, after: StreamPosition | None, wait_s: float) -> list[Delivery] | None:
        """The next messages, perhaps none; None when there is nowhere to look."""
        if not self._nats.is_connected:
            return None
        try:
            if self._subscription is None:
                self._subscription = await self._subscribe(after)
            return await self._fetch(self._subscription, wait_s)
        except NotFoundError:
            return None  # the relay has not made the stream yet, or will make it anew
        except (NatsError, TimeoutError) as error:
            log.warning("runs cannot be read", edition=self._edition, error=type(error).__name__)
            return None

    async def _drop(self) -> None:
        """Forget the consumer; the server does so by itself."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None and self._nats.is_connected:
            await subscription.unsubscribe()

    async def _fetch(
        self, subscription: JetStreamContext.PullSubscription, wait_s: float
    ) -> list[Delivery]:
        try:
            messages = await subscription.fetch(BATCH, timeout=wait_s)
        except (NatsTimeout, TimeoutError):
            await subscription.consumer_info()  # `NotFoundError`: it went, and with it the stream?
            return []
        return [
            Delivery(
                message.data,
                StreamPosition(self._created, message.metadata.sequence.stream),
                message.headers,
            )
            for message in messages
        ]

    async def _subscribe(self, after: StreamPosition | None) -> JetStreamContext.PullSubscription:
        name = stream_name(self._edition)
        info = await self._jetstream.stream_info(name)
        self._created = info.created or self._created
        return await self._jetstream.pull_subscribe(
            run_subject(self._edition), stream=name, config=_consumer(info, after)
        )


def _consumer(info: StreamInfo, after: StreamPosition | None) -> ConsumerConfig:
    goes_on = (
        after is not None
        and after.created == info.created
        and after.sequence <= info.state.last_seq
    )
    return ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE if goes_on else DeliverPolicy.ALL,
        opt_start_seq=after.sequence + 1 if goes_on and after else None,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=FORGOTTEN_AFTER_S,
        mem_storage=True,
    )
