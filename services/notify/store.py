"""The SQL of subscriptions and announcements; that of messages under way is in `deliveries.py`.

Whoever reads the database without the key learns who subscribed to nothing: addresses are sealed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import msgspec
from msgspec import Struct

from services.notify.facts import Facts
from shared.notices.views import ChannelName, Language, MilestoneName
from shared.service.caps import Cap, CapReached, count, forget_ended
from shared.service.database import bounded_pool

COMMAND_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 5
FORGET_UNCONFIRMED = "2 days"
FORGET_SENT = "30 days"
TIDY_BATCH = 10_000
RECIPIENT_BYTES = 32

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


class Subscription(Struct, frozen=True, kw_only=True):
    """A subscription as it is stored; `edition` None for all. `address` and `secret` are sealed."""

    handle: bytes
    edition: str | None
    channel: ChannelName
    recipient: bytes
    address: bytes
    secret: bytes | None
    language: Language


class Subscribed(Struct, frozen=True, kw_only=True):
    """What a link's page may show of a subscription."""

    edition: str | None
    channel: ChannelName
    confirmed: bool


class Recipient(Struct, frozen=True):
    """An operator's own recipient, by the keyed hash of its URL."""

    recipient: bytes
    language: Language


async def open_pool(url: str, size: int = 10) -> Pool:
    """The service's connections. A commit is on disk when it returns: resending rests on that."""
    return await bounded_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={"synchronous_commit": "on", "jit": "off"},
        reset=_keep,
    )


async def _keep(_connection: Connection) -> None:
    """Nothing here leaves anything behind in a session, so that no statement need clear it."""


async def answers(pool: Pool) -> bool:
    """Whether the database can be asked."""
    try:
        await pool.fetchval("SELECT 1", timeout=CONNECT_TIMEOUT_S)
    except CONNECTION_LOST:
        return False
    return True


# Subscriptions.


async def ask_to_confirm(
    pool: Pool, subscription: Subscription, quietly: Cap, loudly: Sequence[Cap]
) -> bool:
    """Store an unconfirmed subscription together with the message that asks to confirm it.

    False, and nothing stored, if the cap `quietly` is reached; raises `CapReached` for `loudly`.
    """
    async with pool.acquire() as connection, connection.transaction():
        try:
            await count(connection, [quietly, *loudly])
        except CapReached as error:
            if error.cap == quietly:
                return False
            raise
        await connection.execute(
            """WITH asked AS (
                   INSERT INTO subscriptions
                       (handle, edition, channel, recipient, address, secret, language)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)
                   RETURNING id, channel, recipient, language)
               INSERT INTO deliveries (subscription, channel, recipient, language, urgent)
               SELECT id, channel, recipient, language, true FROM asked""",
            subscription.handle,
            subscription.edition or "",
            subscription.channel,
            subscription.recipient,
            subscription.address,
            subscription.secret,
            subscription.language,
        )
    return True


async def subscribed(pool: Pool, handle: bytes) -> Subscribed | None:
    """The subscription whose handle begins so, if there is one."""
    row = await pool.fetchrow(
        """SELECT edition, channel, confirmed IS NOT NULL AS confirmed
           FROM subscriptions WHERE handle BETWEEN $1 AND $2""",
        *_beginning_with(handle),
    )
    if row is None:
        return None
    return Subscribed(
        edition=row["edition"] or None, channel=row["channel"], confirmed=row["confirmed"]
    )


async def confirm(pool: Pool, handle: bytes) -> Subscribed | None:
    """Put a subscription into force in place of an earlier one for the same; None if it is gone.

    `handle` is the beginning of its handle.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            """SELECT id, edition, channel, recipient, confirmed FROM subscriptions
               WHERE handle BETWEEN $1 AND $2 FOR UPDATE""",
            *_beginning_with(handle),
        )
        if row is None:
            return None
        if row["confirmed"] is None:
            same = (row["channel"], row["recipient"], row["edition"])
            # Two links for the same address may be opened at once.
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))",
                row["recipient"],
            )
            await _take_over(connection, row["id"], same)
    return Subscribed(edition=row["edition"] or None, channel=row["channel"], confirmed=True)


async def _take_over(
    connection: Connection, subscription: int, same: tuple[str, bytes, str]
) -> None:
    """Confirm; messages that wait for the earlier subscription go to the address all the same."""
    earlier = await connection.fetchval(
        """SELECT id FROM subscriptions
           WHERE (channel, recipient, edition) = ($1, $2, $3) AND confirmed IS NOT NULL""",
        *same,
    )
    if earlier is not None:
        await connection.execute(
            "UPDATE deliveries SET subscription = $2 WHERE subscription = $1", earlier, subscription
        )
        await connection.execute("DELETE FROM subscriptions WHERE id = $1", earlier)
    await connection.execute(
        "UPDATE subscriptions SET confirmed = now() WHERE id = $1", subscription
    )


async def leave(pool: Pool, recipient: bytes) -> None:
    """Forget an address, whatever it had subscribed to, and what was still to be sent to it.

    `recipient` is its keyed hash, or the beginning of it. What was sent, given up or unknown is
    counted on, and the database takes the hash out of it.
    """
    async with pool.acquire() as connection, connection.transaction():
        subscriptions = await connection.fetch(
            """SELECT id FROM subscriptions
               WHERE recipient BETWEEN $1 AND $2 ORDER BY id FOR UPDATE""",
            *_beginning_with(recipient),
        )
        gone = [row["id"] for row in subscriptions]
        await connection.execute(
            """DELETE FROM deliveries
               WHERE subscription = ANY($1) AND state IN ('pending', 'failed')""",
            gone,
        )
        await connection.execute("DELETE FROM subscriptions WHERE id = ANY($1)", gone)


def _beginning_with(name: bytes) -> tuple[bytes, bytes]:
    """The least and the greatest key that begins so: links carry no more of one."""
    return name, name + b"\xff" * RECIPIENT_BYTES


async def tidy(pool: Pool) -> None:
    """Give up what is no news any more; forget what nobody confirmed or was sent long ago."""
    async with pool.acquire() as connection:
        await connection.execute(
            """UPDATE deliveries SET state = 'dead', reason = 'too late', changed = now()
               WHERE state IN ('pending', 'failed') AND expires <= now()"""
        )
        await connection.execute(
            f"""WITH old AS (
                    SELECT id FROM subscriptions
                    WHERE confirmed IS NULL AND asked < now() - interval '{FORGET_UNCONFIRMED}'),
                unsent AS (
                    DELETE FROM deliveries USING old
                    WHERE subscription = old.id AND state <> 'sending')
                DELETE FROM subscriptions USING old WHERE subscriptions.id = old.id"""  # noqa: S608
        )
        await connection.execute(
            f"""DELETE FROM deliveries WHERE id IN (
                    SELECT id FROM deliveries
                    WHERE state = 'sent' AND changed < now() - interval '{FORGET_SENT}'
                    LIMIT $1)""",  # noqa: S608 - a constant of this module
            TIDY_BATCH,
        )
        await forget_ended(connection, TIDY_BATCH)


# Announcements.


async def recorded(pool: Pool) -> dict[str, dict[MilestoneName, datetime]]:
    """For each edition, when each milestone was announced or skipped."""
    found: dict[str, dict[MilestoneName, datetime]] = {}
    for row in await pool.fetch("SELECT edition, milestone, made FROM announcements"):
        found.setdefault(row["edition"], {})[row["milestone"]] = row["made"]
    return found


async def skip(pool: Pool, edition: str, milestone: MilestoneName, reason: str) -> bool:
    """Record a milestone of which nobody is told; False if it is recorded already."""
    status = await pool.execute(
        """INSERT INTO announcements (edition, milestone, reason, finished)
           VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING""",
        edition,
        milestone,
        reason,
    )
    return status.endswith(" 1")


async def announce(pool: Pool, facts: Facts, operators: Sequence[Recipient]) -> int | None:
    """Record a milestone with a message for each recipient; how many, None if it was recorded.

    All or nothing: a crash leaves the milestone unrecorded, and it is announced at the next look.
    Someone who subscribed to the edition and to all editions hears once, in the language chosen for
    the edition.
    """
    async with pool.acquire() as connection, connection.transaction():
        announcement = await connection.fetchval(
            """INSERT INTO announcements (edition, milestone, facts) VALUES ($1, $2, $3)
               ON CONFLICT DO NOTHING RETURNING id""",
            facts.edition,
            facts.milestone,
            msgspec.json.encode(facts).decode(),
        )
        if announcement is None:
            return None
        status = await connection.execute(
            """INSERT INTO deliveries
                   (announcement, expires, subscription, channel, recipient, language)
               SELECT DISTINCT ON (channel, recipient)
                   $1::bigint, $3::timestamptz, id, channel, recipient, language
               FROM subscriptions
               WHERE confirmed IS NOT NULL AND edition IN ('', $2)
               ORDER BY channel, recipient, edition DESC""",
            announcement,
            facts.edition,
            facts.expires,
            timeout=10 * COMMAND_TIMEOUT_S,
        )
        await connection.execute(
            """INSERT INTO deliveries (announcement, expires, channel, recipient, language)
               SELECT $1, $2, 'apprise', * FROM unnest($3::bytea[], $4::text[])""",
            announcement,
            facts.expires,
            [one.recipient for one in operators],
            [one.language for one in operators],
        )
    return int(status.rpartition(" ")[2]) + len(operators)


async def facts_of(pool: Pool, announcement: int) -> Facts:
    """What an announcement says."""
    facts = await pool.fetchval("SELECT facts FROM announcements WHERE id = $1", announcement)
    return msgspec.json.decode(facts, type=Facts)
