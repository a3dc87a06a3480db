"""A roll's files, each line checked before anything is sent.

What is right is kept in memory as the registrar wants it, and never on disk: the numbers in it are
there in clear. What is wrong is named by file and line, and never quoted.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cli.progress import Progress
from cli.roll.lines import BadLine, Column, Encoding, RollFile
from shared.eligibility.errors import BadIdentityNumber, BadPhoneNumber
from shared.eligibility.identity_number import parse_identity_number
from shared.eligibility.phone_number import parse_phone_number
from shared.eligibility.views import RollRecord

MAX_SHOWN: Final = 1000
"""Most bad lines that are named; the others are counted."""

MAX_DISTRICT: Final = 100
_CHUNK_BYTES: Final = 1 << 16
_KILOBYTE: Final = 1000


class BadRollLine(Struct, frozen=True):
    """Where a line is wrong and why; the line itself is not quoted."""

    file: str
    line: int
    why: str


class ReadFile(Struct, frozen=True, kw_only=True):
    """How a file was read: what its text turned out to be, and the columns not looked at."""

    file: str
    encoding: Encoding
    ignored: tuple[str, ...]


class Chunk(Struct, frozen=True):
    """Some records as lines of JSON."""

    records: int
    data: bytes

    def __repr__(self) -> str:
        """Without the people."""
        return f"Chunk({self.records})"


class CheckedRoll:
    """What the files hold: `chunks` of records that are right, and the lines that are not."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.records = 0
        self.bad = 0
        self.named: list[BadRollLine] = []
        self.files: list[ReadFile] = []
        self._seen: dict[int, tuple[int, int]] = {}
        self._pending = bytearray()
        self._pending_records = 0

    def add(self, record: RollRecord, line: int) -> None:
        """Take a record of the file being read; raises `BadLine` for a person met before."""
        # As a number: a large roll's worth of them takes half the memory of strings.
        key = int(record.identity_number[:17])
        here = (len(self.files), line)
        file, first = self._seen.setdefault(key, here)
        if (file, first) != here:
            where = f" of {self.files[file].file}" if file < len(self.files) else ""
            raise BadLine(f"it is the same person as line {first}{where}")
        self.records += 1
        self._pending += msgspec.json.encode(record) + b"\n"
        self._pending_records += 1
        if len(self._pending) >= _CHUNK_BYTES:
            self._flush()

    def refuse(self, bad: BadRollLine) -> None:
        """Count a bad line, and name it if there are not too many."""
        self.bad += 1
        if len(self.named) < MAX_SHOWN:
            self.named.append(bad)

    def finish(self) -> None:
        """Nothing more will be added: forget who was met."""
        self._flush()
        self._seen.clear()

    def _flush(self) -> None:
        if self._pending_records:
            self.chunks.append(Chunk(self._pending_records, bytes(self._pending)))
            self._pending = bytearray()
            self._pending_records = 0


def check_roll(files: Sequence[Path], today: date, progress: Progress) -> CheckedRoll:
    """Read the files and check every line.

    Of two lines for one person the first stands. Raises `BadRollRecord` for a file whose first line
    does not name the columns, and `OSError`.
    """
    roll = CheckedRoll()
    progress.begin("Checking the roll (kB)", sum(_kilobytes(file) for file in files))
    for file in files:
        _check_file(roll, file, today, progress)
    roll.finish()
    return roll


def _check_file(roll: CheckedRoll, file: Path, today: date, progress: Progress) -> None:
    with file.open("rb") as stream:
        lines = RollFile(file, stream)
        read = 0
        for line in lines:
            read += line.size
            if read >= _CHUNK_BYTES:
                progress.advance(read // _KILOBYTE)
                read %= _KILOBYTE
            try:
                if line.cells is not None:
                    roll.add(_record(line.cells, today), line.number)
            except (BadLine, BadIdentityNumber, BadPhoneNumber) as bad:
                roll.refuse(BadRollLine(str(file), line.number, str(bad)))
    roll.files.append(ReadFile(file=str(file), encoding=lines.encoding, ignored=lines.ignored))


def _record(cells: dict[Column, str] | BadLine, today: date) -> RollRecord:
    if isinstance(cells, BadLine):
        raise cells
    phone = cells.get("phone")
    district = cells.get("district", "")
    if len(district) > MAX_DISTRICT or not district.isprintable():
        raise BadLine(f"its district is longer than {MAX_DISTRICT} characters, or no text")
    return RollRecord(
        identity_number=parse_identity_number(cells["identity_number"], today),
        phone=parse_phone_number(phone) if phone else None,
        district=district,
    )


def _kilobytes(file: Path) -> int:
    return file.stat().st_size // _KILOBYTE
