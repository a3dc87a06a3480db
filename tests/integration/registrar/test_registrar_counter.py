"""Counter codes: printed, typed, used once, or voided."""

import asyncio

import asyncpg
import pytest

from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.stage import Answer, Registrar, Ward, counter
from tests.servers import query


async def test_a_counter_code_leads_to_a_credential(ward: Ward) -> None:
    """With the identity number of someone on the roll, without any phone."""
    (code,) = await ward.counter_codes()
    key = ward.key()
    assert key.credential(await ward.claim(counter(code, 1), key.blinded))


@pytest.mark.parametrize(
    "typed",
    [
        lambda code: code.lower(),
        lambda code: code.replace("-", " "),
        lambda code: code.replace("-", "").replace("0", "O").replace("1", "l"),
        lambda code: "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else "—" for c in code),
    ],
)
async def test_a_code_is_read_as_people_type_it(ward: Ward, typed: object) -> None:
    """Case, spaces, full width, O for 0 and l for 1 do not matter."""
    assert callable(typed)
    (code,) = await ward.counter_codes()
    assert (await ward.claim(counter(typed(code), 1), ward.key().blinded)).status == 201


async def test_codes_have_eighty_bits_and_serials_that_follow(ward: Ward) -> None:
    """Sixteen characters of base32 in groups of four; the next batch goes on counting."""
    path = f"{ward.edition}/counter-codes"
    first = await ward.registrar.desk("POST", path, {"count": 3, "batch": "hall"})
    second = await ward.registrar.desk("POST", path, {"count": 2, "batch": "吴兴 2"})
    assert (first.status, first.json()["first_serial"], second.json()["first_serial"]) == (
        201,
        1,
        4,
    )
    codes = first.json()["codes"] + second.json()["codes"]
    assert len(set(codes)) == 5
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(4, 4, 4, 4)}


async def test_a_code_serves_one_person(ward: Ward) -> None:
    """Another person is refused it; the same one may repeat the same request."""
    (code,) = await ward.counter_codes()
    key = ward.key()
    first = await ward.claim(counter(code, 1), key.blinded)
    other = await ward.claim(counter(code, 2), ward.key().blinded)
    again = await ward.claim(counter(code, 1), key.blinded)
    assert (other.status, other.slug) == (403, "wrong-code")
    assert (again.status, again.body) == (201, first.body)


async def test_a_code_gives_nothing_to_someone_who_is_not_listed(ward: Ward) -> None:
    """It stays unused, and the answer is that of a wrong code."""
    (code,) = await ward.counter_codes()
    unlisted = await ward.claim(counter(code, 99), ward.key().blinded)
    wrong = await ward.claim(counter("0" * 16, 1), ward.key().blinded)
    assert (unlisted.status, unlisted.body) == (403, wrong.body)
    assert (await ward.claim(counter(code, 1), ward.key().blinded)).status == 201


async def test_asking_about_a_person_uses_a_code_as_well(ward: Ward) -> None:
    """One code cannot be used to ask about one person after another."""
    (code,) = await ward.counter_codes()
    assert (await ward.prove(counter(code, 1))).json()["issued"] is False
    assert (await ward.prove(counter(code, 2))).slug == "wrong-code"


async def test_the_code_alone_is_not_enough_on_a_roll(ward: Ward) -> None:
    """Somebody must say who they are."""
    (code,) = await ward.counter_codes()
    answer = await ward.claim(counter(code), ward.key().blinded)
    assert (answer.status, answer.slug) == (422, "bad-person")


async def test_in_mode_phone_the_code_is_the_person(
    registrar: Registrar, log: Log, notify: Notify
) -> None:
    """One code, one credential, and no identity number."""
    ward = await Ward(registrar, log, notify).open(mode="phone")
    (code,) = await ward.counter_codes()
    assert (await ward.claim(counter(code), ward.key().blinded)).status == 201
    assert (await ward.claim(counter(code), ward.key().blinded)).status == 409
    assert (await ward.claim(counter(code, 1), ward.key().blinded)).slug == "bad-person"


async def test_the_desk_sees_how_many_were_used(ward: Ward) -> None:
    """Printed, used, and issued at the counter, apart from those by phone."""
    codes = await ward.counter_codes(3)
    await ward.claim(counter(codes[0], 1), ward.key().blinded)
    await ward.claim(await ward.code(2), ward.key().blinded)
    view = (await ward.registrar.desk("GET", ward.edition)).json()
    assert view == {
        "edition": ward.edition,
        "mode": "roll",
        "sealed": True,
        "size": 10,
        "with_phone": 10,
        "issued_by_phone": 1,
        "issued_at_counter": 1,
        "counter_codes_printed": 3,
        "counter_codes_used": 1,
        "counter_codes_voided": 0,
        "issuance_reported": False,
    }


async def void(ward: Ward, *serials: int) -> Answer:
    """Let the desk void these numbers."""
    path = f"{ward.edition}/counter-codes/voided"
    return await ward.registrar.desk("POST", path, {"serials": serials})


async def test_a_voided_code_is_worth_nothing(ward: Ward) -> None:
    """Whoever finds the slip is answered as for a wrong code; the others of the lot work."""
    codes = await ward.counter_codes(3)
    assert (await void(ward, 2)).status == 200
    lost = await ward.claim(counter(codes[1], 1), ward.key().blinded)
    wrong = await ward.claim(counter("0" * 16, 1), ward.key().blinded)
    assert (lost.status, lost.body) == (403, wrong.body)
    assert (await ward.prove(counter(codes[1], 1))).slug == "wrong-code"
    assert (await ward.claim(counter(codes[0], 1), ward.key().blinded)).status == 201


async def test_voiding_again_changes_nothing(ward: Ward) -> None:
    """Whoever lost the answer asks once more."""
    await ward.counter_codes(2)
    assert (await void(ward, 1, 2)).body == (await void(ward, 2, 1)).body


async def test_what_was_used_is_not_voided_and_nothing_beside_it(ward: Ward) -> None:
    """The credential stands, so the count must not say otherwise; all numbers or none."""
    codes = await ward.counter_codes(2)
    await ward.claim(counter(codes[1], 1), ward.key().blinded)
    refused = await void(ward, 1, 2)
    assert (refused.status, refused.slug) == (409, "counter-code-used")
    assert (await ward.claim(counter(codes[0], 2), ward.key().blinded)).status == 201


async def test_a_number_that_there_is_not_is_not_voided(ward: Ward) -> None:
    """A slip of the hand must not pass for done."""
    codes = await ward.counter_codes(2)
    refused = await void(ward, 1, 3)
    assert (refused.status, refused.slug) == (404, "unknown-counter-code")
    assert (await ward.claim(counter(codes[0], 1), ward.key().blinded)).status == 201


@pytest.mark.parametrize("serials", [[], [0], [2**63], ["x"], list(range(1, 1_002))])
async def test_what_are_no_numbers_is_refused(ward: Ward, serials: list[object]) -> None:
    """None, too many, or none that a slip can have."""
    path = f"{ward.edition}/counter-codes/voided"
    answer = await ward.registrar.desk("POST", path, {"serials": serials})
    assert (answer.status, answer.slug) == (400, "malformed-json")


async def test_a_code_is_voided_or_used_and_never_both(ward: Ward) -> None:
    """At the same moment, one of the two comes first, and the other hears of it."""
    codes = await ward.counter_codes(9)
    for serial, code in enumerate(codes, 1):
        voided, used = await asyncio.gather(
            void(ward, serial), ward.claim(counter(code, serial), ward.key().blinded)
        )
        assert (voided.status, used.status) in {(200, 403), (409, 201)}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE counter_codes SET voided = false WHERE edition = $1 AND voided",
        "UPDATE counter_codes SET used_by = sha256('x') WHERE edition = $1 AND voided",
        "UPDATE counter_codes SET voided = true WHERE edition = $1 AND used_by IS NOT NULL",
    ],
)
async def test_the_database_keeps_what_is_void(ward: Ward, owner_url: str, statement: str) -> None:
    """Even for its owner: what is void stays void and unused, what was used is not void."""
    codes = await ward.counter_codes(2)
    await ward.claim(counter(codes[0], 1), ward.key().blinded)
    await void(ward, 2)
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError)):
        query(owner_url, statement, ward.edition)


async def test_the_desk_sees_lots_in_numbers(ward: Ward) -> None:
    """Printed, used and voided, lot by lot in the order of their numbers."""
    codes = await ward.counter_codes(3)
    await ward.counter_codes(2, "吴兴 2")
    await ward.claim(counter(codes[0], 1), ward.key().blinded)
    await void(ward, 3, 4, 5)
    answer = await ward.registrar.desk("GET", f"{ward.edition}/counter-codes")
    lots = [tuple(one.values()) for one in answer.json()["batches"]]
    assert lots == [("hall", 1, 3, 3, 1, 1), ("吴兴 2", 4, 5, 2, 0, 2)]
    assert (await ward.registrar.desk("GET", ward.edition)).json()["counter_codes_voided"] == 3
