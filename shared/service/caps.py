"""Caps: how often something may be done in a while, counted in the database.

Counted there, caps hold for all processes of a service together and survive restarts. A window
starts with the first use of a subject and lasts `window_s`: at most `limit` uses are counted in it,
so in any span of that length there are never more than twice as many. Subjects are keyed hashes: no
number, phone or address is stored.

The table `caps` is created by a migration of each service that counts; `forget_ended` is for its
housekeeping. Times are the database's own, since the clocks of several machines may differ.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import asyncpg
from msgspec import Meta, Struct

from shared.service.problem import TooManyRequests

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[Any]"

Limit: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""The limit of a cap, as a setting."""


class Cap(Struct, frozen=True):
    """At most `limit` uses by `subject` (a keyed hash) in `window_s` seconds; `scope` names it.

    `uses` is how many are counted now: with 0, what is used up refuses as it refuses others, and
    nothing else is different.
    """

    scope: str
    subject: bytes
    limit: int
    window_s: int
    uses: Literal[0, 1] = 1


class CapReached(TooManyRequests):
    """One of the caps has no use left; `cap` says which."""

    def __init__(self, cap: Cap, retry_after_s: int) -> None:
        super().__init__(
            f"{cap.scope}: at most {cap.limit} in {_span(cap.window_s)}", retry_after_s
        )
        self.cap = cap


_COUNT: Final = """
INSERT INTO caps AS c (scope, subject, used, ends)
SELECT a.scope, a.subject, a.uses, now() + make_interval(secs => a.window_s)
FROM unnest($1::text[], $2::bytea[], $3::integer[], $4::integer[])
    WITH ORDINALITY AS a(scope, subject, window_s, uses, position)
ORDER BY a.position
ON CONFLICT (scope, subject) DO UPDATE SET
    used = CASE WHEN c.ends <= now() THEN excluded.used ELSE c.used + excluded.used END,
    ends = CASE WHEN c.ends <= now() THEN excluded.ends ELSE c.ends END
RETURNING scope, used, ceil(extract(epoch FROM ends - now()))::integer AS left_s
"""

_LEFT: Final = """
SELECT ceil(extract(epoch FROM ends - now()))::integer FROM caps
WHERE scope = $1 AND subject = $2 AND used >= $3 AND ends > now()
"""

_FORGET: Final = """
DELETE FROM caps WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM caps WHERE ends <= now() LIMIT $1 FOR UPDATE SKIP LOCKED))
"""


async def count(connection: Connection, caps: Sequence[Cap]) -> None:
    """Count the uses of each; raises `CapReached` when one is used up, and then counts none.

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
            [cap.uses for cap in caps],
        )
        counted = {row["scope"]: row for row in rows}
        for cap in caps:
            if counted[cap.scope]["used"] - cap.uses >= cap.limit:
                raise CapReached(cap, max(1, counted[cap.scope]["left_s"]))


async def left_s(connection: Connection, cap: Cap) -> int:
    """Seconds until a cap that is used up has uses again; 0 if it has some now."""
    return await connection.fetchval(_LEFT, cap.scope, cap.subject, cap.limit) or 0


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
