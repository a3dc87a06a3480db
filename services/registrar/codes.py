"""One-time codes and counter codes: how they are made, and how they are read back.

A one-time code has six digits, five attempts and five minutes; its strength is in those limits. A
counter code has 80 random bits in Crockford's base32, which leaves out I, L, O and U, so that it
can be typed from paper; its strength is its length.
"""

import secrets
from typing import Final

from shared.eligibility.typed import plain

CODE_DIGITS: Final = 6
CODE_ATTEMPTS: Final = 5
CODE_LIFE_S: Final = 300

COUNTER_CODE_CHARS: Final = 16
_GROUP: Final = 4
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")


def new_code() -> str:
    """A one-time code: six digits, each as likely as any other."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def new_counter_code() -> str:
    """A counter code as it is printed: XXXX-XXXX-XXXX-XXXX."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(COUNTER_CODE_CHARS))
    return "-".join(code[i : i + _GROUP] for i in range(0, COUNTER_CODE_CHARS, _GROUP))


def read_code(typed: str) -> str:
    """A one-time code as somebody typed it, in one form; whether it is one is not looked at."""
    return plain(typed)


def read_counter_code(typed: str) -> str:
    """A counter code as somebody typed it, in one form, look-alikes put right."""
    return plain(typed).upper().translate(_LOOK_ALIKES)
