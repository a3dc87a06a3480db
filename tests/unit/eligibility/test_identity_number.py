"""Identity numbers: GB 11643, checked against its own weights and its own example."""

from datetime import date

import pytest

from shared.eligibility.errors import BadIdentityNumber
from shared.eligibility.identity_number import parse_identity_number

EXAMPLE = "11010519491231002X"
"""The standard's own example."""

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


def completed(body: str) -> str:
    """17 digits with their check character, by the table in the standard."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, body, strict=True))
    return body + CHECKS[total % 11]


@pytest.mark.parametrize("sequence", range(40))
def test_a_number_made_by_the_standard_is_accepted(sequence: int) -> None:
    """Forty in a row have every check character there is."""
    number = completed(f"33050219900228{sequence:03}")
    assert parse_identity_number(number) == number


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-19491231-002x",
        "\u3000110105\u00a019491231\u200b002Ⅹ\t",
    ],
)
def test_what_people_type_is_understood(typed: str) -> None:
    """Full-width characters, spaces, hyphens, a small x."""
    assert parse_identity_number(typed) == EXAMPLE


def test_an_abolished_region_code_is_accepted() -> None:
    """No list is asked: people keep the number that they got."""
    number = completed("99999919900101001")
    assert parse_identity_number(number) == number


@pytest.mark.parametrize("place", range(17))
def test_any_wrong_digit_is_refused(place: int) -> None:
    """The check character finds every single wrong digit."""
    digit = str((int(EXAMPLE[place]) + 1) % 10)
    with pytest.raises(BadIdentityNumber):
        parse_identity_number(EXAMPLE[:place] + digit + EXAMPLE[place + 1 :])


@pytest.mark.parametrize("place", range(16))
def test_two_digits_the_wrong_way_round_are_refused(place: int) -> None:
    """The check character finds every transposition of neighbours."""
    number = completed("12345619871206345")
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(BadIdentityNumber):
        parse_identity_number(swapped)


@pytest.mark.parametrize(
    "birth", ["19900230", "19901301", "19900100", "00000101", "18991231", "20270302"]
)
def test_a_birth_date_that_nobody_has_is_refused(birth: str) -> None:
    """No such day, too long ago, or not yet."""
    with pytest.raises(BadIdentityNumber):
        parse_identity_number(completed(f"330502{birth}001"), date(2027, 3, 1))


def test_who_is_born_today_has_a_number() -> None:
    """The day itself is not in the future."""
    number = completed("33050220270301001")
    assert parse_identity_number(number, date(2027, 3, 1)) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "110105491231002",
        EXAMPLE + "0",
        EXAMPLE[:-1],
        "1101051949123100X2",
        "1.10105E+17",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        " " * 100 + EXAMPLE,
    ],
)
def test_what_has_another_form_is_refused(typed: str) -> None:
    """Too short, too long, an X elsewhere, a spreadsheet's number, digits that are not ours."""
    with pytest.raises(BadIdentityNumber):
        parse_identity_number(typed)


@pytest.mark.parametrize(
    "typed", ["110105194912310021", "330502199002300010", "1101051949123100", "33050218000101001X"]
)
def test_an_error_never_quotes_the_number(typed: str) -> None:
    """It may come to a log or a screen."""
    with pytest.raises(BadIdentityNumber) as caught:
        parse_identity_number(typed)
    told = f"{caught.value!r} {caught.value.detail} {caught.value.__cause__!r}"
    assert not any(typed[at : at + 4] in told for at in range(len(typed) - 3))
