"""All SQL of the ballot service: reading the logs, and the two statements of an append.

Whoever appends calls `lock_head` and then `append` in one transaction; PostgreSQL's functions of
the same names hold the invariants (`sql/0001_log.sql`). Nothing here decides anything.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
from msgspec import Struct

from shared.log.frontier import Frontier
from shared.log.merkle import Hash
from shared.service.database import bounded_pool

COMMAND_TIMEOUT_S = 10
COMMIT_NEVER_CANCELLED_S = 86_400
IDLE_IN_TRANSACTION_MS = 5_000
CONNECT_TIMEOUT_S = 5
RETRY_FOR_S = 10
"""How long whoever appends tries again after losing its connection, before it gives up."""
RETRY_PAUSE_S = 0.2

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server ended while nothing was asked
)
"""What a statement raises when the database is away, restarting, full or too slow."""

Connection: TypeAlias = "asyncpg.Connection[Any]"
Executor: TypeAlias = "asyncpg.Pool[Any] | asyncpg.Connection[Any]"


class StoredHead(Struct, frozen=True):
    """Where a log stands: its newest checkpoint. Size 0 has no note."""

    size: int
    frontier: Frontier
    note: bytes


class StandingRow(Struct, frozen=True):
    """The ballot entry of one voter's key with the highest seq."""

    key: bytes
    seq: int
    index: int
    entry: bytes


class LockedHead(Struct, frozen=True):
    """The head, held until the transaction ends, and the standings of the keys asked for."""

    frontier: Frontier
    milestone_size: int
    standings: tuple[StandingRow, ...]


class NewTile(Struct, frozen=True):
    """A hash tile that became full, and its root."""

    level: int
    n: int
    hashes: bytes
    root: Hash


class NewEntry(Struct, frozen=True):
    """An entry to append, with its leaf hash; a ballot has an opening, a key and a seq as well."""

    entry: bytes
    leaf: Hash
    opening: bytes | None = None
    key: bytes | None = None
    seq: int | None = None


async def connect(url: str) -> Connection:
    """One connection of its own, with bounded waits.

    A process that is frozen while it holds a log's head loses it, so that others go on.
    """
    return await asyncpg.connect(
        url,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={"idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS)},
    )


async def open_pool(url: str, size: int) -> "asyncpg.Pool[Any]":
    """A pool for reading."""
    return await bounded_pool(
        url, min_size=0, max_size=size, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S
    )


@asynccontextmanager
async def transaction(connection: Connection) -> AsyncIterator[None]:
    """A transaction to append in. After any error its connection must be given up.

    COMMIT is never cancelled: PostgreSQL would stop waiting for a synchronous standby and report
    success, and what is on one machine only would look committed to whoever reads back. A COMMIT
    that takes too long loses its connection instead, and goes on or not where nobody is told.
    """
    await connection.execute("BEGIN")
    yield
    commit = asyncio.ensure_future(connection.execute("COMMIT", timeout=COMMIT_NEVER_CANCELLED_S))
    done, _ = await asyncio.wait({commit}, timeout=COMMAND_TIMEOUT_S)
    if not done:
        connection.terminate()
    await commit


async def lock_log(connection: Connection, log: str) -> None:
    """Wait until this transaction holds the log's head; no other appends to it from here on."""
    await connection.execute("SELECT lock_log($1)", log)


async def lock_head(
    connection: Connection, log: str, origin: str | None, keys: Sequence[bytes]
) -> LockedHead:
    """Lock the log's head; with an origin, begin the log if there is none."""
    row = await connection.fetchrow("SELECT * FROM lock_head($1, $2, $3)", log, origin, keys)
    assert row is not None
    columns = (row[f"standing_{name}"] or () for name in ("keys", "seqs", "indexes", "entries"))
    return LockedHead(
        frontier=Frontier.from_bytes(row["size"], row["frontier"]),
        milestone_size=row["milestone_size"],
        standings=tuple(StandingRow(*standing) for standing in zip(*columns, strict=True)),
    )


async def append(
    connection: Connection,
    log: str,
    start: int,
    new: Sequence[NewEntry],
    tiles: Sequence[NewTile],
    frontier: Frontier,
    note: bytes,
) -> None:
    """Store entries from `start` on, the tiles they fill, and the checkpoint over them.

    Must follow `lock_head` in the same transaction.
    """
    await connection.execute(
        "SELECT append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        log,
        start,
        [one.entry for one in new],
        [one.leaf for one in new],
        [one.opening for one in new],
        [one.key for one in new],
        [one.seq for one in new],
        [tile.level for tile in tiles],
        [tile.n for tile in tiles],
        [tile.hashes for tile in tiles],
        [tile.root for tile in tiles],
        frontier.to_bytes(),
        note,
    )


async def logs(db: Executor) -> list[str]:
    """The names of all logs, the newest last."""
    return [row[0] for row in await db.fetch("SELECT log FROM logs ORDER BY created, log")]


async def heads(db: Executor) -> dict[str, StoredHead]:
    """Where every log stands."""
    rows = await db.fetch(
        """SELECT l.log, c.size, c.frontier, c.note FROM logs l CROSS JOIN LATERAL (
               SELECT size, frontier, note FROM checkpoints
               WHERE log = l.log ORDER BY size DESC LIMIT 1
           ) c"""
    )
    return {row["log"]: _head(row) for row in rows}


async def head(db: Executor, log: str) -> StoredHead:
    """Where one log stands; size 0 when it has no entries."""
    row = await db.fetchrow(
        """SELECT size, frontier, note FROM checkpoints
           WHERE log = $1 ORDER BY size DESC LIMIT 1""",
        log,
    )
    return _head(row) if row else StoredHead(0, Frontier.empty(), b"")


async def checkpoint_covering(db: Executor, log: str, index: int) -> tuple[int, bytes]:
    """Size and note of the checkpoint that the entry at `index` was committed with."""
    row = await db.fetchrow(
        "SELECT size, note FROM checkpoints WHERE log = $1 AND size > $2 ORDER BY size LIMIT 1",
        log,
        index,
    )
    if row is None:
        raise LookupError(f"no checkpoint of {log!r} covers index {index}")
    return row["size"], row["note"]


async def checkpoints_after(
    db: Executor, log: str, size: int, limit: int
) -> list[tuple[int, bytes]]:
    """The next checkpoints above `size`, in order: at most `limit` of (size, note)."""
    rows = await db.fetch(
        """SELECT size, note FROM checkpoints
           WHERE log = $1 AND size > $2 ORDER BY size LIMIT $3""",
        log,
        size,
        limit,
    )
    return [(row["size"], row["note"]) for row in rows]


async def milestones(db: Executor, log: str, start: int) -> list[tuple[int, bytes]]:
    """(index, entry) of the milestones from `start` on."""
    rows = await db.fetch(
        """SELECT index, entry FROM entries
           WHERE log = $1 AND key IS NULL AND index >= $2 ORDER BY index""",
        log,
        start,
    )
    return [(row["index"], row["entry"]) for row in rows]


async def entries(db: Executor, log: str, start: int, end: int) -> list[bytes]:
    """The stored bytes of the entries [start, end)."""
    rows = await db.fetch(
        "SELECT entry FROM entries WHERE log = $1 AND index >= $2 AND index < $3 ORDER BY index",
        log,
        start,
        end,
    )
    return _whole([row[0] for row in rows], log, start, end)


async def openings(db: Executor, log: str, start: int, end: int) -> list[bytes]:
    """The openings of the entries [start, end), empty where the entry is no ballot."""
    rows = await db.fetch(
        "SELECT index, opening FROM openings WHERE log = $1 AND index >= $2 AND index < $3",
        log,
        start,
        end,
    )
    found: dict[int, bytes] = {row["index"]: row["opening"] for row in rows}
    return [found.get(index, b"") for index in range(start, end)]


async def ballot(db: Executor, log: str, key: bytes, seq: int) -> tuple[int, bytes] | None:
    """(index, entry) of the ballot of a voter's key with this seq, if it is in the log."""
    row = await db.fetchrow(
        "SELECT index, entry FROM entries WHERE log = $1 AND key = $2 AND seq = $3", log, key, seq
    )
    return (row["index"], row["entry"]) if row else None


async def tile(db: Executor, log: str, level: int, n: int) -> bytes | None:
    """A full hash tile, 8,192 bytes, or None while it is not full."""
    found: bytes | None = await db.fetchval(
        "SELECT hashes FROM tiles WHERE log = $1 AND level = $2 AND n = $3", log, level, n
    )
    return found


async def tile_roots(db: Executor, log: str, level: int, first: int, count: int) -> list[Hash]:
    """The roots of the full tiles [first, first + count) of a level."""
    rows = await db.fetch(
        """SELECT root FROM tiles
           WHERE log = $1 AND level = $2 AND n >= $3 AND n < $4 ORDER BY n""",
        log,
        level,
        first,
        first + count,
    )
    return _whole([row[0] for row in rows], log, first, first + count)


async def try_relay_lock(connection: Connection, log: str) -> bool:
    """Whether this connection now holds the relay's lock on a log, until it ends."""
    return bool(
        await connection.fetchval(
            "SELECT pg_try_advisory_lock(hashtextextended('relay ' || $1, 0))", log
        )
    )


class CorruptLog(Exception):
    """Stored rows are missing or contradict each other: tampering, or a bad restore."""


def _whole(found: list[bytes], log: str, start: int, end: int) -> list[bytes]:
    if len(found) != end - start:
        raise CorruptLog(f"{log!r} has {len(found)} of the rows [{start}, {end})")
    return found


def _head(row: "asyncpg.Record") -> StoredHead:
    frontier = Frontier.from_bytes(row["size"], row["frontier"])
    return StoredHead(row["size"], frontier, row["note"])
