"""Which editions are counted: those counted before, and those that the ballot service lists.

The list is only a hint where to look. What an edition is, its log says, under the one key and the
one origin that the settings name.
"""

import asyncio
from collections.abc import Iterator

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.tally import store
from services.tally.board import Board, Channel
from services.tally.consumer import Consumer
from services.tally.counter import Counter
from services.tally.evidence import LogReader
from services.tally.feed import RunFeed
from services.tally.pace import Pace
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.errors import ClientError
from shared.client.log_source import open_log
from shared.client.transport import Patience
from shared.edition.manifest import EditionId, LogIdentity
from shared.edition.views import Contradiction
from shared.service.nats import heed_cancellation
from shared.service.subjects import tally_subject

MAX_EDITIONS = 1000

PATIENCE = Patience(attempts=2, timeout_s=10, first_pause_s=0.1, longest_pause_s=2)
"""A reader that asks again soon by itself need not insist."""

log = structlog.get_logger()


class Editions:
    """Finds editions and counts each in a task of its own, on the channels of `board`."""

    def __init__(
        self,
        log_url: str,
        logs: LogIdentity,
        *,
        pool: store.Pool,
        nats: Client,
        counter: Counter,
        board: Board,
        pace: Pace,
    ) -> None:
        """`logs.origin` is the prefix of all origins; an edition's is `<prefix>/<edition>`."""
        self._log_url = log_url.rstrip("/")
        self._logs = logs
        self._pool = pool
        self._nats = nats
        self._counter = counter
        self._board = board
        self._pace = pace
        self._consumers: dict[str, Consumer] = {}
        self._listed_before = True

    def contradictions(self) -> Iterator[tuple[str, Contradiction]]:
        """The editions whose logs contradict themselves."""
        for edition, consumer in self._consumers.items():
            if consumer.contradiction is not None:
                yield edition, consumer.contradiction

    def failing(self) -> dict[str, str]:
        """The editions that cannot be counted now, and why."""
        return {
            edition: consumer.failure
            for edition, consumer in self._consumers.items()
            if consumer.failure is not None
        }

    async def run(self) -> None:
        """Count all that there are, until cancelled."""
        async with (
            asyncio.TaskGroup() as tasks,
            open_ballot_box(self._log_url, PATIENCE) as box,
        ):
            for edition in await store.editions(self._pool):
                self._begin(edition, tasks)
            while True:
                for edition in await self._listed(box):
                    if edition not in self._consumers and len(self._consumers) < MAX_EDITIONS:
                        self._begin(edition, tasks)
                self._board.complete |= self._listed_before
                await asyncio.sleep(self._pace.discover_s)

    async def _listed(self, box: BallotBox) -> list[str]:
        try:
            listed = await box.editions()
            names = [msgspec.convert(one.edition, EditionId) for one in listed.editions]
        except (ClientError, msgspec.ValidationError) as error:
            if self._listed_before:
                log.warning("the list of editions cannot be read", error=str(error))
            self._listed_before = False
            return []
        self._listed_before = True
        return names

    def _begin(self, edition: str, tasks: asyncio.TaskGroup) -> None:
        log.info("counting begins", edition=edition)
        channel = Channel(edition, self._publish, self._pace.publish_s)
        consumer = Consumer(
            edition,
            LogIdentity(origin=f"{self._logs.origin}/{edition}", key=self._logs.key),
            pool=self._pool,
            counter=self._counter,
            channel=channel,
            pace=self._pace,
        )
        self._board.add(channel)
        self._consumers[edition] = consumer
        tasks.create_task(channel.run(), name=f"channel {edition}")
        tasks.create_task(self._consume(consumer), name=f"consumer {edition}")

    async def _consume(self, consumer: Consumer) -> None:
        feed = RunFeed(self._nats, consumer.edition)
        async with open_log(f"{self._log_url}/log/{consumer.edition}", PATIENCE) as source:
            await consumer.run(LogReader(source, consumer.verifier), feed)

    async def _publish(self, edition: str, snapshot: bytes) -> None:
        if not self._nats.is_connected:
            return
        try:
            await self._nats.publish(tally_subject(edition), snapshot)
        except NatsError as error:
            log.warning("snapshot not published", edition=edition, error=type(error).__name__)
        heed_cancellation()
