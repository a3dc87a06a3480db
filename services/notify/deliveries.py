"""The SQL of messages under way, and of what became of them.

The rule that everything rests on: a message is `sending` in the database before its provider is
called. Whatever is found in that state when its owner has gone was perhaps sent, so it becomes
`unknown`; nothing else ever leads to a second sending of what may have been sent.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Literal, get_args

import asyncpg
import msgspec
from msgspec import Struct

from services.notify.store import Connection, Pool
from shared.notices.views import AnnouncementView, ChannelName, Language, MilestoneName, Trouble

RUN_LOCK: Final = 0x4E4F5449
"""First half of the advisory locks that tell which runs of processes are alive: "NOTI"."""

RATE_OVER_S: Final = 10
SHOWN_ANNOUNCEMENTS: Final = 50
SHOWN_TROUBLE: Final = 200


class Claimed(Struct, frozen=True, kw_only=True):
    """A message that is this process's to send, once. `address` and `secret` are sealed.

    Without a subscription (`handle` None) it is an operator's own, or somebody has left and with it
    `recipient`.
    """

    id: int
    attempt: int
    announcement: int | None
    recipient: bytes | None
    language: Language
    handle: bytes | None
    asked: datetime | None
    edition: str | None
    address: bytes | None
    secret: bytes | None


State = Literal["sent", "failed", "dead", "unknown"]


class Done(Struct, frozen=True, kw_only=True):
    """What became of a claimed message; `after_s` says when a `failed` one is tried again."""

    id: int
    attempt: int
    state: State
    reason: str = ""
    after_s: float = 0.0


class Counts(Struct, frozen=True, kw_only=True):
    """How many messages of an announcement are in each state; `failed` are pending, too."""

    total: int = 0
    sent: int = 0
    pending: int = 0
    failed: int = 0
    unknown: int = 0
    dead: int = 0


class Standing(Struct, frozen=True, kw_only=True):
    """How many messages of a channel wait, were given up, or are unknown."""

    channel: ChannelName
    waiting: int
    dead: int
    unknown: int


_TURN: Final = """
WITH marked AS (
    UPDATE deliveries d
    SET state = m.state, reason = m.reason, changed = now(),
        next_at = now() + make_interval(secs => m.after_s)
    FROM unnest($4::bigint[], $5::integer[], $6::text[], $7::text[], $8::float8[])
        AS m(id, attempt, state, reason, after_s)
    WHERE d.id = m.id AND d.owner = $1 AND d.attempts = m.attempt
        AND d.state IN ('sending', 'unknown')
), chosen AS (
    SELECT id FROM deliveries
    WHERE channel = $2 AND state IN ('pending', 'failed') AND next_at <= now()
        AND expires > now()
    ORDER BY urgent DESC, next_at
    LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE deliveries d
    SET state = 'sending', owner = $1, attempts = d.attempts + 1, changed = now()
    FROM chosen WHERE d.id = chosen.id
    RETURNING d.id, d.attempts, d.announcement, d.subscription, d.recipient, d.language
)
SELECT c.id, c.attempts, c.announcement, c.recipient, c.language,
    s.handle, s.asked, s.edition, s.address, s.secret
FROM claimed c LEFT JOIN subscriptions s ON s.id = c.subscription
"""


async def new_run(connection: Connection) -> int:
    """A number for this run of the process."""
    number: int = await connection.fetchval("SELECT nextval('runs')")
    return number


async def lock_run(connection: Connection, run: int) -> None:
    """Show, for as long as the connection lasts, that the run is alive."""
    await connection.execute("SELECT pg_advisory_lock($1, $2)", RUN_LOCK, run)


async def give_up_orphans(connection: Connection, run: int) -> int:
    """What runs that have ended were sending is unknown from now on; returns how many."""
    status = await connection.execute(
        """UPDATE deliveries SET state = 'unknown', reason = 'interrupted', changed = now()
           WHERE state = 'sending' AND owner <> $2 AND NOT EXISTS (
               SELECT FROM pg_locks
               WHERE locktype = 'advisory' AND classid = $1::integer::oid
                   AND objid = owner::oid AND objsubid = 2 AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """,
        RUN_LOCK,
        run,
    )
    return int(status.rpartition(" ")[2])


async def turn(
    pool: Pool, run: int, channel: ChannelName, done: Sequence[Done], limit: int
) -> list[Claimed]:
    """Record what is done and claim up to `limit` messages that are due, in one commit.

    When this raises, either both happened or neither; the same `done` may be recorded again, and
    `release` gives back what was claimed.
    """
    rows = await pool.fetch(
        _TURN,
        run,
        channel,
        limit,
        [one.id for one in done],
        [one.attempt for one in done],
        [one.state for one in done],
        [one.reason for one in done],
        [one.after_s for one in done],
    )
    return [_claimed(row) for row in rows]


async def release(pool: Pool, run: int, channel: ChannelName, held: Collection[int]) -> None:
    """Give back what this run has claimed without ever learning of it: it was not sent."""
    await pool.execute(
        """UPDATE deliveries SET state = 'failed', reason = 'not begun', changed = now()
           WHERE state = 'sending' AND owner = $1 AND channel = $2 AND id <> ALL($3::bigint[])""",
        run,
        channel,
        list(held),
    )


def _claimed(row: asyncpg.Record) -> Claimed:
    return Claimed(
        id=row["id"],
        attempt=row["attempts"],
        announcement=row["announcement"],
        recipient=row["recipient"],
        language=row["language"],
        handle=row["handle"],
        asked=row["asked"],
        edition=row["edition"] or None,
        address=row["address"],
        secret=row["secret"],
    )


# What is shown.


async def unfinished(pool: Pool) -> list[int]:
    """The announcements that may still have messages to send."""
    rows = await pool.fetch("SELECT id FROM announcements WHERE finished IS NULL ORDER BY id")
    return [row["id"] for row in rows]


async def progress(pool: Pool, announcement: int) -> AnnouncementView:
    """How far an announcement is, counted now; recorded when nothing of it waits any more."""
    row = await pool.fetchrow(
        """SELECT a.edition, a.milestone, a.made, a.reason, count(d.id) AS total,
               count(*) FILTER (WHERE d.state = 'sent') AS sent,
               count(*) FILTER (WHERE d.state IN ('pending', 'sending', 'failed')) AS pending,
               count(*) FILTER (WHERE d.state = 'failed') AS failed,
               count(*) FILTER (WHERE d.state = 'unknown') AS unknown,
               count(*) FILTER (WHERE d.state = 'dead') AS dead,
               count(*) FILTER (WHERE d.state IN ('sent', 'dead', 'unknown')
                   AND d.changed > now() - make_interval(secs => $2)) AS of_late,
               least(extract(epoch FROM now() - a.made), $2)::float8 AS over_s
           FROM announcements a LEFT JOIN deliveries d ON d.announcement = a.id
           WHERE a.id = $1 GROUP BY a.id""",
        announcement,
        RATE_OVER_S,
    )
    assert row is not None
    counts = Counts(**{name: row[name] for name in Counts.__struct_fields__})
    if counts.pending == 0:
        await pool.execute(
            """UPDATE announcements SET finished = now(), counts = $2
               WHERE id = $1 AND finished IS NULL""",
            announcement,
            msgspec.json.encode(counts).decode(),
        )
    return _view(row, counts, row["of_late"] / max(row["over_s"], 1.0))


async def announcements(pool: Pool) -> list[AnnouncementView]:
    """The newest announcements, the newest first."""
    rows = await pool.fetch(
        """SELECT id, edition, milestone, made, facts IS NULL AS skipped, reason, counts, finished
           FROM announcements ORDER BY id DESC LIMIT $1""",
        SHOWN_ANNOUNCEMENTS,
    )
    views = []
    for row in rows:
        if row["finished"] is None:
            views.append(await progress(pool, row["id"]))
            continue
        counts = Counts() if row["skipped"] else msgspec.json.decode(row["counts"], type=Counts)
        views.append(_view(row, counts, 0.0, skipped=row["skipped"]))
    return views


async def trouble(pool: Pool) -> list[Trouble]:
    """The newest messages that were given up, or perhaps sent; the newest first."""
    rows = await pool.fetch(
        """SELECT d.id, d.channel, coalesce(a.milestone, 'confirm') AS kind, a.edition, d.state,
               d.reason, d.attempts, d.changed
           FROM deliveries d LEFT JOIN announcements a ON a.id = d.announcement
           WHERE d.state IN ('dead', 'unknown') ORDER BY d.id DESC LIMIT $1""",
        SHOWN_TROUBLE,
    )
    return [
        Trouble(
            delivery=row["id"],
            channel=row["channel"],
            kind=row["kind"],
            edition=row["edition"],
            state=row["state"],
            reason=row["reason"],
            attempts=row["attempts"],
            time=row["changed"],
        )
        for row in rows
    ]


async def subscriptions(pool: Pool) -> dict[ChannelName, int]:
    """How many confirmed subscriptions each channel has."""
    rows = await pool.fetch(
        "SELECT channel, count(*) FROM subscriptions WHERE confirmed IS NOT NULL GROUP BY channel"
    )
    return {row["channel"]: row["count"] for row in rows}


async def standing(pool: Pool) -> list[Standing]:
    """What is not sent, for every channel."""
    rows = await pool.fetch(
        # Each part has an index that holds nothing else; together they would be a scan of all.
        """SELECT channel, 'waiting' AS standing, count(*) FROM deliveries
           WHERE state IN ('pending', 'failed') GROUP BY channel
           UNION ALL SELECT channel, 'waiting', count(*) FROM deliveries
           WHERE state = 'sending' GROUP BY channel
           UNION ALL SELECT channel, state, count(*) FROM deliveries
           WHERE state IN ('dead', 'unknown') GROUP BY channel, state"""
    )
    found: dict[ChannelName, Counter[str]] = {name: Counter() for name in get_args(ChannelName)}
    for channel, what, number in rows:
        found[channel][what] += number
    return [
        Standing(channel=name, waiting=one["waiting"], dead=one["dead"], unknown=one["unknown"])
        for name, one in found.items()
    ]


def _view(
    row: asyncpg.Record, counts: Counts, rate: float, *, skipped: bool = False
) -> AnnouncementView:
    milestone: MilestoneName = row["milestone"]
    return AnnouncementView(
        edition=row["edition"],
        milestone=milestone,
        time=row["made"],
        skipped=skipped,
        reason=row["reason"],
        total=counts.total,
        sent=counts.sent,
        pending=counts.pending,
        failed=counts.failed,
        unknown=counts.unknown,
        dead=counts.dead,
        finished=counts.pending == 0,
        rate=round(rate, 1),
        eta_s=round(counts.pending / rate) if counts.pending and rate else None,
    )
