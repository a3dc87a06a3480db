"""People who do not exist, with identity numbers and phones as real ones have them, and rolls."""

from collections.abc import Iterable
from pathlib import Path

from stdnum.iso7064 import mod_11_2

HEADER = "身份证号,手机,辖区"


def identity_number(person: int) -> str:
    """The identity number of this person; nobody has a region code of 999999."""
    body = f"9999991990{person // 1000 % 12 + 1:02}{person // 12_000 + 1:02}{person % 1000:03}"
    return body + mod_11_2.calc_check_digit(body)


def phone(person: int) -> str:
    """The phone of this person, as it is written at home."""
    return f"139{person:08}"


def roll_line(person: int, district: str = "吴兴区") -> str:
    """The line of this person in a roll."""
    return f"{identity_number(person)},{phone(person)},{district}"


def write_roll(file: Path, lines: Iterable[str], encoding: str = "utf-8") -> Path:
    """A roll's file with these lines below its first."""
    file.write_text("\n".join((HEADER, *lines)) + "\n", encoding=encoding)
    return file
