"""One-time codes: how many attempts they have, and that a wrong one tells nothing."""

import asyncio
from collections import Counter

import asyncpg
import pytest

from shared.eligibility.views import Challenge, PhoneCode
from tests.integration.registrar.stage import Answer, Ward, other_blinded
from tests.servers import query

ATTEMPTS = 5


def wrong(code: PhoneCode, number: int = 1) -> PhoneCode:
    """The same challenge with a code that is not its own."""
    return PhoneCode(challenge=code.challenge, code=f"{(int(code.code) + number) % 10**6:06}")


async def guess(ward: Ward, code: PhoneCode) -> Answer:
    return await ward.claim(code, other_blinded(0))


async def test_a_code_is_read_as_people_type_it(ward: Ward) -> None:
    """Full-width digits and spaces are the same code."""
    code = await ward.code(1)
    typed = "".join(chr(ord(one) + 0xFEE0) for one in code.code)
    typed = f" {typed[:3]} {typed[3:]} "
    assert (await guess(ward, PhoneCode(challenge=code.challenge, code=typed))).status == 201


async def test_the_right_code_after_four_wrong_ones(ward: Ward) -> None:
    """A person may mistype four times."""
    code = await ward.code(1)
    for number in range(1, ATTEMPTS):
        assert (await guess(ward, wrong(code, number))).slug == "wrong-code"
    assert (await guess(ward, code)).status == 201


async def test_the_right_code_after_five_wrong_ones_is_refused(ward: Ward) -> None:
    """Five wrong attempts end a challenge."""
    code = await ward.code(1)
    for number in range(1, ATTEMPTS + 1):
        await guess(ward, wrong(code, number))
    assert (await guess(ward, code)).slug == "wrong-code"


async def test_of_a_hundred_guesses_at_once_five_are_looked_at(ward: Ward) -> None:
    """The right code after a hundred wrong ones in parallel is too late, whichever came first."""
    code = await ward.code(1)
    answers = await asyncio.gather(*(guess(ward, wrong(code, n)) for n in range(1, 101)))
    assert Counter(answer.slug for answer in answers) == {"wrong-code": 100}
    assert (await guess(ward, code)).slug == "wrong-code"


async def test_an_attempt_waits_for_the_one_before_it(ward: Ward, admin_url: str) -> None:
    """While an attempt is looked at, the next one is not; then it sees what that one counted."""
    code = await ward.code(1)
    connection = await asyncpg.connect(admin_url)
    async with connection.transaction():
        used_up = "UPDATE challenges SET attempts = $2 WHERE edition = $1"
        await connection.execute(used_up, ward.edition, ATTEMPTS)
        claim = asyncio.create_task(guess(ward, code))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(20):
            while not (claim.done() or await connection.fetchval(waiting)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    await connection.close()
    assert (await claim).slug == "wrong-code"


async def test_attempts_count_for_proofs_as_well(ward: Ward) -> None:
    """Credentials and proofs share the five attempts."""
    code = await ward.code(1)
    for number in range(1, ATTEMPTS + 1):
        await ward.prove(wrong(code, number))
    assert (await guess(ward, code)).slug == "wrong-code"


async def test_a_code_lives_five_minutes(ward: Ward, admin_url: str) -> None:
    """What was asked for more than five minutes ago is refused."""
    code = await ward.code(1)
    early = "UPDATE challenges SET expires = expires - interval '300 s' WHERE edition = $1"
    query(admin_url, early, ward.edition)
    assert (await guess(ward, code)).slug == "wrong-code"


async def test_whatever_is_wrong_the_answer_is_the_same(ward: Ward, admin_url: str) -> None:
    """Wrong, exhausted, expired, unknown, of an unlisted person: the same bytes."""
    code = await ward.code(1)
    answers = [await guess(ward, wrong(code))]
    answers += [await guess(ward, wrong(code, number + 2)) for number in range(ATTEMPTS)]
    expired = await ward.code(2)
    early = "UPDATE challenges SET expires = expires - interval '1 h' WHERE edition = $1"
    query(admin_url, early, ward.edition)
    answers.append(await guess(ward, expired))
    answers.append(await guess(ward, PhoneCode(challenge="A" * 22, code="123456")))
    unlisted = (await ward.ask(99)).get(Challenge)
    answers.append(await guess(ward, PhoneCode(challenge=unlisted.challenge, code="123456")))
    assert {(answer.status, answer.body) for answer in answers} == {(403, answers[0].body)}


async def test_no_code_fits_the_challenge_of_an_unlisted_person(ward: Ward, admin_url: str) -> None:
    """Even the code in the decoy does not: what is stored is no code's hash."""
    challenge = (await ward.ask(99)).get(Challenge).challenge
    async with asyncio.timeout(5):
        while not any(one.phone is None for one in ward.notify.received):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for decoy in [one for one in ward.notify.received if one.phone is None][-ATTEMPTS:]:
        answer = await guess(ward, PhoneCode(challenge=challenge, code=decoy.code))
        assert answer.slug == "wrong-code"


@pytest.mark.parametrize("number", ["11010519491231002", "110105194912310021", "abc"])
async def test_a_number_that_is_none_is_refused_without_quoting_it(ward: Ward, number: str) -> None:
    """The answer names what is wrong and never repeats the number."""
    answer = await ward.registrar.post(ward.edition, "challenges", {"identity_number": number})
    assert (answer.status, answer.slug) == (422, "bad-identity-number")
    assert number.encode() not in answer.body


@pytest.mark.parametrize(
    "document", [{}, {"phone": "13800138000"}, {"identity_number": "1", "phone": "13800138000"}]
)
async def test_a_person_named_in_another_way_is_refused(
    ward: Ward, document: dict[str, str]
) -> None:
    """In mode roll the identity number says who it is, and nothing else."""
    answer = await ward.registrar.post(ward.edition, "challenges", document)
    assert (answer.status, answer.slug) == (422, "bad-person")
