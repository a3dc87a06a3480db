"""Resident identity numbers as GB 11643-1999 defines them: form, birth date, check character.

The first six digits, the place of first registration, are not looked up: people keep their number
when the code of that place is abolished, and new codes come every year. Nor does a right number say
that anyone holds it; that is for the roll to say.
"""

import re
from datetime import date
from typing import Final

from stdnum.iso7064 import mod_11_2

from shared.eligibility.errors import BadIdentityNumber
from shared.eligibility.typed import plain

_FORM: Final = re.compile(r"[0-9]{6}([0-9]{8})[0-9]{3}[0-9X]", re.ASCII)
_EARLIEST: Final = date(1900, 1, 1)


def parse_identity_number(text: str, today: date | None = None) -> str:
    """The number in its one form: 18 characters, X in upper case.

    Full-width characters, spaces, hyphens and a lower-case x are accepted. With `today` (of the
    place where people live), a later birth date is refused. Raises `BadIdentityNumber`, which never
    quotes the number.
    """
    number = plain(text).upper()
    match = _FORM.fullmatch(number)
    if match is None:
        raise BadIdentityNumber("an identity number has 17 digits and a check digit or X")
    born = _birth_date(match[1])
    if born < _EARLIEST or (today is not None and born > today):
        raise BadIdentityNumber("no living person has the birth date in the identity number")
    if not mod_11_2.is_valid(number):
        raise BadIdentityNumber("the check digit does not fit: a digit is wrong or out of place")
    return number


def _birth_date(digits: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise BadIdentityNumber("digits 7 to 14 of the identity number are no date") from None
