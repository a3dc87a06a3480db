"""Looking for values where they must never be: in tables, streams on disk, log files, metrics.

A value is looked for in every form in which software would leave it by accident: as it is, in hex,
in base64 at each of the three alignments that it can have inside a longer value, and each of these
in hex again, as PostgreSQL writes a `bytea`.
"""

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import asyncpg

SHORTEST_BYTES = 6
"""A shorter value would be found by chance."""


class Leak(NamedTuple):
    """What was found, and where; never the value itself."""

    what: str
    where: str


def leaks(values: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[Leak]:
    """Each of the values (by name) that is in one of the places (by name), in any form."""
    found = []
    for what, value in values.items():
        forms = {form.lower() for form in forms_of(value)}
        for where, content in places.items():
            folded = content.lower()
            if any(form in folded for form in forms):
                found.append(Leak(what, where))
    return found


def forms_of(value: bytes) -> Iterator[bytes]:
    """The value as it is, in hex, in base64, and these in hex."""
    if len(value) < SHORTEST_BYTES:
        raise ValueError(f"{len(value)} bytes are found by chance")
    for form in (value, *_base64_forms(value)):
        yield form
        yield form.hex().encode()


def _base64_forms(value: bytes) -> Iterator[bytes]:
    """What of the value's base64 does not depend on its neighbours, in both alphabets."""
    for before in range(3):
        encoded = b64encode(bytes(before) + value)
        bits_before, bits = 8 * before, 8 * (before + len(value))
        whole = encoded[-(-bits_before // 6) : bits // 6]
        yield whole
        yield whole.replace(b"+", b"-").replace(b"/", b"_")


def tables(dsn: str) -> dict[str, bytes]:
    """All rows of all tables of a database, as COPY writes them; `dsn` must be the owner's."""

    async def dump() -> dict[str, bytes]:
        connection = await asyncpg.connect(dsn)
        try:
            names = await connection.fetch(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            dumped = {}
            for schema, table in names:
                rows = BytesIO()
                await connection.copy_from_table(table, schema_name=schema, output=rows)
                dumped[f"table {schema}.{table}"] = rows.getvalue()
            return dumped
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, dump()).result()


def files(directory: Path, pattern: str) -> dict[str, bytes]:
    """All files below a directory whose names match, by their paths in it."""
    return {
        f"file {file.relative_to(directory)}": file.read_bytes()
        for file in sorted(directory.rglob(pattern))
        if file.is_file()
    }
