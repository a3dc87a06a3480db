"""Caps: how often one person, one network and everybody together may ask."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any

import altcha
import asyncpg
import msgspec
from structlog.testing import capture_logs

from services.registrar.settings import Settings
from shared.service.caps import Cap, CapReached, Connection, count
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.site import Urls
from tests.integration.registrar.stage import (
    BRISK,
    Answer,
    Ward,
    counter,
    identity_number,
    open_registrar,
    other_blinded,
    phone,
)
from tests.servers import query


def with_caps(settings: Settings, **changes: Any) -> Settings:
    return msgspec.structs.replace(settings, **changes)


def solved(puzzle: dict[str, Any]) -> str:
    """A puzzle's solution, as the widget sends it."""
    challenge = altcha.Challenge.from_dict(puzzle)
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    return altcha.Payload(challenge, solution).to_base64()


async def ask_with(ward: Ward, person: int, work: str) -> Answer:
    """Ask for a code with a solved puzzle."""
    document = {"identity_number": identity_number(person), "proof_of_work": work}
    return await ward.registrar.post(ward.edition, "challenges", document)


async def puzzle_of(ward: Ward) -> dict[str, Any]:
    return (await ward.registrar.request("POST", f"/v1/editions/{ward.edition}/puzzles")).json()


async def test_a_person_may_ask_five_times_an_hour(ward: Ward) -> None:
    """The sixth time is refused with the time to wait, whether or not the person is listed."""
    for person in (1, 99):
        answers = [await ward.ask(person) for _ in range(6)]
        assert [answer.status for answer in answers] == [201] * 5 + [429]
        assert answers[-1].slug == "too-many-requests"
        assert 3_500 < int(answers[-1].headers["Retry-After"]) <= 3_600


async def test_in_parallel_no_more_than_five(ward: Ward) -> None:
    """Thirty requests at once for one person: five are let through."""
    answers = await asyncio.gather(*(ward.ask(1) for _ in range(30)))
    assert Counter(answer.status for answer in answers) == {201: 5, 429: 25}


async def test_a_request_that_is_refused_is_not_counted(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Someone who is refused for the network's sake has used up nothing of their own."""
    async with open_registrar(with_caps(settings, block_per_hour=1)) as registrar:
        ward = await Ward(registrar, log, notify).open()
        trusting = [await ward.ask(1) for _ in range(8)]
    assert [answer.status for answer in trusting] == [201] + [429] * 7
    async with open_registrar(settings) as registrar:
        again = [(await ward.at(registrar).ask(1)).status for _ in range(5)]
    assert again == [201] * 4 + [429]


async def test_caps_survive_a_restart(settings: Settings, log: Log, notify: Notify) -> None:
    """They are counted in the database and not in a process."""
    async with open_registrar(settings) as registrar:
        ward = await Ward(registrar, log, notify).open()
        for _ in range(5):
            await ward.ask(1)
    async with open_registrar(settings) as registrar:
        answer = await ward.at(registrar).ask(1)
    assert answer.status == 429


async def test_a_window_ends(ward: Ward, admin_url: str) -> None:
    """When the hour is over the person may ask again."""
    for _ in range(6):
        await ward.ask(1)
    query(admin_url, "UPDATE caps SET ends = now() WHERE scope LIKE '%in an hour'")
    assert (await ward.ask(1)).status == 201


async def test_ten_a_day(ward: Ward, admin_url: str) -> None:
    """The day's cap holds when the hour's has ended."""
    for _ in range(10):
        await ward.ask(1)
        query(admin_url, "DELETE FROM caps WHERE scope LIKE '%in an hour'")
    answer = await ward.ask(1)
    assert (answer.status, int(answer.headers["Retry-After"]) > 80_000) == (429, True)


async def until_refused(ward: Ward, people: Iterable[int]) -> Answer:
    """The first refusal; the people are asked for one after the other."""
    for person in people:
        answer = await ward.ask(person)
        if answer.status != 201:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError("nobody was refused")


async def test_an_edition_has_a_cap_a_day(settings: Settings, log: Log, notify: Notify) -> None:
    """When so many codes were sent no more are, and soon everybody is told so."""
    async with open_registrar(with_caps(settings, edition_per_day=3)) as registrar:
        ward = await Ward(registrar, log, notify).open()
        for person in range(3):
            await ward.code(person)
        refusals = [await until_refused(ward, people) for people in (range(3, 10), range(90, 97))]
    assert {answer.slug for answer in refusals} == {"too-many-requests"}
    assert all(int(answer.headers["Retry-After"]) > 80_000 for answer in refusals)
    assert [notify.waiting(phone(person)) for person in range(3, 10)] == [0] * 7


async def test_the_operator_is_told_that_a_day_is_used_up(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """In a line of the log, when everybody is told."""
    with capture_logs() as logged:
        async with open_registrar(with_caps(settings, edition_per_day=1)) as registrar:
            ward = await Ward(registrar, log, notify).open()
            await ward.code(0)
            await until_refused(ward, range(1, 10))
    told = [line["edition"] for line in logged if line["event"] == "no more codes go out today"]
    assert told == [ward.edition]


async def test_strangers_use_up_no_codes_of_the_edition(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """However many are asked for who are not listed: the codes of a day are for those who are."""
    async with open_registrar(with_caps(settings, edition_per_day=2)) as registrar:
        ward = await Ward(registrar, log, notify).open()
        strangers = [(await ward.ask(person)).status for person in range(50, 70)]
        for person in range(2):
            await ward.code(person)
    assert strangers == [201] * 20


async def test_a_use_of_nothing_is_refused_like_any_other(registrar_database: Urls) -> None:
    """It leaves a cap as it was, and is let through exactly as long as a use is."""
    cap = Cap("tests", secrets.token_bytes(8), 2, 3_600)
    nothing = msgspec.structs.replace(cap, uses=0)
    connection = await asyncpg.connect(registrar_database.service)
    try:
        passed = [await passes(connection, one) for one in (nothing, cap, nothing, cap)]
        refused = [await passes(connection, one) for one in (nothing, cap, nothing)]
    finally:
        await connection.close()
    assert (passed, refused) == ([True] * 4, [False] * 3)


async def passes(connection: Connection, cap: Cap) -> bool:
    """Whether a use is let through."""
    try:
        await count(connection, [cap])
    except CapReached:
        return False
    return True


async def test_the_last_code_of_a_day_is_nobodys_news(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Who had the last one cannot be seen: until the next look all are answered as before."""
    pace = msgspec.structs.replace(BRISK, budget_s=1_000.0)
    async with open_registrar(with_caps(settings, edition_per_day=1), pace) as registrar:
        ward = await Ward(registrar, log, notify).open()
        await ward.code(1)
        answers = [await ward.ask(person) for person in (2, 99, 1, 3, 98)]
    assert [answer.status for answer in answers] == [201] * 5
    assert sum(notify.waiting(phone(person)) for person in range(10)) == 0


async def test_in_mode_phone_a_phone_has_a_cap(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """There it is no secret who has the phone, so the refusal says so."""
    async with open_registrar(with_caps(settings, phone_per_day=2)) as registrar:
        ward = await Ward(registrar, log, notify).open(mode="phone")
        answers = [await ward.ask_phone("+8613912345678") for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]


async def test_a_network_is_the_one_that_a_trusted_proxy_names(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Clients of other blocks are not held up; those of the same block are."""
    changed = with_caps(settings, block_per_hour=1, trusted_proxies="127.0.0.1")
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        hops = ("203.0.113.5", "198.51.100.7", "203.0.113.9")
        answers = [await ward.ask(person, X_Forwarded_For=hop) for person, hop in enumerate(hops)]
    assert [answer.status for answer in answers] == [201, 201, 429]


async def test_a_network_cannot_be_made_up(settings: Settings, log: Log, notify: Notify) -> None:
    """Without a trusted proxy a forwarded address is not looked at."""
    async with open_registrar(with_caps(settings, block_per_hour=1)) as registrar:
        ward = await Ward(registrar, log, notify).open()
        await ward.ask(1)
        answer = await ward.ask(2, X_Forwarded_For="198.51.100.7")
    assert answer.status == 429


async def test_guesses_have_a_cap(settings: Settings, log: Log, notify: Notify) -> None:
    """Trying codes from one network ends at some time, by phone and at the counter apart."""
    changed = with_caps(settings, guesses_per_hour=2, counter_guesses_per_hour=1)
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        code = await ward.code(1)
        by_phone = [await ward.claim(code, other_blinded(0)) for _ in range(3)]
        at_counter = [await ward.claim(counter("X" * 16, 1), other_blinded(0)) for _ in range(2)]
    assert [answer.status for answer in by_phone] == [201, 201, 429]
    assert [answer.status for answer in at_counter] == [403, 429]


async def test_a_solved_puzzle_lets_a_request_pass(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """With proof of work on, the network's cap asks for a puzzle, and takes one."""
    changed = with_caps(settings, block_per_hour=1, proof_of_work=True, proof_of_work_cost=1)
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        await ward.ask(1)
        needed = await ward.ask(2)
        passed = await ask_with(ward, 2, solved(await puzzle_of(ward)))
    assert (needed.status, needed.slug, passed.status) == (429, "proof-of-work-needed", 201)


async def test_solved_puzzles_have_a_cap(settings: Settings, log: Log, notify: Notify) -> None:
    """A network that solves and solves is refused as well, only later."""
    changed = with_caps(
        settings,
        block_per_hour=1,
        block_solved_per_hour=2,
        proof_of_work=True,
        proof_of_work_cost=1,
    )
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        answers = [await ask_with(ward, n, solved(await puzzle_of(ward))) for n in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 429]
    assert answers[-1].slug == "too-many-requests"


async def test_a_puzzle_buys_no_code_beyond_the_day(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Seconds of a device do not pay for texts: the day stays used up."""
    changed = with_caps(settings, edition_per_day=1, proof_of_work=True, proof_of_work_cost=1)
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        await ward.code(1)
        refusal = await until_refused(ward, range(2, 10))
        answer = await ask_with(ward, 1, solved(await puzzle_of(ward)))
    assert (refusal.slug, answer.slug) == ("too-many-requests",) * 2


async def test_a_puzzle_is_good_for_one_request(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Sent again, in the same spelling or another, it is refused."""
    changed = with_caps(settings, proof_of_work=True, proof_of_work_cost=1)
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        work = solved(await puzzle_of(ward))
        payload = altcha.Payload.from_base64(work)
        payload.solution.time = 123.0
        answers = [await ask_with(ward, 1, one) for one in (work, work, payload.to_base64())]
    assert [answer.slug for answer in answers[1:]] == ["proof-of-work-needed"] * 2
    assert answers[0].status == 201


async def test_what_is_no_solved_puzzle_is_refused(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Unsolved, forged, of another edition, or nonsense: none passes, and none breaks anything."""
    changed = with_caps(settings, proof_of_work=True, proof_of_work_cost=1)
    async with open_registrar(changed) as registrar:
        ward = await Ward(registrar, log, notify).open()
        other = await Ward(registrar, log, notify).open()
        puzzle = altcha.Challenge.from_dict(await puzzle_of(ward))
        unsolved = altcha.Payload(puzzle, altcha.Solution(0, "00"))
        forged = altcha.create_challenge(
            "PBKDF2/SHA-256", 1, data={"edition": ward.edition}, hmac_secret=b"guess"
        )
        tries = [
            unsolved.to_base64(),
            solved(forged.to_dict()),
            solved(await puzzle_of(other)),
            "e30=",
            "not base64",
            "W10=",
        ]
        answers = [await ask_with(ward, 1, one) for one in tries]
    assert {answer.slug for answer in answers} == {"proof-of-work-needed"}


async def test_puzzles_are_off_by_default(ward: Ward) -> None:
    """There is none to get, and the network's cap is a plain refusal."""
    answer = await ward.registrar.request("POST", f"/v1/editions/{ward.edition}/puzzles")
    assert (answer.status, answer.slug) == (404, "puzzles-off")
