"""SQL of what the public asks for: challenges, issuances, counter codes in use, puzzles.

The desk's statements are in `desk_store.py`. A function that takes a connection is one step of the
caller's transaction. Times are the database's own.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeAlias

import asyncpg
from msgspec import Struct

from shared.edition.manifest import EligibilityMode
from shared.service.database import bounded_pool
from shared.service.problem import StoreUnavailable

COMMAND_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 5
LONG_S = 900
"""Limit of a statement over a whole roll."""

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that the server ended while nothing was asked
)
"""What a statement raises when the database is away, restarting, full or too slow."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[Any]"
Channel = Literal["phone", "counter"]


class Edition(Struct, frozen=True, kw_only=True):
    """An edition whose roll is sealed; `wrapped_key` is gone once issuance was reported."""

    edition: str
    mode: EligibilityMode
    size: int
    root: bytes
    issuer_key: bytes
    wrapped_key: bytes | None
    reported: bool


class OpenChallenge(Struct, frozen=True):
    """A challenge as it stands; `alive` while it has not expired."""

    reference: bytes
    code_hash: bytes
    attempts: int
    alive: bool


class Issuance(Struct, frozen=True):
    """That a credential was issued: the hash of the blinded message, and how it was asked for."""

    blinded_hash: bytes
    channel: Channel


async def open_pool(url: str, size: int) -> Pool:
    """The service's connections."""
    return await bounded_pool(
        url,
        min_size=2,
        max_size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
    )


@asynccontextmanager
async def session(pool: Pool) -> AsyncIterator[Connection]:
    """A connection for one request; raises `StoreUnavailable` when the database is away.

    A transaction whose COMMIT was lost may have been committed: whoever sends the same request
    again gets the same answer.
    """
    away = "the registrar's database cannot be reached"
    try:
        connection = await pool.acquire(timeout=CONNECT_TIMEOUT_S)
    except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
        raise StoreUnavailable(away) from error
    try:
        try:
            yield connection
        finally:
            await pool.release(connection)
    except CONNECTION_LOST as error:
        raise StoreUnavailable(away) from error


async def answers(pool: Pool) -> bool:
    """Whether the database can be asked."""
    try:
        await pool.fetchval("SELECT 1", timeout=CONNECT_TIMEOUT_S)
    except (*CONNECTION_LOST, asyncpg.PostgresError):
        return False
    return True


async def edition(connection: Connection, edition: str) -> Edition | None:
    """The edition, if its roll is sealed."""
    row = await connection.fetchrow(
        """SELECT edition, mode, size, root, issuer_key, wrapped_key, reported
           FROM editions WHERE edition = $1 AND mode IS NOT NULL""",
        edition,
    )
    return Edition(**row) if row else None


# Challenges.

_NEAREST_RECORD: Final = """
SELECT reference, phone FROM roll WHERE edition = $1 AND reference >= $2
ORDER BY reference LIMIT 1
"""


async def sealed_phone(connection: Connection, edition: str, reference: bytes) -> bytes | None:
    """The encrypted phone of the person with this reference; None without phone, or not listed.

    The record at this reference or the next one is read, so that either way one record is read.
    """
    row = await connection.fetchrow(_NEAREST_RECORD, edition, reference)
    return row["phone"] if row and row["reference"] == reference else None


async def add_challenge(
    connection: Connection,
    challenge: bytes,
    edition: str,
    *,
    reference: bytes,
    code_hash: bytes,
    life_s: int,
) -> None:
    """Store a challenge."""
    await connection.execute(
        """INSERT INTO challenges (challenge, edition, reference, code_hash, expires)
           VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))""",
        challenge,
        edition,
        reference,
        code_hash,
        life_s,
    )


async def lock_challenge(
    connection: Connection, challenge: bytes, edition: str
) -> OpenChallenge | None:
    """The challenge, held until the transaction ends, so that attempts are looked at one by one."""
    row = await connection.fetchrow(
        """SELECT reference, code_hash, attempts, expires > now() AS alive
           FROM challenges WHERE challenge = $1 AND edition = $2 FOR UPDATE""",
        challenge,
        edition,
    )
    return OpenChallenge(*row) if row else None


async def count_attempt(connection: Connection, challenge: bytes) -> None:
    """Count a wrong attempt."""
    await connection.execute(
        "UPDATE challenges SET attempts = least(attempts + 1, 1000) WHERE challenge = $1", challenge
    )


async def redeem_puzzle(connection: Connection, puzzle: bytes, life_s: int) -> bool:
    """Record that a puzzle was used; False if it was before."""
    status = await connection.execute(
        """INSERT INTO puzzles (puzzle, expires) VALUES ($1, now() + make_interval(secs => $2))
           ON CONFLICT DO NOTHING""",
        puzzle,
        life_s,
    )
    return status == "INSERT 0 1"


# Issuances.


async def use_counter_code(
    connection: Connection, edition: Edition, code_hash: bytes, reference: bytes
) -> bool:
    """Let a counter code stand for this person; False if it is none, void, or used by another.

    In mode `roll` the person must be listed.
    """
    return (
        await connection.fetchval(
            """UPDATE counter_codes SET used_by = $3
               WHERE edition = $1 AND code_hash = $2 AND NOT voided
                   AND (used_by IS NULL OR used_by = $3)
                   AND ($4 = 'phone'
                        OR EXISTS (SELECT FROM roll WHERE edition = $1 AND reference = $3))
               RETURNING true""",
            edition.edition,
            code_hash,
            reference,
            edition.mode,
        )
        is True
    )


async def add_issuance(
    connection: Connection, edition: str, reference: bytes, issuance: Issuance
) -> Issuance:
    """The issuance that stands for this person: this one, unless there was one before."""
    added = await connection.fetchval(
        """INSERT INTO issuances (edition, reference, blinded_hash, channel)
           VALUES ($1, $2, $3, $4) ON CONFLICT (edition, reference) DO NOTHING RETURNING true""",
        edition,
        reference,
        issuance.blinded_hash,
        issuance.channel,
    )
    if added:
        return issuance
    found = await issuance_of(connection, edition, reference)
    assert found is not None
    return found


async def issuance_of(connection: Connection, edition: str, reference: bytes) -> Issuance | None:
    """The issuance to this person, if there is one."""
    row = await connection.fetchrow(
        """SELECT blinded_hash, channel FROM issuances
           WHERE edition = $1 AND reference = $2""",
        edition,
        reference,
    )
    return Issuance(*row) if row else None


async def issued_references(
    connection: Connection, edition: str, channel: Channel | None = None
) -> list[bytes]:
    """The references of those who got a credential, ascending; of one channel, or all."""
    rows = await connection.fetch(
        """SELECT reference FROM issuances
           WHERE edition = $1 AND ($2::text IS NULL OR channel = $2) ORDER BY reference""",
        edition,
        channel,
        timeout=LONG_S,
    )
    return [row[0] for row in rows]


# Housekeeping.

_FORGET: Final = {
    table: f"""DELETE FROM {table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {table} WHERE expires < now() LIMIT $1 FOR UPDATE SKIP LOCKED))"""  # noqa: S608  # our own names
    for table in ("challenges", "puzzles")
}


async def forget_expired(connection: Connection, batch: int) -> int:
    """Delete at most `batch` expired challenges and puzzles each; returns the larger number."""
    deleted = [await connection.execute(statement, batch) for statement in _FORGET.values()]
    return max(int(status.rpartition(" ")[2]) for status in deleted)
