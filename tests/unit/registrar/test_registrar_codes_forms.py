"""The forms of one-time codes and counter codes."""

import re

import pytest

from services.registrar.codes import (
    new_code,
    new_counter_code,
    read_code,
    read_counter_code,
)


def test_one_time_codes_have_six_digits() -> None:
    """Leading zeros too."""
    codes = {new_code() for _ in range(3_000)}
    assert all(re.fullmatch(r"[0-9]{6}", code) for code in codes)
    assert any(code.startswith("0") for code in codes)


def test_counter_codes_have_no_look_alikes() -> None:
    """I, L, O and U are never printed."""
    printed = "".join(new_counter_code() for _ in range(500))
    assert set(printed) - {"-"} == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


@pytest.mark.parametrize(
    "typed", ["AB0O-1IL9", "ab0o 1il9", "ＡＢ００—１１１９", " ab00\u200b1119 "]
)
def test_a_counter_code_has_one_form(typed: str) -> None:
    """However it was typed."""
    assert read_counter_code(typed) == "AB001119"


@pytest.mark.parametrize("typed", ["012345", "０１２ ３４５", "012-345", "\u2066012345\u2069"])
def test_a_code_has_one_form(typed: str) -> None:
    """However it was typed or copied."""
    assert read_code(typed) == "012345"


def test_printed_codes_are_read_back() -> None:
    """The form that is stored is that of what was printed."""
    code = new_counter_code()
    assert read_counter_code(code) == code.replace("-", "")
