"""Too much, or no database: 503 with Retry-After, and the same ballot sent again counts once."""

import asyncio
from itertools import islice

import asyncpg
import pytest

from shared.edition.commands import CloseVoting, SignedCommand
from shared.edition.events import BallotCast, decode_event
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.service import Site
from tests.polls import Poll, until
from tests.servers import query


async def test_ballots_beyond_the_queue_are_turned_away_and_welcome_later(
    site: Site, new_poll: NewPoll
) -> None:
    """While a commit hangs: one ballot in the queue, and the rest gets 503."""
    with site.running(queue_limit=1) as process:
        poll = await new_poll(process.url)
        ballots = [poll.builder.ballot(n, ["i01"]) for n in range(10)]
        blocker = await asyncpg.connect(site.admin_url)
        async with blocker.transaction():
            await blocker.execute("SELECT FROM logs FOR UPDATE")
            waiting = [asyncio.create_task(poll.cast(ballots[0]))]
            await until_locked_out(blocker)
            others = [asyncio.create_task(poll.cast(ballot)) for ballot in ballots[1:]]
            turned_away = [await one for one in islice(asyncio.as_completed(others), 9)]
        accepted = await asyncio.gather(*waiting)
        await blocker.close()
        assert [answer.status for answer in accepted] == [201]
        assert [(a.status, a.slug) for a in turned_away] == [(503, "overloaded")] * 9
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in turned_away)
        for ballot in ballots:
            (await poll.cast(ballot)).receipt()
        assert await poll.size() == 14


async def is_ready(poll: Poll) -> bool:
    """Whether the service says that it is ready."""
    return (await poll.get("/ready")).status == 200


async def until_locked_out(blocker: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait until somebody waits for the lock that this connection holds."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
    await until(lambda: blocker.fetchval(waiting))


async def test_without_its_database_the_service_is_not_ready_and_loses_nothing(
    site: Site, new_poll: NewPoll
) -> None:
    """Ballots get 503, reading does too; once it is back the service is ready by itself."""
    with site.running() as process:
        poll = await new_poll(process.url)
        receipt = await poll.vote(1, "i01")
        ballot = poll.builder.ballot(2, ["i01"])
        with site.away():
            answer, view, note, ready = await asyncio.gather(
                poll.cast(ballot),
                poll.get(f"/v1/editions/{poll.edition}"),
                poll.read("checkpoint"),
                poll.get("/ready"),
            )
            assert {one.slug for one in (answer, view, note)} == {"store-unavailable"}
            assert {one.status for one in (answer, view, note, ready)} == {503}
            assert all(int(one.headers["Retry-After"]) >= 1 for one in (answer, view, note))
        await until(lambda: is_ready(poll))
        assert (await poll.cast(ballot)).receipt().index == 5
        assert (await poll.vote(1, "i01")).proof == receipt.proof


async def test_a_batch_whose_connection_is_lost_is_committed_on_another(
    site: Site, new_poll: NewPoll
) -> None:
    """The voters notice nothing."""
    with site.running() as process:
        poll = await new_poll(process.url)
        await poll.vote(0, "i01")
        voting = [asyncio.create_task(poll.vote(n, "i01")) for n in range(1, 200)]
        admin = await asyncpg.connect(site.postgres.admin_dsn)
        while not all(task.done() for task in voting):
            leave = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            await admin.execute(leave, site.database)
            await asyncio.sleep(0.3)
        await admin.close()
        receipts = await asyncio.gather(*voting)
        assert sorted(receipt.index for receipt in receipts) == list(range(5, 204))


async def test_a_command_whose_connection_is_lost_is_carried_out_once(
    site: Site, new_poll: NewPoll
) -> None:
    """And answered by its receipt, not by a complaint that it was carried out already."""
    with site.running() as process:
        poll = await new_poll(process.url, prepared=False)
        admin = await asyncpg.connect(site.postgres.admin_dsn)

        async def disturb() -> None:
            leave = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
            while True:
                await admin.execute(leave, site.database)
                await asyncio.sleep(0.25)

        async with asyncio.TaskGroup() as tasks:
            disturbing = tasks.create_task(disturb())
            await disturbed_prepare(poll)
            disturbing.cancel()
        await admin.close()
        assert [await poll.size(), (await poll.view()).phase] == [4, "open"]


async def disturbed_prepare(poll: Poll) -> None:
    """Open the vote, sending again what could not even be looked at."""
    builder = poll.builder
    for act in (builder.announce, builder.publish_shortlist, builder.commit_roll, builder.open):
        act()
        event = decode_event(builder.entries[-1])
        assert not isinstance(event, BallotCast)

        async def carried_out(signed: SignedCommand = event.signed) -> bool:
            answer = await poll.command(signed)
            return answer.slug != "store-unavailable" and bool(answer.receipt())

        await until(carried_out)


@pytest.mark.parametrize("what", ["ballot", "command"])
async def test_a_commit_of_unknown_outcome_is_found_out_and_never_guessed(
    site: Site, new_poll: NewPoll, what: str
) -> None:
    """The connection is lost after the commit and before the answer: one entry, and its receipt."""
    with site.running() as process:
        poll = await new_poll(process.url)
        with site.without_standby():
            asked = asyncio.create_task(
                poll.cast(poll.builder.ballot(1, ["i01"]))
                if what == "ballot"
                else poll.command(close_of(poll))
            )
            await until(lambda: asyncio.to_thread(end_waiting_commit, site))
        assert (await asked).receipt().index == 4
        assert await poll.size() == 5


def close_of(poll: Poll) -> SignedCommand:
    """The signed command that closes the vote."""
    return poll.builder.signed(CloseVoting(**poll.builder.base()))


def end_waiting_commit(site: Site) -> bool:
    """End the backend whose COMMIT waits for the standby; whether there was one."""
    waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    return bool(query(site.admin_url, waiting))
