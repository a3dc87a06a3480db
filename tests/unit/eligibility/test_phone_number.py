"""Phone numbers: one form for one phone, and none for what cannot receive a code."""

import random

import phonenumbers
import pytest

from shared.eligibility.errors import BadPhoneNumber
from shared.eligibility.phone_number import parse_phone_number


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 138 0013 8000",
        "(+86) 138.0013.8000",
        "0086-138-0013-8000",
        "１３８００１３８０００",
        "＋８６１３８００１３８０００",
        "138\u20110013\u20118000",
        "\u202a+8613800138000\u202c",
        "013800138000",
    ],
)
def test_one_phone_has_one_form(typed: str) -> None:
    """However it is written."""
    assert parse_phone_number(typed) == "+8613800138000"


def test_the_form_is_that_of_libphonenumber() -> None:
    """For every number that it holds valid, with and without a country code."""
    numbers = random.Random(3)
    compared = 0
    while compared < 300:
        national = f"1{numbers.randint(3, 9)}{numbers.randint(0, 999_999_999):09}"
        for prefix in ("", "+86", "0086"):
            number = phonenumbers.parse(prefix + national, "CN")
            if phonenumbers.is_valid_number(number):
                form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                assert parse_phone_number(prefix + national) == form
                compared += 1


def test_a_range_that_the_library_has_not_heard_of_is_accepted() -> None:
    """Operators open ranges sooner than libraries learn of them."""
    assert not phonenumbers.is_valid_number(phonenumbers.parse("+8614900000000"))
    assert parse_phone_number("14900000000") == "+8614900000000"


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("+852 9123 4567", "+85291234567"),
        ("00852 9123 4567", "+85291234567"),
        ("+44 7911 123456", "+447911123456"),
        ("+1 415 555 2671", "+14155552671"),
    ],
)
def test_mobile_phones_of_other_countries_are_accepted(typed: str, form: str) -> None:
    """With their country code."""
    assert parse_phone_number(typed) == form


@pytest.mark.parametrize(
    "typed", ["010-88886666", "+862188886666", "+1 800 356 9377", "+85221234567", "95588123"]
)
def test_what_receives_no_message_is_refused(typed: str) -> None:
    """Land lines, and numbers of services."""
    with pytest.raises(BadPhoneNumber):
        parse_phone_number(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1380013800",
        "138001380000",
        "23800138000",
        "+999 1234 5678",
        "13800138000 ext. 5",
        "1-800-FLOWERS",
        "tel:13800138000",
        "+",
        "++8613800138000",
        "138,0013,8000",
        "١٣٨٠٠١٣٨٠٠٠",
        "1" * 1000,
    ],
)
def test_what_is_no_phone_number_is_refused(typed: str) -> None:
    """Too short, too long, of no country, or with something in it."""
    with pytest.raises(BadPhoneNumber):
        parse_phone_number(typed)


@pytest.mark.parametrize("typed", ["010-88886666", "1380013800", "+999123456789", "138001380001x"])
def test_an_error_never_quotes_the_number(typed: str) -> None:
    """It may come to a log or a screen."""
    with pytest.raises(BadPhoneNumber) as caught:
        parse_phone_number(typed)
    told = f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"
    assert not any(typed[at : at + 4] in told for at in range(len(typed) - 3))
