"""One-time codes: asked for over NATS by the registrar, answered, and kept nowhere."""

import asyncio
from collections.abc import Mapping

import asyncpg
import msgspec
import pytest
from msgspec.structs import replace
from nats.aio.client import Client
from nats.errors import NoRespondersError

from services.notify.channels.channel import (
    Accepted,
    Message,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.codes import CodeDesk
from services.notify.settings import Settings
from shared.service.codes import CodeAnswer, CodeRequest
from shared.service.subjects import CODES_SUBJECT
from tests.integration.notify.stage import Service, open_service

PHONE = "+8613800138000"
CODE = "493817"
REQUEST = CodeRequest(phone=PHONE, code=CODE, minutes=5)


class Provider:
    """A provider of text messages: `plan` says what it answers, one after the other."""

    name = "provider"

    def __init__(self, *plan: Outcome, hanging: bool = False) -> None:
        self.taken: list[Message] = []
        self._plan = list(plan)
        self._hanging = hanging

    async def send(self, message: Message) -> Outcome:
        """Take a message."""
        self.taken.append(message)
        if self._hanging:
            await asyncio.Event().wait()
        return self._plan.pop(0) if self._plan else Accepted()


async def asked(registrar: Client, request: CodeRequest | bytes) -> CodeAnswer:
    """What the service answers to a request."""
    data = request if isinstance(request, bytes) else msgspec.json.encode(request)
    reply = await registrar.request(CODES_SUBJECT, data, timeout=10)
    return msgspec.json.decode(reply.data, type=CodeAnswer)


async def test_a_code_is_taken(service: Service, registrar: Client) -> None:
    """A request is answered when the channel has accepted the code, and the text shows it."""
    assert await asked(registrar, REQUEST) == CodeAnswer("accepted")
    (message,) = await service.inbox(PHONE)
    assert (message.parameters, CODE in message.text) == ({"code": CODE, "minutes": "5"}, True)


async def test_a_decoy_sends_nothing(service: Service, registrar: Client) -> None:
    """A request without a phone is answered alike, and no message goes out."""
    decoy = CodeRequest(phone=None, code=CODE, minutes=5)
    assert await asked(registrar, decoy) == CodeAnswer("accepted")
    async with service.session.get(f"{service.url}/inbox/messages") as response:
        assert await response.json() == []


async def test_what_is_no_request_is_answered(service: Service, registrar: Client) -> None:
    """A request that cannot be read has failed, and says no more."""
    assert await asked(registrar, b'{"phone": 1}') == CodeAnswer("failed", "malformed")


async def test_many_at_once_are_all_taken(service: Service, registrar: Client) -> None:
    """A burst of requests is answered one by one."""
    requests = [replace(REQUEST, phone=f"+861380013{number:04}") for number in range(300)]
    answers = await asyncio.gather(*(asked(registrar, request) for request in requests))
    assert set(answers) == {CodeAnswer("accepted")}


async def test_without_a_channel_no_code_is_taken(settings: Settings, registrar: Client) -> None:
    """Without a provider and without the inbox every request fails, decoys too."""
    async with open_service(replace(settings, inbox=False)):
        answers = [await asked(registrar, replace(REQUEST, phone=phone)) for phone in (PHONE, None)]
    assert answers == [CodeAnswer("failed", "no-channel")] * 2


async def test_after_the_stop_nobody_answers(settings: Settings, registrar: Client) -> None:
    """When the service has stopped, who asks is told at once that nobody is there."""
    async with open_service(settings):
        await asked(registrar, REQUEST)
    with pytest.raises(NoRespondersError):
        await asked(registrar, REQUEST)


async def test_nothing_of_a_code_is_stored(service: Service, registrar: Client, admin: str) -> None:
    """After a code was sent no table holds the code or the phone."""
    await asked(registrar, REQUEST)
    assert not [name for name, rows in (await _tables(admin)).items() if _held(rows)]


def _held(rows: str) -> bool:
    return CODE in rows or PHONE[-8:] in rows or PHONE.encode().hex() in rows


async def _tables(admin: str) -> Mapping[str, str]:
    connection = await asyncpg.connect(admin)
    names = [
        row["tablename"]
        for row in await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
    ]
    rows = {name: str(await connection.fetch(f"SELECT * FROM {name}")) for name in names}  # noqa: S608
    await connection.close()
    return rows


async def test_a_certain_failure_is_tried_once_more() -> None:
    """A provider that was busy is asked a second time."""
    provider = Provider(Retry("busy"))
    assert await CodeDesk(provider).answer(REQUEST) == CodeAnswer("accepted")
    assert len(provider.taken) == 2


async def test_the_second_attempt_is_the_same_message() -> None:
    """Both attempts carry one id, so that a provider can recognise the second."""
    provider = Provider(Retry("busy"))
    await CodeDesk(provider).answer(REQUEST)
    assert provider.taken[0] == provider.taken[1]


async def test_two_failures_are_a_failure() -> None:
    """Who fails twice has failed; there is no third attempt."""
    provider = Provider(Retry("busy"), Retry("still busy"))
    assert await CodeDesk(provider).answer(REQUEST) == CodeAnswer("failed", "still busy")


async def test_a_provider_that_wants_a_long_pause_is_not_waited_for() -> None:
    """A pause longer than the time there is ends the matter."""
    provider = Provider(Retry("later", 60.0))
    assert await CodeDesk(provider).answer(REQUEST) == CodeAnswer("failed", "later")


async def test_a_refusal_is_final() -> None:
    """What the provider refused for good is not tried again, and whoever asked is told so."""
    provider = Provider(Rejected("not this text"))
    assert await CodeDesk(provider).answer(REQUEST) == CodeAnswer("refused", "not this text")
    assert len(provider.taken) == 1


@pytest.mark.parametrize("after_s", [None, 60.0])
async def test_a_number_that_gets_none_is_that_numbers_affair(after_s: float | None) -> None:
    """It is refused, each time after one attempt, and a decoy is accepted as before."""
    provider = Provider(*[Undeliverable("not this number", after_s)] * 20)
    desk = CodeDesk(provider)
    answers = [await desk.answer(REQUEST) for _ in range(20)]
    assert set(answers) == {CodeAnswer("refused", "not this number")}
    assert len(provider.taken) == 20
    assert await desk.answer(replace(REQUEST, phone=None)) == CodeAnswer("accepted")


async def test_a_text_that_is_refused_is_everybodys_affair() -> None:
    """All codes have the same text: after two refusals of it, decoys are refused as well."""
    desk = CodeDesk(Provider(*[Rejected("not this text")] * 2))
    for _ in range(2):
        await desk.answer(REQUEST)
    decoy = await desk.answer(replace(REQUEST, phone=None))
    assert decoy == CodeAnswer("refused", "not this text")


async def test_what_was_perhaps_sent_is_not_sent_again() -> None:
    """A lost reply is answered as unknown, after one attempt."""
    provider = Provider(Unknown("the answer was lost"))
    answer = await CodeDesk(provider).answer(REQUEST)
    assert (answer.outcome, len(provider.taken)) == ("unknown", 1)


async def test_a_provider_that_hangs_is_not_waited_for() -> None:
    """A provider that says nothing leaves the outcome unknown when the time is up."""
    desk = CodeDesk(Provider(hanging=True), limit_s=0.1)
    assert await desk.answer(REQUEST) == CodeAnswer("unknown", "timeout")


async def test_a_decoy_meets_what_messages_met() -> None:
    """While the channel fails decoys fail as well."""
    desk = CodeDesk(Provider(Unknown("lost"), Unknown("lost")))
    for _ in range(2):
        await desk.answer(REQUEST)
    assert await desk.answer(replace(REQUEST, phone=None)) == CodeAnswer("unknown", "lost")
