"""The demonstration's made-up people: right in form, each once, and nobody's."""

import msgspec

from cli.demo.residents import BIRTHDAYS, NUMBERS_A_DAY, resident, residents, roll_lines
from shared.eligibility.identity_number import parse_identity_number
from shared.eligibility.phone_number import parse_phone_number
from shared.eligibility.views import RollRecord

PEOPLE = residents(5000)


def test_every_number_is_right() -> None:
    """The registrar takes each as it stands."""
    numbers = [one.identity_number for one in PEOPLE]
    assert [parse_identity_number(number) for number in numbers] == numbers


def test_every_number_and_phone_is_somebodys_own() -> None:
    """No two share one, over more people than there are birthdays."""
    numbers = {one.identity_number for one in PEOPLE}
    phones = [one.phone for one in PEOPLE if one.phone is not None]
    assert (len(numbers), len(set(phones))) == (len(PEOPLE), len(phones))
    assert len(PEOPLE) > BIRTHDAYS


def test_numbers_go_on_after_the_last_of_a_day() -> None:
    """A million voters and more have numbers: another place follows."""
    last = BIRTHDAYS * NUMBERS_A_DAY
    numbers = [resident(number).identity_number for number in (last - 1, last)]
    assert [parse_identity_number(number)[:6] for number in numbers] == ["990000", "990001"]


def test_nobody_living_has_such_a_number() -> None:
    """No place has a code that begins with 99, and nobody was born so long ago."""
    assert {one.identity_number[:2] for one in PEOPLE} == {"99"}
    assert max(one.identity_number[6:10] for one in PEOPLE) == "1903"


def test_phones_are_in_their_one_form() -> None:
    """The inbox shows messages by that form."""
    phones = [one.phone for one in PEOPLE if one.phone is not None]
    assert [parse_phone_number(phone) for phone in phones] == phones


def test_one_in_fifty_has_no_phone() -> None:
    """They get a sealed code at a counter."""
    assert sum(one.phone is None for one in PEOPLE) == len(PEOPLE) // 50


async def test_the_roll_has_a_line_for_each() -> None:
    """As the registrar's desk takes it."""
    lines = b"".join([part async for part in roll_lines(PEOPLE)]).splitlines()
    records = [msgspec.json.decode(line, type=RollRecord) for line in lines]
    assert [(one.identity_number, one.phone) for one in records] == [
        (one.identity_number, one.phone) for one in PEOPLE
    ]
