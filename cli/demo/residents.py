"""The demonstration's made-up people: whom the roll lists, and how a code reaches them.

Their identity numbers are right by GB 11643 and can belong to nobody: there is no place with a code
that begins with 99, and nobody who was born before 1904 is alive.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from stdnum.iso7064 import mod_11_2

from shared.eligibility.views import RollRecord

NOWHERE: Final = 990_000
FIRST_BIRTHDAY: Final = date(1900, 1, 1)
BIRTHDAYS: Final = 1460
NUMBERS_A_DAY: Final = 999
WITHOUT_PHONE: Final = 50
"""One in so many has no phone and gets a sealed code at a counter."""

_LINES: Final = 2000


class Resident(Struct, frozen=True):
    """Somebody on the roll; without a phone (E.164), a counter code identifies them."""

    identity_number: str
    phone: str | None

    def __repr__(self) -> str:
        """Without the person, as everywhere."""
        return "Resident()"


def residents(count: int) -> Sequence[Resident]:
    """So many people, the same ones each time."""
    return [resident(number) for number in range(count)]


def resident(number: int) -> Resident:
    """The person with this number, from 0."""
    return Resident(_identity_number(number), None if _lacks_phone(number) else _phone(number))


async def roll_lines(people: Sequence[Resident]) -> AsyncIterator[bytes]:
    """The roll as `RegistrarDesk.import_roll` takes it."""
    for start in range(0, len(people), _LINES):
        yield b"".join(
            msgspec.json.encode(
                RollRecord(identity_number=one.identity_number, phone=one.phone, district="演示")
            )
            + b"\n"
            for one in people[start : start + _LINES]
        )


def _lacks_phone(number: int) -> bool:
    return number % WITHOUT_PHONE == WITHOUT_PHONE - 1


def _phone(number: int) -> str:
    return f"+86199{number:08}"


def _identity_number(number: int) -> str:
    rest, day = divmod(number, BIRTHDAYS)
    place, serial = divmod(rest, NUMBERS_A_DAY)
    born = FIRST_BIRTHDAY + timedelta(days=day)
    digits = f"{NOWHERE + place}{born:%Y%m%d}{serial + 1:03}"
    return digits + mod_11_2.calc_check_digit(digits)
