"""Pools of database connections in which nobody waits without bounds.

asyncpg bounds the making of a connection and each statement, but not the wait for a connection of
the pool to be free: under overload those who wait would only grow in number. Here the wait ends
with `TimeoutError`, which every service answers by 503 with Retry-After, as when the database is
away.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import asyncpg.pool

WAIT_S: Final = 5.0
"""As long as making a connection may take: the wait includes that if there is room for one."""
MAX_QUERIES: Final = 50_000
"""After so many statements a connection is made anew; asyncpg's default."""
IDLE_S: Final = 300.0
"""For so long a connection beyond the least number is kept idle; asyncpg's default."""

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Acquiring: TypeAlias = asyncpg.pool.PoolAcquireContext[asyncpg.Record]
else:
    Pool = asyncpg.Pool


class BoundedPool(Pool):
    """A pool in which a connection is waited for `wait_s`, unless the caller says otherwise."""

    wait_s = WAIT_S

    def acquire(self, *, timeout: float | None = None) -> "Acquiring":
        """As asyncpg does; raises `TimeoutError` when no connection is free in time."""
        return super().acquire(timeout=self.wait_s if timeout is None else timeout)


def bounded_pool(
    url: str,
    *,
    min_size: int,
    max_size: int,
    reset: Callable[[Any], Awaitable[None]] | None = None,
    **connect: Any,
) -> BoundedPool:
    """A pool that is opened by awaiting it; `connect` are asyncpg's parameters of a connection."""
    return BoundedPool(
        url,
        min_size=min_size,
        max_size=max_size,
        max_queries=MAX_QUERIES,
        max_inactive_connection_lifetime=IDLE_S,
        reset=reset,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        **connect,
    )
