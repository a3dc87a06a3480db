"""Nothing that can be seen from outside tells whether a person is on the roll."""

import re

import msgspec
import pytest

from cli.embedded.postgres import Postgres
from services.registrar.settings import Settings
from shared.eligibility.views import Challenge, PhoneCode
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.site import ROLE
from tests.integration.registrar.stage import (
    BRISK,
    Answer,
    Ward,
    identity_number,
    open_registrar,
    other_blinded,
    phone,
)
from tests.servers import query

_EXECUTED = re.compile(r"LOG:  execute [^:]+: (.*?)(?=\n\S*\d{4}-\d\d-\d\d )", re.DOTALL)
LISTED, UNLISTED = 1, 99
WARMING = 4


def anonymous(answer: Answer) -> tuple[int, bytes, dict[str, str]]:
    """The answer without what is random in it, and the time."""
    challenge = answer.get(Challenge).challenge.encode()
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "date"}
    return answer.status, answer.body.replace(challenge, b""), headers


async def test_answers_are_equal(ward: Ward) -> None:
    """Status, headers and body are the same but for the random challenge."""
    assert anonymous(await ward.ask(LISTED)) == anonymous(await ward.ask(UNLISTED))


@pytest.mark.parametrize("codes", [1_000, WARMING], ids=["some left", "all used"])
async def test_statements_are_equal(
    postgres_server: Postgres, settings: Settings, log: Log, notify: Notify, codes: int
) -> None:
    """PostgreSQL is asked the same statements in the same order, at each of the two requests.

    So it is when the codes of the edition's day are used up, until everybody is told.
    """
    settings = msgspec.structs.replace(settings, edition_per_day=codes)
    pace = msgspec.structs.replace(BRISK, budget_s=1_000.0)
    query(postgres_server.admin_dsn, f"ALTER ROLE {ROLE} SET log_statement = 'all'")
    file = postgres_server.data / "logs" / "postgres.log"
    try:
        async with open_registrar(settings, pace) as registrar:
            ward = await Ward(registrar, log, notify).open()
            for person in range(
                2, 2 + WARMING
            ):  # what a connection asks once in its life comes first
                await ward.claim(await ward.code(person), ward.key().blinded)
            heard: list[list[str]] = []
            for person in (LISTED, UNLISTED, LISTED, UNLISTED):
                before = file.stat().st_size
                challenge = (await ward.ask(person)).get(Challenge).challenge
                await ward.claim(PhoneCode(challenge=challenge, code="x"), other_blinded(0))
                text = file.read_bytes()[before:].decode()
                heard.append(_EXECUTED.findall(text))
    finally:
        query(postgres_server.admin_dsn, f"ALTER ROLE {ROLE} RESET log_statement")
    assert len(heard[0]) >= 6
    assert heard[0] == heard[1] == heard[2] == heard[3]


async def test_both_send_a_request_to_notify(ward: Ward, notify: Notify) -> None:
    """For an unlisted person a decoy goes the same way, and nothing else is said to notify."""
    before = notify.decoys
    await ward.ask(UNLISTED)
    await ward.code(LISTED)
    assert notify.decoys >= before + 1


async def test_someone_on_the_roll_without_a_phone_is_answered_alike(
    ward: Ward, log: Log, notify: Notify
) -> None:
    """A person without a phone can have a code at a counter, and nobody sees it from outside."""
    other = Ward(ward.registrar, log, notify)
    roll = b'{"identity_number": "%s"}' % identity_number(LISTED).encode()
    assert (await ward.registrar.desk("PUT", f"{other.edition}/roll", roll)).status == 200
    other.announce(await other.commit())
    assert anonymous(await other.ask(LISTED)) == anonymous(await other.ask(UNLISTED))


async def test_a_shared_phone_that_had_too_many_codes_is_not_told_of(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """A person whose phone has got all it may get is answered as always, and gets no code."""
    async with open_registrar(msgspec.structs.replace(settings, phone_per_day=2)) as registrar:
        ward = Ward(registrar, log, notify)
        family = [{"identity_number": identity_number(n), "phone": phone(77)} for n in range(3)]
        roll = b"\n".join(map(msgspec.json.encode, family))
        assert (await registrar.desk("PUT", f"{ward.edition}/roll", roll)).status == 200
        ward.announce(await ward.commit())
        answers = [anonymous(await ward.ask(person)) for person in (0, 1, 2, UNLISTED)]
        assert answers == [answers[0]] * len(answers)
        for _ in range(2):
            await notify.code(phone(77))
    assert notify.waiting(phone(77)) == 0
