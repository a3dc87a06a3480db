"""Counter codes: printed, typed, used once."""

import pytest

from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.stage import Registrar, Ward, counter


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
        "issuance_reported": False,
    }
