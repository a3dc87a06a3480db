"""The lines of a roll's CSV file (RFC 4180, one record a line), whatever a spreadsheet made of it.

The file is read once, line by line, so that it may be a pipe from what decrypts it. UTF-8, with or
without a byte order mark, is told from GB18030 by the first line that is not plain ASCII. Which
columns there are is said by the first line, in Chinese or English; others are not looked at.
"""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from cli.printable import printable
from shared.eligibility.errors import BadRollRecord

MAX_LINE: Final = 4096
"""Most bytes in a line; one that is longer is a bad line."""

Encoding = Literal["utf-8", "gb18030"]
Column = Literal["identity_number", "phone", "district"]

_NAMES: Final[dict[str, Column]] = {
    "身份证号": "identity_number",
    "身份证号码": "identity_number",
    "公民身份号码": "identity_number",
    "identity_number": "identity_number",
    "手机": "phone",
    "手机号": "phone",
    "手机号码": "phone",
    "phone": "phone",
    "辖区": "district",
    "district": "district",
}


class BadLine(Exception):
    """A line that cannot be taken apart; says why, and quotes nothing of it."""


class Line(NamedTuple):
    """One line below the first: its number, counted from 1, and its text or what is wrong."""

    number: int
    size: int
    cells: dict[Column, str] | BadLine | None
    """None for an empty line."""


class RollFile:
    """The lines of one file. Raises `BadRollRecord` if the first line does not name the columns."""

    def __init__(self, file: Path, stream: BinaryIO) -> None:
        self._file = file
        self._stream = stream
        self._encoding: Encoding | None = None
        self._columns: list[Column | None] = []
        self.ignored: tuple[str, ...] = ()
        """The names of the columns that are not looked at."""
        self._read_header()

    @property
    def encoding(self) -> Encoding:
        """What the text turned out to be, as far as it was read."""
        return self._encoding or "utf-8"

    def __iter__(self) -> Iterator[Line]:
        """The lines below the first; raises `OSError`."""
        number = 1
        while raw := self._stream.readline(MAX_LINE):
            number += 1
            size = len(raw)
            if size == MAX_LINE and not raw.endswith(b"\n"):
                size += self._skip_line()
                yield Line(number, size, BadLine(f"it is longer than {MAX_LINE} bytes"))
                continue
            yield Line(number, size, self._cells(raw))

    def _cells(self, raw: bytes) -> dict[Column, str] | BadLine | None:
        try:
            fields = self._fields(raw)
        except BadLine as bad:
            return bad
        if not any(fields):
            return None
        if len(fields) != len(self._columns):
            return BadLine(f"it has {len(fields)} columns, and the first line {len(self._columns)}")
        named = zip(self._columns, fields, strict=True)
        return {column: field for column, field in named if column is not None}

    def _read_header(self) -> None:
        raw = self._stream.readline(MAX_LINE)
        if raw.startswith(BOM_UTF8):
            self._encoding = "utf-8"
        try:
            names = self._fields(raw.removeprefix(BOM_UTF8))
        except BadLine as bad:
            raise BadRollRecord(f"{self._file}, line 1: {bad}") from None
        self._columns = [_NAMES.get(name.casefold()) for name in names]
        self.ignored = tuple(
            printable(name)
            for name, column in zip(names, self._columns, strict=True)
            if column is None
        )
        known = [column for column in self._columns if column is not None]
        if "identity_number" not in known or len(set(known)) < len(known):
            raise BadRollRecord(
                f"{self._file}, line 1: it must name the columns 身份证号, 手机, 辖区"
                " or identity_number, phone, district, the first at least, each once"
            )

    def _fields(self, raw: bytes) -> list[str]:
        text = self._decoded(raw.rstrip(b"\r\n"))
        if "\0" in text:
            raise BadLine("it is no text: save the file as CSV in UTF-8")
        try:
            fields = next(csv.reader((text,), strict=True), [])
        except csv.Error:
            raise BadLine("a quotation mark in it is not closed, or out of place") from None
        return [field.strip() for field in fields]

    def _decoded(self, raw: bytes) -> str:
        if self._encoding is None:
            if raw.isascii():
                return raw.decode("ascii")
            self._encoding = _encoding_of(raw)
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError:
            raise BadLine(f"it is no text in {self._encoding.upper()}") from None

    def _skip_line(self) -> int:
        size = 0
        while raw := self._stream.readline(MAX_LINE):
            size += len(raw)
            if raw.endswith(b"\n"):
                break
        return size


def _encoding_of(raw: bytes) -> Encoding:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"
