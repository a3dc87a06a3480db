"""The relay: the stream is the log, whoever publishes it and whatever becomes of NATS."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.roles import nats_users
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.tiles import decode_bundle, encode_bundle
from shared.service.runs import Run, decode_run, encode_run
from shared.service.subjects import run_subject, stream_name
from tests.integration.ballot.conftest import NewPoll
from tests.integration.ballot.service import BallotProcess, Site, open_site
from tests.integration.ballot.streams import entries_of, jetstream, runs_of
from tests.polls import Poll, until
from tests.servers import everything, query


@pytest.fixture
def own_nats(tmp_path: Path) -> Iterator[NatsServer]:
    """A nats-server to be stopped."""
    users = [everything(tmp_path, "tests"), *nats_users(tmp_path / "secrets")]
    with NatsServer(tmp_path, users) as server:
        yield server


@pytest.fixture
def fragile_site(tmp_path: Path, postgres_server: Postgres, own_nats: NatsServer) -> Iterator[Site]:
    """A site whose NATS may be stopped."""
    with open_site(tmp_path, postgres_server, own_nats) as site:
        yield site


def openings_of(runs: list[Run]) -> list[bytes]:
    """The opening records of these runs."""
    return [record for run in runs for record in decode_bundle(run.openings)]


async def assert_stream_is_the_log(poll: Poll, site: Site) -> list[Run]:
    """The runs of the stream, which must be the log's entries up to its newest checkpoint."""
    entries = await poll.entries()
    runs = await runs_of(site.nats, poll.edition, len(entries))
    assert entries_of(runs) == entries
    assert open_checkpoint(runs[-1].checkpoint, poll.builder.verifier) == await poll.checkpoint()
    return runs


async def test_the_stream_is_the_log_with_its_openings(
    poll: Poll, shared_site: Site, services: tuple[BallotProcess, BallotProcess]
) -> None:
    """Entries and openings, in runs that end at signed checkpoints, cast at two processes."""
    places = [poll.at(service.url) for service in services]
    await asyncio.gather(*(places[n % 2].vote(n, "i01") for n in range(400)))
    runs = await assert_stream_is_the_log(poll, shared_site)
    await poll.sync()
    assert openings_of(runs) == poll.builder.openings


async def test_sealed_openings_are_not_in_the_stream_before_the_close(
    services: tuple[BallotProcess, BallotProcess], shared_site: Site, new_poll: NewPoll
) -> None:
    """Nor are they published there later: whoever wants them reads the log."""
    poll = await new_poll(services[0].url, disclosure="at-close")
    await asyncio.gather(*(poll.vote(n, "i01") for n in range(20)))
    runs = await runs_of(shared_site.nats, poll.edition, 24)
    await poll.officers(poll.builder.close)
    runs = await assert_stream_is_the_log(poll, shared_site)
    assert not any(openings_of(runs))


async def test_a_stream_that_was_deleted_is_built_again(poll: Poll, shared_site: Site) -> None:
    """From the first entry on, with the next that comes."""
    await asyncio.gather(*(poll.vote(n, "i01") for n in range(300)))
    await runs_of(shared_site.nats, poll.edition, 304)
    async with jetstream(shared_site.nats) as stream:
        await stream.delete_stream(stream_name(poll.edition))
    await poll.vote(300, "i01")
    await assert_stream_is_the_log(poll, shared_site)


async def test_ballots_are_accepted_while_nats_is_away_and_published_later(
    fragile_site: Site, new_poll: NewPoll
) -> None:
    """NATS is a copy: the service starts, announces, and takes ballots without it."""
    fragile_site.nats.stop()
    with fragile_site.running() as process:
        poll = await new_poll(process.url)
        await asyncio.gather(*(poll.vote(n, "i01") for n in range(300)))
        ready = await poll.get("/ready")
        assert (ready.status, ready.json()["nats"]) == (200, "disconnected")
        fragile_site.nats.start()
        await assert_stream_is_the_log(poll, fragile_site)


async def test_a_stream_lost_with_its_disk_is_built_again_without_a_new_ballot(
    fragile_site: Site, new_poll: NewPoll
) -> None:
    """NATS comes back empty after the last entry of an edition."""
    with fragile_site.running() as process:
        poll = await new_poll(process.url)
        await poll.vote(1, "i01")
        await runs_of(fragile_site.nats, poll.edition, 5)
        fragile_site.nats.stop()
        shutil.rmtree(fragile_site.nats.data / "nats" / "store")
        fragile_site.nats.start()
        await assert_stream_is_the_log(poll, fragile_site)


async def test_a_relay_that_was_overtaken_is_fenced_and_finds_its_place(
    site: Site, new_poll: NewPoll
) -> None:
    """Somebody else publishes the next run while the relay is frozen: it is not repeated."""
    with site.running() as one:
        poll = await new_poll(one.url)
        await runs_of(site.nats, poll.edition, 4)  # by now it is this process that relays
        with site.running() as two:
            there = poll.at(two.url)
            os.kill(one.pid, signal.SIGSTOP)
            try:
                await asyncio.gather(*(there.vote(n, "i01") for n in range(10)))
                await there.sync()
                note = (await there.read("checkpoint")).body
                entries, openings = poll.builder.entries[4:], poll.builder.openings[4:]
                run = Run(4, encode_bundle(entries), encode_bundle(openings), note)
                async with jetstream(site.nats) as stream:
                    await stream.publish(run_subject(poll.edition), encode_run(run))
            finally:
                os.kill(one.pid, signal.SIGCONT)
            await poll.vote(10, "i01")
            await assert_stream_is_the_log(poll, site)


@pytest.mark.parametrize("when", ["running", "restarted"])
@pytest.mark.parametrize("what", ["no run", "a run of another log"])
async def test_what_is_no_run_of_the_log_in_its_stream_is_passed_over(
    site: Site, new_poll: NewPoll, what: str, when: str
) -> None:
    """Somebody else published there: ballots go on, and the next run follows the last good one."""
    with site.running() as process:
        poll = await new_poll(process.url)
        other = await new_poll(process.url)
        await runs_of(site.nats, poll.edition, 4)
        stray = encode_run((await runs_of(site.nats, other.edition, 4))[-1])
        async with jetstream(site.nats) as stream:
            for _ in range(3):
                payload = b"no run" if what == "no run" else stray
                await stream.publish(run_subject(poll.edition), payload)
        if when == "running":
            await poll.vote(1, "i01")
            await until(lambda: _relayed(poll, site, 5))
            return
    with site.running() as process:
        poll = poll.at(process.url)
        await poll.vote(1, "i01")
        await until(lambda: _relayed(poll, site, 5))


async def test_a_stream_that_another_one_is_delivered_into_goes_on(
    site: Site, new_poll: NewPoll
) -> None:
    """A push consumer of somebody with all rights: its messages keep a subject of their own."""
    with site.running() as process:
        poll = await new_poll(process.url)
        await runs_of(site.nats, poll.edition, 4)
        async with jetstream(site.nats) as stream:
            before = (await stream.stream_info(stream_name(poll.edition))).state.last_seq
            await stream.add_stream(name="other", subjects=["other"])
            await stream.publish("other", b"stray")
            deliver = ConsumerConfig(name="push", deliver_subject=run_subject(poll.edition))
            await stream.add_consumer("other", deliver)
            await until(lambda: _holds(stream, poll, before + 1))
            await stream.delete_stream("other")
        await poll.vote(1, "i01")
        await until(lambda: _relayed(poll, site, 5))


async def _holds(stream: JetStreamContext, poll: Poll, messages: int) -> bool:
    """Whether the stream of a log has so many messages, whatever they are."""
    return (await stream.stream_info(stream_name(poll.edition))).state.messages == messages


async def _relayed(poll: Poll, site: Site, size: int) -> bool:
    """Whether the last run of the log is that up to this size."""
    async with jetstream(site.nats) as stream:
        last = await stream.get_last_msg(stream_name(poll.edition), run_subject(poll.edition))
    try:
        note = decode_run(last.data or b"").checkpoint
        return open_checkpoint(note, poll.builder.verifier).size == size
    except (msgspec.DecodeError, LogFormatError):
        return False


async def test_the_relay_changes_hands_under_load(site: Site, new_poll: NewPoll) -> None:
    """The process that relays is frozen and loses its lock; when it wakes, another has gone on."""
    with site.running() as one:
        poll = await new_poll(one.url)
        with site.running() as two:
            there = poll.at(two.url)
            voting = asyncio.gather(*(there.vote(n, "i01") for n in range(600)))
            await poll.vote(1_000, "i01")
            os.kill(one.pid, signal.SIGSTOP)
            try:
                holders = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = $1"
                query(site.admin_url, f"{holders} AND pid <> pg_backend_pid()", "advisory")
                await voting
                await runs_of(site.nats, poll.edition, 605)
            finally:
                os.kill(one.pid, signal.SIGCONT)
            await poll.vote(1_001, "i01")
            await assert_stream_is_the_log(poll, site)
