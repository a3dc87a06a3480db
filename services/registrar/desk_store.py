"""SQL of the registrar's desk: rolls, commitments, counter codes, reports."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, TypeAlias

import asyncpg

from services.registrar.store import LONG_S, Connection, Pool, session
from shared.edition.manifest import EligibilityMode
from shared.eligibility.views import CounterBatch, DeskView

REFERENCES_AT_A_TIME: Final = 10_000
LOCK_TIMEOUT_MS: Final = 1_000

Row: TypeAlias = asyncpg.Record
StagedRecord: TypeAlias = tuple[int, bytes, bytes | None]
"""Number in the file, reference, encrypted phone."""


async def lock_edition(connection: Connection, edition: str) -> Row | None:
    """The edition's row, held until the transaction ends."""
    return await connection.fetchrow(
        "SELECT * FROM editions WHERE edition = $1 FOR UPDATE", edition
    )


async def make_edition(connection: Connection, edition: str) -> None:
    """Make an edition without anybody on its roll, unless it is there."""
    await connection.execute(
        "INSERT INTO editions (edition) VALUES ($1) ON CONFLICT DO NOTHING", edition
    )


# The roll.


async def make_staging(connection: Connection) -> None:
    """A table for the records of one import, gone with its transaction."""
    await connection.execute(
        """CREATE TEMPORARY TABLE staged (record bigint, reference bytea, phone bytea)
           ON COMMIT DROP"""
    )


async def stage(connection: Connection, records: Iterable[StagedRecord]) -> None:
    """Add records to those staged."""
    await connection.copy_records_to_table(
        "staged", records=records, columns=("record", "reference", "phone"), timeout=LONG_S
    )


async def repeated_record(connection: Connection) -> tuple[int, int] | None:
    """The first staged record of a person who has one already, and the number of that one."""
    row = await connection.fetchrow(
        """SELECT repeat, first FROM (
               SELECT record AS repeat,
                   first_value(record) OVER same AS first, row_number() OVER same AS place
               FROM staged WINDOW same AS (PARTITION BY reference ORDER BY record)) AS numbered
           WHERE place > 1 ORDER BY repeat LIMIT 1""",
        timeout=LONG_S,
    )
    return (row["repeat"], row["first"]) if row else None


async def replace_roll(connection: Connection, edition: str) -> tuple[int, int]:
    """Make the staged records the edition's roll; returns people, and those with a phone.

    Stored in the order of the references, which says nothing about the order in the file.
    """
    await connection.execute("DELETE FROM roll WHERE edition = $1", edition, timeout=LONG_S)
    await connection.execute(
        """INSERT INTO roll (edition, reference, phone)
           SELECT $1, reference, phone FROM staged ORDER BY reference""",
        edition,
        timeout=LONG_S,
    )
    row = await connection.fetchrow(
        """UPDATE editions SET size = counted.size, with_phone = counted.with_phone
           FROM (SELECT count(*) AS size, count(phone) AS with_phone FROM staged) AS counted
           WHERE edition = $1 RETURNING counted.size, counted.with_phone""",
        edition,
    )
    assert row is not None
    return row["size"], row["with_phone"]


async def analyse_roll(connection: Connection) -> None:
    """Let the planner know how large the roll is now."""
    await connection.execute("ANALYZE roll", timeout=LONG_S)


async def roll_references(connection: Connection, edition: str) -> list[bytes]:
    """All references of the roll, ascending."""
    rows = await connection.fetch(
        "SELECT reference FROM roll WHERE edition = $1 ORDER BY reference", edition, timeout=LONG_S
    )
    return [row[0] for row in rows]


async def read_references(pool: Pool, edition: str) -> AsyncIterator[Sequence[bytes]]:
    """The same, some at a time, so that a slow reader holds no connection."""
    last = b""
    while True:
        async with session(pool) as connection:
            rows = await connection.fetch(
                """SELECT reference FROM roll WHERE edition = $1 AND reference > $2
                   ORDER BY reference LIMIT $3""",
                edition,
                last,
                REFERENCES_AT_A_TIME,
            )
        if not rows:
            return
        yield [row[0] for row in rows]
        last = rows[-1][0]


async def forget_phones(connection: Connection, edition: str) -> None:
    """Remove the phones of a roll."""
    await connection.execute(
        "UPDATE roll SET phone = NULL WHERE edition = $1 AND phone IS NOT NULL",
        edition,
        timeout=LONG_S,
    )
    await connection.execute("UPDATE editions SET with_phone = 0 WHERE edition = $1", edition)


async def vacuum_roll(connection: Connection) -> None:
    """Free the places of what was removed, which nobody waits for; not in a transaction."""
    await connection.execute("VACUUM (ANALYZE, TRUNCATE false) roll", timeout=LONG_S)


async def rewrite_roll(connection: Connection) -> bool:
    """Write the roll's file anew, without what was removed; not in a transaction.

    All who need the roll, of whichever edition, wait meanwhile. False if somebody has it in use:
    waiting for them, it would hold up all who come after.
    """
    await connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
    try:
        await connection.execute("VACUUM (FULL, ANALYZE) roll", timeout=LONG_S)
    except asyncpg.LockNotAvailableError:
        return False
    finally:
        await connection.execute("RESET lock_timeout")
    return True


async def unreported(connection: Connection) -> tuple[str, ...]:
    """The editions that are committed and not reported: people may register there."""
    rows = await connection.fetch(
        "SELECT edition FROM editions WHERE mode IS NOT NULL AND NOT reported ORDER BY edition"
    )
    return tuple(row[0] for row in rows)


# Commitment and report.


async def seal(
    connection: Connection,
    edition: str,
    *,
    mode: EligibilityMode,
    root: bytes,
    issuer_key: bytes,
    wrapped_key: bytes,
) -> None:
    """Store what is committed; the roll is sealed by it."""
    await connection.execute(
        """UPDATE editions SET mode = $2, root = $3, issuer_key = $4, wrapped_key = $5
           WHERE edition = $1""",
        edition,
        mode,
        root,
        issuer_key,
        wrapped_key,
    )


async def report(connection: Connection, edition: str) -> None:
    """End issuance for good, and forget the issuer's private key."""
    await connection.execute(
        "UPDATE editions SET reported = true, wrapped_key = NULL WHERE edition = $1", edition
    )


# Counter codes.


async def add_counter_codes(
    connection: Connection, edition: str, batch: str, code_hashes: Sequence[bytes]
) -> int:
    """Store new counter codes; returns the serial of the first."""
    first: int = await connection.fetchval(
        """UPDATE editions SET counter_serial = counter_serial + $2 WHERE edition = $1
           RETURNING counter_serial - $2 + 1""",
        edition,
        len(code_hashes),
    )
    await connection.execute(
        """INSERT INTO counter_codes (edition, code_hash, serial, batch)
           SELECT $1, hash, $2 + place - 1, $3
           FROM unnest($4::bytea[]) WITH ORDINALITY AS made(hash, place)""",
        edition,
        first,
        batch,
        code_hashes,
    )
    return first


async def lock_counter_codes(
    connection: Connection, edition: str, serials: Sequence[int]
) -> dict[int, bool]:
    """Of these codes those that there are, and whether each was used; held until the end."""
    rows = await connection.fetch(
        """SELECT serial, used_by IS NOT NULL FROM counter_codes
           WHERE edition = $1 AND serial = ANY($2::bigint[]) ORDER BY serial FOR UPDATE""",
        edition,
        serials,
    )
    return dict(map(tuple, rows))


async def void_counter_codes(connection: Connection, edition: str, serials: Sequence[int]) -> None:
    """Void unused codes, for good; those that are void stay so."""
    await connection.execute(
        "UPDATE counter_codes SET voided = true WHERE edition = $1 AND serial = ANY($2::bigint[])",
        edition,
        serials,
    )


async def counter_batches(connection: Connection, edition: str) -> tuple[CounterBatch, ...]:
    """The lots of counter codes, in the order in which they were first printed."""
    rows = await connection.fetch(
        """SELECT batch, min(serial) AS first_serial, max(serial) AS last_serial,
               count(*) AS printed, count(used_by) AS used,
               count(*) FILTER (WHERE voided) AS voided
           FROM counter_codes WHERE edition = $1 GROUP BY batch ORDER BY min(serial)""",
        edition,
    )
    return tuple(CounterBatch(**row) for row in rows)


async def desk_view(connection: Connection, edition: str) -> DeskView | None:
    """The edition in numbers."""
    row = await connection.fetchrow(
        """SELECT edition, mode, mode IS NOT NULL AS sealed, size, with_phone,
               (SELECT count(*) FROM issuances i
                WHERE i.edition = e.edition AND channel = 'phone') AS issued_by_phone,
               (SELECT count(*) FROM issuances i
                WHERE i.edition = e.edition AND channel = 'counter') AS issued_at_counter,
               counter_serial AS counter_codes_printed,
               (SELECT count(used_by) FROM counter_codes c
                WHERE c.edition = e.edition) AS counter_codes_used,
               (SELECT count(*) FROM counter_codes c
                WHERE c.edition = e.edition AND voided) AS counter_codes_voided,
               reported AS issuance_reported
           FROM editions e WHERE edition = $1""",
        edition,
    )
    return DeskView(**row) if row else None
