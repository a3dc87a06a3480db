"""Nobody waits without bounds for a connection of a pool."""

import asyncpg
import pytest

from cli.embedded.postgres import Postgres
from shared.service.database import bounded_pool


async def test_a_connection_is_waited_for_within_bounds(postgres_server: Postgres) -> None:
    """While all connections are taken a statement fails in time; afterwards it does not."""
    async with bounded_pool(postgres_server.admin_dsn, min_size=0, max_size=1) as pool:
        pool.wait_s = 0.1
        async with pool.acquire():
            with pytest.raises(TimeoutError):
                await pool.fetchval("SELECT 1")
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_database_that_is_away_is_told_at_once(postgres_server: Postgres) -> None:
    """The wait is for a connection to be free, not for one that cannot be made."""
    address = postgres_server.admin_dsn.replace("/postgres?", "/nowhere?")
    async with bounded_pool(address, min_size=0, max_size=1) as pool:
        with pytest.raises(asyncpg.PostgresError):
            await pool.fetchval("SELECT 1")
