"""The database guards the log by itself: append-only, by two functions, durable, hashes checked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from services.ballot import store
from services.ballot.edition import Edition, LogKey
from services.ballot.store import NewEntry
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash
from tests.editions import LOG_SEED
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.service import ORIGIN, OWNER, Site
from tests.servers import query

TABLES = ("logs", "entries", "openings", "tiles", "checkpoints")
CHANGES = {
    "UPDATE": "UPDATE {table} SET log = log",
    "DELETE": "DELETE FROM {table}",
    "TRUNCATE": "TRUNCATE {table}",
}


@pytest.fixture
async def filled_site(site: Site, new_poll: NewPoll) -> Site:
    """A database with something in every table."""
    with site.running() as process:
        poll = await new_poll(process.url)
        await asyncio.gather(*(poll.vote(n, "i01") for n in range(260)))
    return site


@asynccontextmanager
async def connected(url: str, role: str | None = None) -> AsyncIterator[store.Connection]:
    """A connection, on behalf of another role if one is named."""
    connection = await asyncpg.connect(url)
    try:
        if role:
            await connection.execute(f"SET ROLE {role}")
        yield connection
    finally:
        await connection.close()


async def contents(site: Site) -> list[object]:
    """A digest of every table."""
    async with connected(site.admin_url) as admin:
        statement = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
        return [await admin.fetchval(statement.format(table)) for table in TABLES]


async def test_no_row_can_be_changed_by_the_service_or_by_the_owner(filled_site: Site) -> None:
    """UPDATE, DELETE and TRUNCATE of every table, and everything is as before."""
    before = await contents(filled_site)
    assert all(before)
    allowed = []
    for url, role in ((filled_site.url, None), (filled_site.admin_url, OWNER)):
        async with connected(url, role) as connection:
            for table in TABLES:
                for name, change in CHANGES.items():
                    try:
                        await connection.execute(change.format(table=table))
                        allowed.append((role, name, table))
                    except asyncpg.InsufficientPrivilegeError:
                        pass
    assert allowed == []
    assert await contents(filled_site) == before


@pytest.fixture
async def writer(site: Site) -> AsyncIterator[store.Connection]:
    """A connection of the service's role."""
    async with connected(site.url) as connection:
        yield connection


def entry(data: bytes) -> NewEntry:
    """An entry with its leaf hash."""
    return NewEntry(data, leaf_hash(data))


async def append(connection: store.Connection, log: str, new: list[NewEntry]) -> None:
    """Append to a log, which is begun if it is not there."""
    async with store.transaction(connection):
        head = await store.lock_head(connection, log, f"{ORIGIN}/{log}", [])
        growth = head.frontier.extend([one.leaf for one in new])
        await store.append(connection, log, growth.start, new, [], growth.frontier, b"note")


async def test_a_leaf_hash_that_is_not_that_of_the_bytes_is_refused(
    writer: store.Connection,
) -> None:
    """One flipped bit would make the log unverifiable for ever."""
    wrong = NewEntry(b"other bytes", leaf_hash(b"bytes"))
    with pytest.raises(asyncpg.DataCorruptedError):
        await append(writer, "a", [entry(b"good"), wrong])
    await writer.execute("ROLLBACK")
    assert await store.head(writer, "a") == store.StoredHead(0, Frontier.empty(), b"")


@pytest.mark.parametrize("start", [0, 2, 7])
async def test_an_append_anywhere_but_at_the_head_is_refused(
    writer: store.Connection, start: int
) -> None:
    """The log has one entry, so the next is 1."""
    await append(writer, "a", [entry(b"first")])
    one = entry(b"second")
    with pytest.raises(asyncpg.SerializationError):
        await store.append(writer, "a", start, [one], [], Frontier.empty(), b"note")
    assert await store.entries(writer, "a", 0, 1) == [b"first"]


async def test_an_append_to_a_log_that_nobody_began_is_refused(writer: store.Connection) -> None:
    """There would be no head to lock."""
    with pytest.raises(asyncpg.NoDataFoundError):
        await store.append(writer, "none", 0, [entry(b"x")], [], Frontier.empty(), b"note")


async def test_the_same_seq_of_a_key_cannot_stand_twice(writer: store.Connection) -> None:
    """Whatever the service's code may do wrong."""
    ballot = NewEntry(b"one", leaf_hash(b"one"), b"{}", b"key", 1)
    await append(writer, "a", [ballot])
    with pytest.raises(asyncpg.UniqueViolationError):
        await append(writer, "a", [NewEntry(b"two", leaf_hash(b"two"), b"{}", b"key", 1)])


@pytest.mark.parametrize("setting", ["off", "local", "remote_write"])
async def test_a_session_cannot_make_an_append_less_durable(site: Site, setting: str) -> None:
    """Whatever synchronous_commit it came with: the commit waits for the disk."""
    query(site.admin_url, "ALTER ROLE huimin_ballot SET synchronous_commit = " + setting)
    try:
        async with connected(site.url) as connection:
            assert await connection.fetchval("SHOW synchronous_commit") == setting
            await append(connection, "a", [entry(b"first")])
            flushed = "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()"
            assert await connection.fetchval(flushed)
            async with connection.transaction():
                head = await store.lock_head(connection, "a", None, [])
                new = [entry(b"second")]
                await store.append(connection, "a", 1, new, [], head.frontier, b"note")
                assert await connection.fetchval("SHOW synchronous_commit") == "on"
    finally:
        query(site.admin_url, "ALTER ROLE huimin_ballot RESET synchronous_commit")


async def test_whoever_is_frozen_with_the_lock_does_not_stop_the_others(site: Site) -> None:
    """The server takes the head from a session that does nothing."""
    frozen = await store.connect(site.url)
    try:
        await append(frozen, "a", [entry(b"first")])
        await frozen.execute("BEGIN")
        await store.lock_head(frozen, "a", None, [])
        async with connected(site.url) as other:
            await append(other, "a", [entry(b"second")])
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await frozen.execute("COMMIT")
    finally:
        frozen.terminate()


async def test_a_refresh_that_was_overtaken_does_not_turn_the_state_back(
    site: Site, new_poll: NewPoll
) -> None:
    """A task that read before the close must not open the vote again when it goes on."""
    read, overtaken = asyncio.Event(), asyncio.Event()

    async def look_and_wait(connection: Any) -> None:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        read.set()
        await overtaken.wait()

    with site.running() as process:
        poll = await new_poll(process.url)
        edition = Edition(poll.edition, LogKey(ORIGIN, LOG_SEED))
        pool = await asyncpg.create_pool(site.url, min_size=1, max_size=1, setup=look_and_wait)
        slow = asyncio.create_task(edition.refresh(pool))
        await read.wait()
        await poll.officers(poll.builder.close)
        async with connected(site.url) as connection:
            await edition.refresh(connection)
        overtaken.set()
        await slow
        pool.terminate()
    assert edition.state is not None
    assert edition.state.phase == "closed"


async def test_a_ballot_is_not_acknowledged_before_the_standby_has_it(
    site: Site, new_poll: NewPoll
) -> None:
    """With a synchronous standby that does not answer: 503, and a receipt once it does.

    The commit must not be cancelled meanwhile: it would look committed and be on one machine only.
    """
    with site.running() as process:
        poll = await new_poll(process.url)
        ballot = poll.builder.ballot(1, ["i01"])
        with site.without_standby():
            answer = await poll.cast(ballot)
            assert (answer.status, answer.slug) == (503, "store-unavailable")
            assert answer.headers["Retry-After"]
            assert await poll.size() == 4
        assert (await poll.cast(ballot)).receipt().index == 4
        assert await poll.size() == 5
