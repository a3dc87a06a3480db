"""All SQL of the tally: projections, and with them the standings of voters' keys.

Every write names the size that it starts from. If another process with the same database was faster
nothing is written and `Overtaken` is raised: load again and go on from there. The same cures a
commit whose outcome is unknown.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, TypeAlias

import asyncpg
import msgspec

from services.tally.evidence import SignedHead, read_head
from services.tally.projection import Projection, StreamPosition
from shared.edition.decider import evolve
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.events import BallotCast, decode_event
from shared.edition.replay import CountedBallot
from shared.edition.state import EditionState
from shared.edition.views import Contradiction, HourTurnout, TallySnapshot, Turnout
from shared.log.errors import LogFormatError
from shared.log.frontier import Frontier
from shared.log.note import Verifier
from shared.service.database import bounded_pool

COMMAND_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 5
MAX_HOURS = 366 * 24
PREFETCH = 500
"""So many ballots are turned into text between two turns of the event loop: 3 ms."""

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server ended while nothing was asked
)
"""What a statement raises when the database is away, restarting, full or too slow."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[Any]"

_json = msgspec.json.Encoder()


class Overtaken(Exception):
    """Another process has saved a later state of this edition."""


class CorruptProjection(Exception):
    """What is stored does not fit together, or not the log key in the settings."""


async def open_pool(url: str, size: int = 8) -> Pool:
    """The service's connections."""
    return await bounded_pool(
        url, min_size=1, max_size=size, timeout=CONNECT_TIMEOUT_S, command_timeout=COMMAND_TIMEOUT_S
    )


async def answers(pool: Pool) -> bool:
    """Whether the database can be asked."""
    try:
        await pool.fetchval("SELECT 1", timeout=CONNECT_TIMEOUT_S)
    except CONNECTION_LOST:
        return False
    return True


async def editions(pool: Pool) -> list[str]:
    """The editions that were followed before."""
    return [row[0] for row in await pool.fetch("SELECT edition FROM editions ORDER BY edition")]


async def load(pool: Pool, edition: str, verifier: Verifier) -> Projection:
    """The saved projection, an empty one at first; raises `CorruptProjection`."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        await connection.execute(
            "INSERT INTO editions (edition) VALUES ($1) ON CONFLICT DO NOTHING", edition
        )
        return await _read(connection, edition, verifier)


async def turnout(pool: Pool, edition: str) -> Turnout:
    """The newest `MAX_HOURS` hours in which ballots were cast, oldest first."""
    rows = await pool.fetch(
        """SELECT hour, ballots, voters FROM turnout WHERE edition = $1
           ORDER BY hour DESC LIMIT $2""",
        edition,
        MAX_HOURS,
    )
    return Turnout(edition, tuple(HourTurnout(*row) for row in reversed(rows)))


Choices: TypeAlias = AsyncIterator[tuple[str, ...] | None]
"""The choices of one counted ballot after another; None where its opening was not there."""


@asynccontextmanager
async def counted(
    pool: Pool, edition: str, verifier: Verifier
) -> AsyncIterator[tuple[Projection, Choices]]:
    """What was counted, and the ballots that it is the count of, as of one moment.

    Ballots come in the order of the hashes of their keys, which says nothing about when they were
    cast. The context holds a connection. Raises `CorruptProjection`.
    """
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield await _read(connection, edition, verifier), _counted_choices(connection, edition)


async def _counted_choices(connection: Connection, edition: str) -> Choices:
    rows = connection.cursor(
        "SELECT choices FROM standings WHERE edition = $1 ORDER BY sha256(key)",
        edition,
        prefetch=PREFETCH,
    )
    async for row in rows:
        yield _choices(row["choices"])


async def _read(connection: Connection, edition: str, verifier: Verifier) -> Projection:
    row = await connection.fetchrow("SELECT * FROM editions WHERE edition = $1", edition)
    milestones = await connection.fetch(
        "SELECT index, entry FROM milestones WHERE edition = $1 ORDER BY index", edition
    )
    assert row is not None, "an edition that is followed has a row"
    try:
        return _projection(row, milestones, verifier)
    except (*UNREADABLE_JSON, LogFormatError) as error:
        raise CorruptProjection(
            f"the projection of {edition!r}: {error}. If the settings name another log key or"
            " origin than before, put them right; else delete this edition's rows to count anew"
        ) from error


async def standings(
    pool: Pool, now: Projection, keys: Sequence[bytes]
) -> dict[bytes, CountedBallot]:
    """The ballots that count in the projection `now`, of those of these keys that have one."""
    rows = await pool.fetch(
        # One statement, so that size and standings are those of one moment: the standings of a
        # later one would make a log look as if it repeated itself.
        """SELECT e.size, e.at_close IS NULL AS first_count, s.key, s.seq, s.choices
           FROM editions e LEFT JOIN standings s ON s.edition = e.edition AND s.key = ANY($2)
           WHERE e.edition = $1""",
        now.edition,
        keys,
    )
    if not rows or (rows[0]["size"], rows[0]["first_count"]) != (now.size, now.at_close is None):
        raise Overtaken(f"{now.edition!r} is not at size {now.size} any more")
    return {
        row["key"]: CountedBallot(row["seq"], _choices(row["choices"]))
        for row in rows
        if row["key"] is not None
    }


async def save(
    pool: Pool,
    before: Projection,
    after: Projection,
    milestones: Iterable[tuple[int, bytes]],
    ballots: Mapping[bytes, CountedBallot],
    turnout: Sequence[HourTurnout] = (),
) -> None:
    """Save what was counted since `before`: milestone entries, ballots by key, and by hour."""
    async with pool.acquire() as connection, connection.transaction():
        await _move(connection, before, after)
        await connection.executemany(
            "INSERT INTO milestones (edition, index, entry) VALUES ($1, $2, $3)",
            [(after.edition, index, entry) for index, entry in milestones],
        )
        await connection.execute(
            """INSERT INTO standings (edition, key, seq, choices)
               SELECT $1, * FROM unnest($2::bytea[], $3::bigint[], $4::text[])
               ON CONFLICT (edition, key) DO UPDATE
               SET seq = excluded.seq, choices = excluded.choices""",
            after.edition,
            list(ballots),
            [ballot.seq for ballot in ballots.values()],
            [_joined(ballot.choices) for ballot in ballots.values()],
        )
        await _add_turnout(connection, after.edition, turnout)


async def begin_recount(
    pool: Pool, before: Projection, after: Projection, turnout: Sequence[HourTurnout] = ()
) -> None:
    """Forget the count without openings. A crash leaves either that count, or none of it.

    The turnout stays, with the last ballots before the close: no ballot follows.
    """
    async with pool.acquire() as connection, connection.transaction():
        await _move(connection, before, after)
        await connection.execute("DELETE FROM milestones WHERE edition = $1", after.edition)
        await connection.execute("DELETE FROM standings WHERE edition = $1", after.edition)
        await _add_turnout(connection, after.edition, turnout)


async def save_contradiction(pool: Pool, edition: str, contradiction: Contradiction) -> None:
    """Stop counting this edition for good; one that stands already is kept."""
    await pool.execute(
        "UPDATE editions SET contradiction = $2 WHERE edition = $1 AND contradiction IS NULL",
        edition,
        _json.encode(contradiction).decode(),
    )


async def _add_turnout(
    connection: Connection, edition: str, turnout: Sequence[HourTurnout]
) -> None:
    await connection.execute(
        """INSERT INTO turnout (edition, hour, ballots, voters)
           SELECT $1, * FROM unnest($2::timestamptz[], $3::bigint[], $4::bigint[])
           ON CONFLICT (edition, hour) DO UPDATE
           SET ballots = turnout.ballots + excluded.ballots,
               voters = turnout.voters + excluded.voters""",
        edition,
        [one.hour for one in turnout],
        [one.ballots for one in turnout],
        [one.voters for one in turnout],
    )


async def count_receipt_check(pool: Pool, day: date, outcome: str) -> None:
    """Count one more check of a receipt."""
    await pool.execute(
        """INSERT INTO receipt_checks AS counted (day, outcome, checks) VALUES ($1, $2, 1)
           ON CONFLICT (day, outcome) DO UPDATE SET checks = counted.checks + 1""",
        day,
        outcome,
    )


async def receipt_checks(pool: Pool, day: date) -> dict[str, int]:
    """How many checks were counted on a day, by outcome."""
    rows = await pool.fetch("SELECT outcome, checks FROM receipt_checks WHERE day = $1", day)
    return {row["outcome"]: row["checks"] for row in rows}


async def _move(connection: Connection, before: Projection, after: Projection) -> None:
    head, position = after.head, after.position
    moved = await connection.fetchval(
        """UPDATE editions
           SET size = $3, frontier = $4, openings = $5, counts = $6, ballots = $7, voters = $8,
               unopened = $9, head = $10, head_size = $11,
               stream_created = $12, stream_seq = $13, at_close = $14
           WHERE edition = $1 AND size = $2 AND (at_close IS NULL) = $15
               AND contradiction IS NULL
           RETURNING true""",
        before.edition,
        before.size,
        after.size,
        after.frontier.to_bytes(),
        after.openings.to_bytes(),
        _json.encode(after.counts).decode(),
        after.ballots,
        after.voters,
        after.unopened,
        head.note if head else b"",
        after.head_size,
        position.created if position else None,
        position.sequence if position else None,
        _json.encode(after.at_close).decode() if after.at_close else None,
        before.at_close is None,
    )
    if not moved:
        raise Overtaken(f"{before.edition!r} is not at size {before.size} any more")


def _projection(
    row: asyncpg.Record, milestones: Sequence[asyncpg.Record], verifier: Verifier
) -> Projection:
    frontier = Frontier.from_bytes(row["size"], row["frontier"])
    position = row["stream_created"] and StreamPosition(row["stream_created"], row["stream_seq"])
    at_close, contradiction = row["at_close"], row["contradiction"]
    return Projection(
        edition=row["edition"],
        state=_state(milestones),
        frontier=frontier,
        openings=Frontier.from_bytes(row["size"], row["openings"]),
        counts=msgspec.json.decode(row["counts"], type=dict[str, int]),
        ballots=row["ballots"],
        voters=row["voters"],
        unopened=row["unopened"],
        head=_head(row["head"], frontier, verifier),
        position=position,
        at_close=at_close and msgspec.json.decode(at_close, type=TallySnapshot),
        contradiction=contradiction and msgspec.json.decode(contradiction, type=Contradiction),
    )


def _head(note: bytes, frontier: Frontier, verifier: Verifier) -> SignedHead | None:
    """The stored head; a frontier that contradicts it is our fault, and never the log's."""
    if not note:
        return None
    head = read_head(note, verifier)
    if head.size == frontier.size and head.root != frontier.root():
        raise LogFormatError("its frontier does not lead to its own checkpoint")
    return head


def _state(milestones: Sequence[asyncpg.Record]) -> EditionState | None:
    state: EditionState | None = None
    for row in milestones:
        event = decode_event(row["entry"])
        if isinstance(event, BallotCast):
            raise LogFormatError(f"entry {row['index']} is stored as a milestone")
        state = evolve(state, event, row["index"])
    return state


def _joined(choices: tuple[str, ...] | None) -> str | None:
    return None if choices is None else "\n".join(choices)


def _choices(joined: str | None) -> tuple[str, ...] | None:
    return None if joined is None else tuple(joined.split("\n"))
