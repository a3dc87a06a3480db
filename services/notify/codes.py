"""One-time codes: asked for by the registrar over NATS, handed to a provider, and forgotten.

A code and its phone number are in memory for as long as the provider takes, and nowhere else: not
in a table, a stream, a log or a metric. What cannot be done in time is answered, never queued. To a
decoy the answer is what a message would meet now, as far as the newest ones tell.
"""

import asyncio
import secrets
import time
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.notify import metrics
from services.notify.channels.channel import (
    Accepted,
    Channel,
    Message,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.health import FAILURES, Health
from services.notify.wording import wording
from shared.edition.errors import UNREADABLE_JSON
from shared.service import tracing
from shared.service.codes import CodeAnswer, CodeRequest
from shared.service.subjects import CODES_SUBJECT

LIMIT_S: Final = 7.0
"""How long a code may take, a second attempt included; the registrar waits a little longer."""

PAUSE_S: Final = 0.5
AT_ONCE: Final = 500

log = structlog.get_logger()
_decoder = msgspec.json.Decoder(CodeRequest)


class CodeDesk:
    """Sends codes through one channel, or none if no provider is configured."""

    def __init__(self, channel: Channel | None, limit_s: float = LIMIT_S) -> None:
        self._channel = channel
        # Texts with codes are all alike: what refuses one for its text refuses all.
        self._health = Health(refusals=FAILURES)
        self._limit_s = limit_s
        self._under_way: set[asyncio.Task[None]] = set()

    async def receive(self, request: Msg) -> None:
        """Answer a request in a task of its own."""
        if len(self._under_way) >= AT_ONCE:
            metrics.CODES.labels("failed").inc()
            await _respond(request, CodeAnswer("failed", "busy"))
            return
        task = asyncio.create_task(self._serve(request))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Return when everything under way is answered; all of it is bounded in time."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def answer(self, request: CodeRequest) -> CodeAnswer:
        """What comes of one request, within the time limit."""
        if self._channel is None:
            return CodeAnswer("failed", "no-channel")
        if request.phone is None:
            return _answer(self._health.expected(time.monotonic()))
        outcome = await self._send(self._channel, _message(request.phone, request))
        self._health.record(outcome, time.monotonic())
        return _answer(outcome)

    async def _serve(self, message: Msg) -> None:
        try:
            with tracing.receiving(CODES_SUBJECT, [message.headers]):
                request = _decoder.decode(message.data)
        except UNREADABLE_JSON:
            log.error("a code request cannot be read")  # noqa: TRY400 - it may hold a code
            await _respond(message, CodeAnswer("failed", "malformed"))
            return
        answer = await self.answer(request)
        metrics.CODES.labels(answer.outcome).inc()
        if answer.outcome != "accepted":
            log.warning("code not accepted", status=answer.outcome, reason=answer.reason)
        await _respond(message, answer)

    async def _send(self, channel: Channel, message: Message) -> Outcome:
        """Twice at most, the second time only if the first was certainly not sent."""
        deadline = time.monotonic() + self._limit_s
        try:
            async with asyncio.timeout(self._limit_s):
                outcome = await channel.send(message)
        except TimeoutError:
            return Unknown("timeout")
        if not isinstance(outcome, Retry):
            return outcome
        pause_s = max(PAUSE_S, outcome.after_s)
        left_s = deadline - time.monotonic() - pause_s
        if left_s < self._limit_s / 4:
            return outcome
        await asyncio.sleep(pause_s)
        try:
            async with asyncio.timeout(left_s):
                return await channel.send(message)
        except TimeoutError:
            return Unknown("timeout")


def _message(phone: str, request: CodeRequest) -> Message:
    parameters = {"code": request.code, "minutes": str(request.minutes)}
    subject, text = wording("code", "zh", parameters)
    return Message(
        id=secrets.token_hex(16),
        to=phone,
        language="zh",
        kind="code",
        subject=subject,
        text=text,
        parameters=parameters,
    )


def _answer(outcome: Outcome) -> CodeAnswer:
    match outcome:
        case Accepted():
            return CodeAnswer("accepted")
        case Rejected(reason) | Undeliverable(reason):
            return CodeAnswer("refused", reason)
        case Retry(reason):
            return CodeAnswer("failed", reason)
        case Unknown(reason):
            return CodeAnswer("unknown", reason)


async def _respond(message: Msg, answer: CodeAnswer) -> None:
    """Whoever asked has a time limit too: an answer that cannot be given is not kept."""
    if not message.reply:
        return
    try:
        await message.respond(msgspec.json.encode(answer))
    except NatsError as error:
        log.warning("code answer not delivered", error=type(error).__name__)
