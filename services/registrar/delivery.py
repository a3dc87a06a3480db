"""One-time codes on their way to the notify service, in the background and in memory alone.

A code waits in a bounded queue, is offered for about ten seconds, and is then given up: its five
minutes run, and the person asks for another. A code that a provider has perhaps sent is not sent
again.

Whether delivery works is known from probes: decoys, which are about nobody. What happens to one
person's message starts a probe at most, and changes nothing that anybody else could see: notify
keeps what lies with one number out of what it answers to decoys, and such a refusal is final.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client

from services.registrar import metrics
from services.registrar.codes import CODE_LIFE_S, new_code
from services.registrar.errors import CodesFailing, CodesQueued
from services.registrar.pace import Pace
from shared.edition.errors import UNREADABLE_JSON
from shared.service import tracing
from shared.service.codes import CodeAnswer, CodeOutcome, CodeRequest
from shared.service.nats import heed_cancellation
from shared.service.subjects import CODES_SUBJECT

log = structlog.get_logger()

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CodeAnswer)


class Delivery:
    """Takes codes and sees to it that they get to the notify service."""

    def __init__(self, nats: Client, waiting: int, pace: Pace, refused: metrics.Hourly) -> None:
        self._nats = nats
        self._pace = pace
        self._refused = refused
        self._queue: asyncio.Queue[CodeRequest] = asyncio.Queue(waiting)
        self._reserved = 0
        self._working = True
        self._probe_now = asyncio.Event()
        self._depth = metrics.QUEUE.labels("registrar")

    @property
    def working(self) -> bool:
        """Whether the last probe went through; so it is taken before the first."""
        return self._working

    @contextmanager
    def room(self) -> Iterator[None]:
        """Keep a place for one code, to be sent within the block, which then cannot fail.

        So nobody has a code counted for which there is no place. Raises `CodesFailing` or
        `CodesQueued` if a code would not get anywhere soon.
        """
        if not self._working:
            raise CodesFailing("the last attempts to send codes failed")
        if self._queue.qsize() + self._reserved >= self._queue.maxsize:
            raise CodesQueued(f"{self._queue.qsize()} codes are waiting")
        self._reserved += 1
        try:
            yield
        finally:
            self._reserved -= 1

    def send(self, phone: str | None, code: str) -> None:
        """Have a code sent; without a phone, a decoy. Only where there is `room`."""
        assert self._reserved
        self._queue.put_nowait(_request(phone, code))
        self._depth.inc()

    async def drain(self) -> None:
        """Return when everything was delivered or given up, or after the longest wait."""
        try:
            async with asyncio.timeout(self._pace.drain_s):
                await self._queue.join()
        except TimeoutError:
            log.warning("codes were not sent before stopping", size=self._queue.qsize())

    async def send_queued(self) -> None:
        """Deliver codes, one after the other, for ever."""
        while True:
            request = await self._queue.get()
            self._depth.dec()
            try:
                outcome = await self._offer(request)
                if outcome == "refused":
                    self._refused.add()
                metrics.CODES.labels("accepted" if outcome == "refused" else outcome).inc()
                if outcome != "accepted":
                    self._probe_now.set()
            finally:
                self._queue.task_done()

    async def probe(self) -> None:
        """Find out, again and again, whether codes go out."""
        pace = self._pace
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pace.connect_s):
                while not self._nats.is_connected:  # noqa: ASYNC110  # the client has no event
                    await asyncio.sleep(0.01)
        while True:
            working = await self._attempt(_request(None, new_code()), pace.answer_s) == "accepted"
            if working != self._working:
                log.warning("codes go out again" if working else "codes do not go out")
            self._working = working
            metrics.WORKING.labels("registrar").set(working)
            self._probe_now.clear()
            wait_s = pace.probe_s if working else pace.probe_failing_s
            await asyncio.sleep(pace.pause_s)  # however many messages ask for a probe
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._probe_now.wait()
            heed_cancellation()

    async def _offer(self, request: CodeRequest) -> CodeOutcome:
        """Try until somebody has taken it, or perhaps has, or never will, or time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._pace.offer_s
        while True:
            left_s = end - loop.time()
            outcome = await self._attempt(request, min(left_s, self._pace.answer_s))
            if outcome != "failed" or end - loop.time() <= self._pace.pause_s:
                return outcome
            self._probe_now.set()
            await asyncio.sleep(self._pace.pause_s)

    async def _attempt(self, request: CodeRequest, wait_s: float) -> CodeOutcome:
        if not self._nats.is_connected:  # the client would keep the code until it is
            return "failed"
        try:
            with tracing.publishing(CODES_SUBJECT) as headers:
                payload = _encoder.encode(request)
            reply = await self._nats.request(
                CODES_SUBJECT, payload, timeout=wait_s, headers=headers or None
            )
            heed_cancellation()
            return _decoder.decode(reply.data).outcome
        except nats.errors.TimeoutError:
            heed_cancellation()
            return "unknown"
        except (nats.errors.Error, OSError):
            return "failed"
        except UNREADABLE_JSON as error:
            log.warning("notify answers what cannot be read", error=type(error).__name__)
            return "unknown"


@asynccontextmanager
async def open_delivery(
    nats: Client, waiting: int, pace: Pace, refused: metrics.Hourly
) -> AsyncIterator[Delivery]:
    """Delivery at work; at the end what is queued is delivered first, within bounds."""
    delivery = Delivery(nats, waiting, pace, refused)
    tasks = [asyncio.create_task(delivery.send_queued()) for _ in range(pace.senders)]
    tasks.append(asyncio.create_task(delivery.probe()))
    try:
        yield delivery
        await delivery.drain()
    finally:
        while running := [task for task in tasks if not task.done()]:
            for task in running:  # once may not be enough: see `shared.service.nats`
                task.cancel()
            await asyncio.wait(running, timeout=1)


def _request(phone: str | None, code: str) -> CodeRequest:
    return CodeRequest(phone=phone, code=code, minutes=CODE_LIFE_S // 60)
