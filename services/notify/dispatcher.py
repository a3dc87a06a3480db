"""Sends what is due on one channel: claims, hands over, records, again and again.

Results and claims go to the database together, in one commit; those that arrive meanwhile are the
next. So the number of messages that a kill leaves unknown is at most the number under way, and the
database is asked no more often than it can answer. Several processes share a channel's messages.
"""

import asyncio
import random
from typing import Final, get_args

import structlog
from msgspec import Struct

from services.notify import deliveries, metrics, store
from services.notify.backoff import Rest
from services.notify.channels.channel import (
    GONE,
    Accepted,
    Channel,
    Outcome,
    Rejected,
    Retry,
    Unknown,
)
from services.notify.deliveries import Claimed, Done, State
from services.notify.health import Health
from services.notify.letters import Letters, NoRecipient
from services.notify.pace import Pace
from services.notify.run import Run
from services.notify.store import CONNECTION_LOST, Pool
from services.notify.token_bucket import TokenBucket
from services.notify.verdict import verdict
from shared.notices.views import ChannelName, Language

DOUBT_S: Final = 60.0
"""For so long after a failure a claim whose answer was lost may still come to be committed."""

BURST_S: Final = 1.0

ALL_LANGUAGES: Final[frozenset[Language]] = frozenset(get_args(Language))

log = structlog.get_logger()


class Outlet(Struct, frozen=True):
    """A way to reach people: what carries it, how many at once, and how many a second (0: any).

    `languages` are those in which strangers may subscribe.
    """

    name: ChannelName
    channel: Channel
    at_once: int
    rate: float
    languages: frozenset[Language] = ALL_LANGUAGES


class Dispatcher:
    """Sends the messages of one outlet until it is stopped."""

    def __init__(self, outlet: Outlet, pool: Pool, run: Run, letters: Letters, pace: Pace) -> None:
        self.outlet = outlet
        self._health = Health()
        self._pool = pool
        self._run = run
        self._letters = letters
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._bucket = TokenBucket(outlet.rate, outlet.rate * BURST_S, self._loop.time())
        self._rest = Rest()
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._done: list[Done] = []
        self._stir = asyncio.Event()
        self._stopping = False
        self._doubt_until = 0.0
        for state in get_args(State):
            metrics.DELIVERIES.labels(outlet.name, state)

    @property
    def working(self) -> bool:
        """Whether the newest messages were handed over, as far as there were any."""
        return isinstance(self._health.expected(self._loop.time()), Accepted)

    def wake(self) -> None:
        """There may be something to send."""
        self._stir.set()

    def stop(self) -> None:
        """Begin nothing more; `run` returns when what is under way is recorded."""
        self._stopping = True
        self._stir.set()

    async def run(self) -> None:
        """Send until stopped."""
        while not self._stopping or self._under_way or self._done:
            try:
                await self._turn()
            except CONNECTION_LOST as error:
                log.warning(
                    "messages cannot be claimed or recorded",
                    channel=self.outlet.name,
                    error=type(error).__name__,
                )
                self._doubt_until = self._loop.time() + DOUBT_S
                await asyncio.sleep(self._pace.retry_s)

    def abandon(self) -> None:
        """Cut off what is under way: it stays `sending`, and the next to look calls it unknown."""
        for task in self._under_way.values():
            task.cancel()

    async def _turn(self) -> None:
        self._stir.clear()
        limit, done = self._capacity(), self._done[:]
        if limit == 0 and not done:
            await self._wait()
            return
        if self._loop.time() < self._doubt_until:
            held = {*self._under_way, *(one.id for one in done)}
            await deliveries.release(self._pool, self._run.number, self.outlet.name, held)
        claimed = await deliveries.turn(self._pool, self._run.number, self.outlet.name, done, limit)
        del self._done[: len(done)]  # what came meanwhile stands behind
        self._bucket.put_back(limit - len(claimed))
        for one in claimed:
            self._begin(one)
        if len(claimed) < limit:
            await self._wait()

    def _capacity(self) -> int:
        """How many messages may begin now."""
        if self._stopping or not self._run.held:
            return 0
        now, free = self._loop.time(), self.outlet.at_once - len(self._under_way)
        return self._bucket.take(self._rest.allowed(len(self._under_way), free, now), now)

    async def _wait(self) -> None:
        """Until a message is done, or something may be due, or the rate allows another."""
        now = self._loop.time()
        pause_s = self._rest.wait_s(now) or self._bucket.wait_s(now) or self._pace.poll_s
        try:
            async with asyncio.timeout(min(pause_s, self._pace.poll_s)):
                await self._stir.wait()
        except TimeoutError:
            return

    def _begin(self, claimed: Claimed) -> None:
        self._under_way[claimed.id] = asyncio.create_task(self._deliver(claimed))

    async def _deliver(self, claimed: Claimed) -> None:
        """One attempt. Cancelled, it records nothing: the message was perhaps sent."""
        outcome = await self._attempt(claimed)
        now = self._loop.time()
        self._health.record(outcome, now)
        self._rest.record(failed=isinstance(outcome, Retry), now=now)
        chance = random.random()  # noqa: S311 - spreads load, keeps no secret
        done = verdict(claimed.id, claimed.attempt, outcome, chance, self._pace)
        metrics.DELIVERIES.labels(self.outlet.name, done.state).inc()
        del self._under_way[claimed.id]
        self._done.append(done)
        self._stir.set()

    async def _attempt(self, claimed: Claimed) -> Outcome:
        try:
            message = await self._letters.message(claimed)
        except NoRecipient as nobody:
            return Rejected(str(nobody))
        except CONNECTION_LOST:
            return Retry("the announcement cannot be read")
        try:
            outcome = await self.outlet.channel.send(message)
        except Exception as error:
            log.exception("a channel failed", channel=self.outlet.name, error=type(error).__name__)
            return Unknown(f"error in the channel ({type(error).__name__})")
        if outcome == Rejected(GONE) and claimed.handle is not None and claimed.recipient:
            await self._forget(claimed.recipient)
        return outcome

    async def _forget(self, recipient: bytes) -> None:
        """The recipient has said for good that nothing more is wanted."""
        try:
            await store.leave(self._pool, recipient)
        except CONNECTION_LOST as error:  # the next message will hear the same again
            log.warning("a subscription could not be ended", error=type(error).__name__)
