"""Decimals and base64 as the C2SP formats write them: one spelling for each value.

A second spelling of the same value is refused, so that what was read can be compared and stored as
text without loss.
"""

import re
from base64 import b64decode, b64encode
from typing import Final

from shared.log.errors import LogFormatError

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_SHOWN: Final = 40


def parse_decimal(text: str) -> int:
    """An ASCII decimal below 10^19 without leading zeros; raises `LogFormatError`."""
    if not _DECIMAL.fullmatch(text):
        raise LogFormatError(f"{shorten(text)} is no decimal number without leading zeros")
    return int(text)


def parse_base64(text: str) -> bytes:
    """Standard base64 with padding (RFC 4648, section 4), canonical; raises `LogFormatError`."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise LogFormatError(f"{shorten(text)} is no base64: {error}") from error
    if format_base64(data) != text:
        raise LogFormatError(f"{shorten(text)} is not the canonical base64 of its bytes")
    return data


def format_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(data).decode("ascii")


def shorten(text: str) -> str:
    """Foreign text as an error message may show it: escaped and cut."""
    return ascii(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
