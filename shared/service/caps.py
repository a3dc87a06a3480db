"""Caps: how often something may be done in a while, counted in the database.

Counted there, caps hold for all processes of a service together and survive restarts. A window
starts with the first use of a subject and lasts `window_s`: at most `limit` uses are counted in it,
so in any span of that length there are never more than twice as many. Subjects are keyed hashes: no
number, phone or address is stored.

The table `caps` is created by a migration of each service that counts; `forget_ended` is for its
housekeeping. Times are the database's own, since the clocks of several machines may differ.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import asyncpg
from msgspec import Meta, Struct

from shared.service.problem import TooManyRequests

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[Any]"

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""The limit of a cap, as a setting."""


class Cap(Struct, frozen=True):
    """At most `limit` uses by `subject` (a keyed hash) in `window_s` seconds; `scope` names it."""

    scope: str
    subject: bytes
    limit: int
    window_s: int


class CapReached(TooManyRequests):
    """One of the caps has no use left; `cap` says which."""

    def __init__(self, cap: Cap, retry_after_s: int) -> None:
        super().__init__(
            f"{cap.scope}: at most {cap.limit} in {_span(cap.window_s)}", retry_after_s
        )
        self.cap = cap


_COUNT: Final = """
INSERT INTO caps AS c (scope, subject, used, ends)
SELECT a.scope, a.subject, 1, now() + make_interval(secs => a.window_s)
FROM unnest($1::text[], $2::bytea[], $3::integer[])
    WITH ORDINALITY AS a(scope, subject, window_s, position)
ORDER BY a.position
ON CONFLICT (scope, subject) DO UPDATE SET
    used = CASE WHEN c.ends <= now() THEN 1 ELSE c.used + 1 END,
    ends = CASE WHEN c.ends <= now() THEN excluded.ends ELSE c.ends END
RETURNING scope, used, ceil(extract(epoch FROM ends - now()))::integer AS left_s
"""

_FORGET: Final = """
DELETE FROM caps WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM caps WHERE ends <= now() LIMIT $1 FOR UPDATE SKIP LOCKED))
"""


async def count(connection: Connection, caps: Sequence[Cap]) -> None:
    """Count one use of each; raises `CapReached` when one is used up, and then counts none.

    Outside a transaction of the caller's, it commits without waiting for the disk: everybody's use
    of a wide cap waits for the one before, and a crash of the database that forgets the last
    moment's uses does no harm. Rows stay locked until the transaction ends, in the order given:
    name each scope once, list narrow scopes before wide ones, and use the same order everywhere, or
    transactions may deadlock.
    """
    alone = not connection.is_in_transaction()
    async with connection.transaction():
        if alone:
            await connection.execute("SET LOCAL synchronous_commit TO off")
        rows = await connection.fetch(
            _COUNT,
            [cap.scope for cap in caps],
            [cap.subject for cap in caps],
            [cap.window_s for cap in caps],
        )
        counted = {row["scope"]: row for row in rows}
        for cap in caps:
            if counted[cap.scope]["used"] > cap.limit:
                raise CapReached(cap, max(1, counted[cap.scope]["left_s"]))


async def forget_ended(connection: Connection, batch: int) -> int:
    """Delete at most `batch` rows whose window has ended; returns how many."""
    status = await connection.execute(_FORGET, batch)
    return int(status.rpartition(" ")[2])


def _span(seconds: int) -> str:
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            count_ = seconds // unit
            return f"1 {name}" if count_ == 1 else f"{count_} {name}s"
    return f"{seconds} seconds"
