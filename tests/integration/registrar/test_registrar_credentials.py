"""One person, one credential: what the registrar gives out, and to whom."""

import asyncio
from collections import Counter

from shared.eligibility.views import Challenge, PhoneCode
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.stage import Registrar, Ward, counter, other_blinded, phone
from tests.servers import query


async def test_a_listed_person_gets_a_credential(ward: Ward) -> None:
    """Identity number, code and blinded message lead to a credential that verifies."""
    key = ward.key()
    answer = await ward.claim(await ward.code(1), key.blinded)
    assert len(key.credential(answer)) == 256


async def test_the_same_blinded_message_gets_the_same_answer(ward: Ward) -> None:
    """Whoever lost the answer asks again with the same code."""
    key, code = ward.key(), await ward.code(1)
    first = await ward.claim(code, key.blinded)
    assert (first.status, (await ward.claim(code, key.blinded)).body) == (201, first.body)


async def test_a_new_code_for_the_same_blinded_message(ward: Ward) -> None:
    """Whoever lost the answer for longer gets it by another challenge."""
    key = ward.key()
    first = await ward.claim(await ward.code(1), key.blinded)
    assert (await ward.claim(await ward.code(1), key.blinded)).body == first.body


async def test_another_blinded_message_is_refused(ward: Ward) -> None:
    """A person who has a credential gets no second one."""
    await ward.claim(await ward.code(1), ward.key().blinded)
    answer = await ward.claim(await ward.code(1), ward.key().blinded)
    assert (answer.status, answer.slug) == (409, "credential-already-issued")


async def test_a_blinded_message_above_the_modulus_is_refused(ward: Ward) -> None:
    """It takes nothing from the person: with a right one, the same code still serves."""
    key, code = ward.key(), await ward.code(1)
    refused = await ward.claim(code, b"\xff" * 256)
    assert (refused.status, refused.slug) == (422, "bad-blinded-message")
    assert (await ward.claim(code, key.blinded)).status == 201


async def test_a_code_serves_in_its_own_edition_only(
    ward: Ward, registrar: Registrar, log: Log, notify: Notify
) -> None:
    """The challenge of one edition is unknown in another."""
    other = await Ward(registrar, log, notify).open()
    answer = await other.claim(await ward.code(1), other.key().blinded)
    assert (answer.status, answer.slug) == (403, "wrong-code")


async def test_no_credentials_after_the_close(ward: Ward) -> None:
    """A right code gets nothing once voting has closed."""
    code = await ward.code(1)
    await ward.close()
    answer = await ward.claim(code, ward.key().blinded)
    assert (answer.status, answer.slug) == (409, "not-issuing")


async def test_a_hundred_requests_for_one_person_yield_one_credential(
    ward: Ward, admin_url: str
) -> None:
    """In parallel, each with another blinded message and a right code: one is issued."""
    code = await ward.code(1)
    answers = await asyncio.gather(
        *(ward.claim_until_answered(code, other_blinded(number)) for number in range(100))
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 99}
    found = query(admin_url, "SELECT FROM issuances WHERE edition = $1", ward.edition)
    assert len(found) == 1


async def test_a_hundred_requests_with_one_blinded_message_get_one_answer(ward: Ward) -> None:
    """In parallel: all get the same bytes."""
    key, code = ward.key(), await ward.code(1)
    answers = await asyncio.gather(
        *(ward.claim_until_answered(code, key.blinded) for _ in range(100))
    )
    assert {(answer.status, answer.body) for answer in answers} == {(201, answers[0].body)}


async def test_by_phone_or_at_the_counter_it_is_one_person(ward: Ward) -> None:
    """Whoever got a credential by phone gets no other one with a counter code."""
    await ward.claim(await ward.code(1), ward.key().blinded)
    (printed,) = await ward.counter_codes()
    answer = await ward.claim(counter(printed, 1), ward.key().blinded)
    assert (answer.status, answer.slug) == (409, "credential-already-issued")


async def test_in_mode_phone_a_phone_is_a_person(
    registrar: Registrar, log: Log, notify: Notify
) -> None:
    """One phone, however it is written, gets one credential."""
    ward = await Ward(registrar, log, notify).open(mode="phone")
    for number, typed in enumerate((phone(1), "138 0000-0001", "００８６13800000001")):
        challenge = (await ward.ask_phone(typed)).get(Challenge).challenge
        code = PhoneCode(challenge=challenge, code=await notify.code(phone(1)))
        answer = await ward.claim(code, ward.key().blinded)
        assert answer.status == (201 if number == 0 else 409)


async def test_in_mode_phone_codes_go_to_the_countries_of_the_settings(
    registrar: Registrar, log: Log, notify: Notify
) -> None:
    """A number abroad, where messages may cost a lot, is refused and told which ones are not."""
    ward = await Ward(registrar, log, notify).open(mode="phone")
    answer = await ward.ask_phone("+44 7400 123456")
    assert (answer.status, answer.slug) == (422, "bad-phone-number")
    assert "+86" in answer.json()["detail"]


async def test_a_person_has_other_references_in_other_editions(
    ward: Ward, registrar: Registrar, log: Log, notify: Notify
) -> None:
    """Without the key nobody can tell that two editions' references are of one person."""
    other = await Ward(registrar, log, notify).open()
    found = [(await one.prove(await one.code(1))).json()["reference"] for one in (ward, other)]
    assert found[0] != found[1]
