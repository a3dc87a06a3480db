"""Codes on their way: what happens when notify or its provider fails, the same for all.

Nothing here waits for a fixed time: states are waited for.
"""

import asyncio

import msgspec
import pytest

from services.registrar.settings import Settings
from shared.eligibility.views import Challenge, PhoneCode
from tests.integration.registrar.parties import PATIENCE_S, Log, Notify
from tests.integration.registrar.stage import BRISK, Ward, open_registrar, phone


async def until_codes(ward: Ward, state: str) -> None:
    """Return when the registrar says this of the delivery of codes."""
    async with asyncio.timeout(PATIENCE_S):
        while (await ward.registration())["codes"] != state:  # noqa: ASYNC110  # asked over HTTP
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("person", [1, 99])
async def test_a_failing_provider_is_the_same_for_everybody(ward: Ward, person: int) -> None:
    """When codes do not go out, listed and unlisted people are told so alike."""
    ward.notify.outcome = "failed"
    assert (await ward.ask(2)).status == 201
    await until_codes(ward, "failing")
    answer = await ward.ask(person)
    assert (answer.status, answer.slug) == (503, "code-delivery-failing")
    assert answer.headers["Retry-After"] == "10"


async def test_after_a_failure_codes_are_offered_again(ward: Ward) -> None:
    """When the provider works again, so does the registrar, without anybody's doing."""
    ward.notify.outcome = "failed"
    await ward.ask(2)
    await until_codes(ward, "failing")
    ward.notify.outcome = "accepted"
    await until_codes(ward, "working")
    assert (await ward.ask(1)).status == 201


async def test_a_code_that_failed_is_tried_again(ward: Ward) -> None:
    """A short failure costs the person nothing but a moment."""
    ward.notify.outcome = "failed"
    answer = await ward.ask(1)
    await until_codes(ward, "failing")
    ward.notify.outcome = "accepted"
    code = PhoneCode(
        challenge=answer.get(Challenge).challenge, code=await ward.notify.code(phone(1))
    )
    assert (await ward.claim(code, ward.key().blinded)).status == 201


async def test_nobody_listening(settings: Settings, log: Log) -> None:
    """A registrar that is alone with NATS says that codes fail, and still answers."""
    async with open_registrar(settings) as registrar:
        ward = await Ward(registrar, log, Notify()).open()
        await until_codes(ward, "failing")
        answer = await ward.ask(1)
    assert (answer.status, answer.slug) == (503, "code-delivery-failing")


async def test_a_code_that_was_perhaps_sent_is_not_sent_again(ward: Ward) -> None:
    """Where the provider's answer was lost, a person must not get two codes for one request."""
    ward.notify.outcome = "unknown"
    await ward.ask(1)
    await until_codes(ward, "failing")
    ward.notify.outcome = "accepted"
    await until_codes(ward, "working")
    await ward.code(2)
    assert ward.notify.waiting(phone(1)) == 0


async def test_more_codes_than_can_wait(settings: Settings, log: Log, notify: Notify) -> None:
    """When too many wait, people are told to come back, whoever they are."""
    slow = msgspec.structs.replace(BRISK, senders=1, answer_s=5.0, offer_s=5.0)
    small = msgspec.structs.replace(settings, waiting_codes=1)
    async with open_registrar(small, slow) as registrar:
        ward = await Ward(registrar, log, notify).open()
        await ward.code(3)
        notify.delay_s = 0.5
        answers = [await ward.ask(person) for person in (1, 2, 99, 4)]
        notify.delay_s = 0.0
    assert answers[0].status == 201
    busy = [answer for answer in answers if answer.status == 503]
    assert {answer.slug for answer in busy} == {"code-delivery-busy"}


async def test_whoever_finds_no_room_has_used_up_nothing(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Of many at the same moment, those who must come later can still ask for their one code."""
    slow = msgspec.structs.replace(BRISK, senders=1, answer_s=5.0, offer_s=5.0)
    small = msgspec.structs.replace(settings, waiting_codes=2, person_per_hour=1)
    people = range(10)
    async with open_registrar(small, slow) as registrar:
        ward = await Ward(registrar, log, notify).open()
        notify.delay_s = 2.0
        answers = await asyncio.gather(*(ward.ask(person) for person in people))
        notify.delay_s = 0.0
        assert {answer.status for answer in answers} == {201, 503}
        busy = [person for person in people if answers[person].status == 503]
        for person in busy:
            await until_let_in(ward, person)


async def until_let_in(ward: Ward, person: int) -> None:
    """Return when a challenge was made; whoever asks too often for it to be made is told so."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await ward.ask(person)).status == 503:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert answer.status == 201


async def test_what_waits_is_delivered_before_stopping(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Whoever was told that a code comes gets it, though the process stops meanwhile."""
    people = range(6)
    patient = msgspec.structs.replace(BRISK, senders=1, answer_s=5.0, offer_s=5.0)
    async with open_registrar(settings, patient) as registrar:
        ward = await Ward(registrar, log, notify).open()
        notify.delay_s = 0.2
        for person in people:
            assert (await ward.ask(person)).status == 201
    assert [notify.waiting(phone(person)) for person in people] == [1] * len(people)
