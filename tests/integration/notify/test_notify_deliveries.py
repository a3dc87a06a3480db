"""What becomes of a message when something happens between any two of its states.

Statement by statement against a real database, as two runs of the service would issue them.
"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from msgspec.structs import replace

from services.notify import deliveries, store
from services.notify.deliveries import Claimed, Done
from services.notify.run import open_run
from services.notify.settings import Settings
from tests.integration.notify.stage import BRISK, add_subscribers, states, until
from tests.servers import query

WHO = "reader@example.org"


@pytest.fixture
async def pool(notify_database: str) -> AsyncIterator[store.Pool]:
    """The service's connections."""
    pool = await store.open_pool(notify_database)
    yield pool
    pool.terminate()


@pytest.fixture
async def waiting(pool: store.Pool, admin: str, settings: Settings) -> None:
    """One message by e-mail that is due."""
    await announced(admin, settings, [WHO])


async def announced(admin: str, settings: Settings, addresses: list[str]) -> None:
    """One message by e-mail to each address, due now."""
    await add_subscribers(admin, settings, addresses)
    connection = await asyncpg.connect(admin)
    await connection.execute(
        """INSERT INTO deliveries (subscription, channel, recipient, language)
           SELECT id, channel, recipient, language FROM subscriptions"""
    )
    await connection.close()


async def run_number(pool: store.Pool) -> int:
    async with pool.acquire() as connection:
        return await deliveries.new_run(connection)


async def claim(pool: store.Pool, run: int, limit: int = 10) -> list[Claimed]:
    return await deliveries.turn(pool, run, "email", [], limit)


async def record(pool: store.Pool, run: int, claimed: Claimed, **fields: object) -> None:
    done = Done(id=claimed.id, attempt=claimed.attempt, state="sent")
    await deliveries.turn(pool, run, "email", [replace(done, **fields)], 0)


async def orphaned(pool: store.Pool, run: int = 0) -> int:
    async with pool.acquire() as connection:
        return await deliveries.give_up_orphans(connection, run)


@pytest.mark.usefixtures("waiting")
async def test_a_claim_is_committed_as_sending(pool: store.Pool, admin: str) -> None:
    """When a claim returns, the message is `sending` for everyone: before any provider is asked."""
    assert len(await claim(pool, await run_number(pool))) == 1
    assert await states(admin) == {"sending": 1}


@pytest.mark.usefixtures("waiting")
async def test_a_claimed_message_is_nobody_elses(pool: store.Pool) -> None:
    """A second run finds nothing to claim."""
    await claim(pool, await run_number(pool))
    assert await claim(pool, await run_number(pool)) == []


async def test_two_runs_share_the_messages(
    pool: store.Pool, admin: str, settings: Settings
) -> None:
    """Two runs that claim at once never claim the same message."""
    await announced(admin, settings, [f"reader{number}@example.org" for number in range(60)])
    runs = [await run_number(pool) for _ in range(2)]
    claims = await asyncio.gather(*(claim(pool, runs[n % 2], 10) for n in range(8)))
    ids = [one.id for claimed in claims for one in claimed]
    assert len(ids) == len(set(ids)) == 60


@pytest.mark.usefixtures("waiting")
async def test_killed_while_sending_it_is_unknown(pool: store.Pool, admin: str) -> None:
    """A message whose run has ended was perhaps sent: unknown, and never claimed again."""
    await claim(pool, await run_number(pool))
    assert await orphaned(pool) == 1
    assert await states(admin) == {"unknown": 1}
    assert await claim(pool, await run_number(pool)) == []


@pytest.mark.usefixtures("waiting")
async def test_killed_before_the_claim_it_waits(pool: store.Pool, admin: str) -> None:
    """A message that nobody had claimed is untouched by the end of a run."""
    await run_number(pool)
    assert await orphaned(pool) == 0
    assert await states(admin) == {"pending": 1}


@pytest.mark.usefixtures("waiting")
async def test_killed_after_the_record_it_is_sent(pool: store.Pool, admin: str) -> None:
    """A message that was recorded as sent stays so when its run has ended."""
    run = await run_number(pool)
    await record(pool, run, (await claim(pool, run))[0])
    assert await orphaned(pool) == 0
    assert await states(admin) == {"sent": 1}


@pytest.mark.usefixtures("waiting")
async def test_a_living_run_keeps_its_messages(
    pool: store.Pool, notify_database: str, admin: str
) -> None:
    """What a run is sending is its own while its lock is held, and given up when it is not."""
    async with open_run(notify_database, BRISK) as run:
        await until(lambda: run.held, "the lock was not taken")
        await claim(pool, run.number)
        assert await orphaned(pool) == 0
    await until(lambda: _given_up(pool), "the lock outlived its run")
    assert await states(admin) == {"unknown": 1}


async def _given_up(pool: store.Pool) -> bool:
    return await orphaned(pool) == 1


@pytest.mark.usefixtures("waiting")
async def test_a_run_believed_dead_may_still_tell(pool: store.Pool, admin: str) -> None:
    """A run that lost its lock but lives records the truth over `unknown`."""
    run = await run_number(pool)
    (claimed,) = await claim(pool, run)
    await orphaned(pool)
    await record(pool, run, claimed)
    assert await states(admin) == {"sent": 1}


@pytest.mark.usefixtures("waiting")
async def test_a_result_recorded_twice_is_recorded_once(pool: store.Pool, admin: str) -> None:
    """A record that is repeated because its answer was lost does not undo what came after."""
    run = await run_number(pool)
    (claimed,) = await claim(pool, run)
    await record(pool, run, claimed, state="failed", reason="busy")
    await claim(pool, run)
    await record(pool, run, claimed, state="failed", reason="busy")
    assert await states(admin) == {"sending": 1}


@pytest.mark.usefixtures("waiting")
async def test_another_runs_message_cannot_be_recorded(pool: store.Pool, admin: str) -> None:
    """A run records only what it claimed."""
    (claimed,) = await claim(pool, await run_number(pool))
    await record(pool, await run_number(pool), claimed)
    assert await states(admin) == {"sending": 1}


@pytest.mark.usefixtures("waiting")
async def test_a_claim_never_learned_of_is_given_back(pool: store.Pool, admin: str) -> None:
    """A claim whose answer was lost is released by its run, and can be claimed again."""
    run = await run_number(pool)
    await claim(pool, run)
    await deliveries.release(pool, run, "email", [])
    assert len(await claim(pool, run)) == 1


@pytest.mark.usefixtures("waiting")
async def test_what_is_under_way_is_not_given_back(pool: store.Pool, admin: str) -> None:
    """A release spares the messages that the run has in hand."""
    run = await run_number(pool)
    (claimed,) = await claim(pool, run)
    await deliveries.release(pool, run, "email", [claimed.id])
    assert await states(admin) == {"sending": 1}


@pytest.mark.usefixtures("waiting")
async def test_a_failed_message_waits_for_its_time(pool: store.Pool) -> None:
    """A message that is to be tried again later is not claimed before."""
    run = await run_number(pool)
    await record(pool, run, (await claim(pool, run))[0], state="failed", after_s=3600.0)
    assert await claim(pool, run) == []


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("state", ["sent", "dead", "unknown"])
async def test_final_states_are_final(pool: store.Pool, admin: str, state: str) -> None:
    """The database refuses to take a message that was, or was perhaps, sent back to the queue."""
    run = await run_number(pool)
    await record(pool, run, (await claim(pool, run))[0], state=state)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute("UPDATE deliveries SET state = 'sending', owner = $1", run + 1)


async def test_one_recipient_gets_one_message(
    pool: store.Pool, admin: str, settings: Settings
) -> None:
    """The database refuses a second message of one announcement to the same recipient."""
    await add_subscribers(admin, settings, [WHO])
    number = await pool.fetchval(
        """INSERT INTO announcements (edition, milestone, facts) VALUES ('e', 'result', '{}')
           RETURNING id"""
    )
    insert = """INSERT INTO deliveries (announcement, channel, recipient, language)
                SELECT $1, channel, recipient, language FROM subscriptions"""
    await pool.execute(insert, number)
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(insert, number)


@pytest.mark.usefixtures("waiting")
async def test_what_is_no_news_is_not_sent(pool: store.Pool, admin: str) -> None:
    """A message that waited for too long is given up, not sent late."""
    query(admin, "UPDATE deliveries SET expires = now() - interval '1 second'")
    assert await claim(pool, await run_number(pool)) == []
    await store.tidy(pool)
    assert await states(admin) == {"dead": 1}


async def test_requests_to_confirm_go_first(
    pool: store.Pool, admin: str, settings: Settings
) -> None:
    """Who waits for a link does not wait behind an announcement."""
    await announced(admin, settings, [f"reader{number}@example.org" for number in range(20)])
    query(admin, "UPDATE deliveries SET urgent = true WHERE id = (SELECT max(id) FROM deliveries)")
    newest = await pool.fetchval("SELECT max(id) FROM deliveries")
    assert [one.id for one in await claim(pool, await run_number(pool), 1)] == [newest]


async def test_someone_who_left_is_not_written_to(
    pool: store.Pool, admin: str, settings: Settings
) -> None:
    """When a subscription ends, its waiting messages go with it."""
    await announced(admin, settings, [WHO])
    await store.leave(pool, await recipient(pool))
    assert await states(admin) == {}


async def recipient(pool: store.Pool) -> bytes:
    """The keyed hash of the one address that is subscribed."""
    found: bytes = await pool.fetchval("SELECT DISTINCT recipient FROM subscriptions")
    return found


@pytest.mark.parametrize("state", ["sent", "dead", "unknown"])
async def test_someone_who_left_is_in_no_old_message(
    pool: store.Pool, admin: str, waiting: None, state: str
) -> None:
    """A message that was sent, given up or unknown is still counted, and says not whose it was."""
    run = await run_number(pool)
    (claimed,) = await claim(pool, run)
    await record(pool, run, claimed, state=state)
    whose = await recipient(pool)
    await store.leave(pool, whose)
    assert await states(admin) == {state: 1}
    assert await pool.fetchval("SELECT recipient FROM deliveries") is None


async def test_someone_who_left_while_a_message_was_sent_is_not_written_to_again(
    pool: store.Pool, admin: str, waiting: None
) -> None:
    """A message under way is recorded, and what is claimed again has nobody to go to."""
    run = await run_number(pool)
    (claimed,) = await claim(pool, run)
    await store.leave(pool, await recipient(pool))
    await record(pool, run, claimed, state="failed", after_s=0.0)
    (again,) = await claim(pool, run)
    assert (again.id, again.handle, again.recipient) == (claimed.id, None, None)


async def test_an_operators_recipient_is_kept(pool: store.Pool) -> None:
    """The database refuses a message to an operator's own recipient that does not say to whom."""
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("INSERT INTO deliveries (channel, language) VALUES ('apprise', 'zh')")
