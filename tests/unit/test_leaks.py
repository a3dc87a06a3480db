"""The leak search finds what it looks for, however it was left; else its silence means nothing."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from tests.leaks import Leak, leaks

VALUE = bytes(range(200, 232))
TEXT = b"330501188803170018"


@pytest.mark.parametrize("value", [VALUE, TEXT])
@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
@pytest.mark.parametrize(
    "left",
    [
        lambda value: value,
        lambda value: value.hex().encode(),
        lambda value: value.hex().upper().encode(),
        b64encode,
        urlsafe_b64encode,
        lambda value: b64encode(value).hex().encode(),
        lambda value: json.dumps({"entry": b64encode(value).decode()}).encode(),
    ],
)
def test_finds_a_value_in_every_form(value: bytes, before: bytes, left: object) -> None:
    """As it is, in hex, in base64 beside other bytes, and in hex of that."""
    assert callable(left)
    content = b"something else " + left(before + value + b"after") + b"\n"
    assert leaks({"value": value}, {"a table": content}) == [Leak("value", "a table")]


def test_finds_nothing_where_nothing_is() -> None:
    """Another value of the same length is no leak."""
    assert leaks({"value": VALUE}, {"a table": b64encode(VALUE[::-1])}) == []


def test_refuses_values_that_are_found_by_chance() -> None:
    """A six-digit code is in many numbers; whoever looks for one must give it some context."""
    with pytest.raises(ValueError, match="by chance"):
        leaks({"value": b"12345"}, {"a table": b""})
