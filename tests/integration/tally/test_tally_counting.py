"""The tally counts what it has verified, wherever it read it, and counts nothing twice."""

import asyncio
from collections.abc import Callable
from unittest.mock import ANY

import msgspec
import pytest

from services.tally import evidence
from services.tally.settings import Settings
from shared.edition.ballot import encode_opening
from shared.edition.views import TallySnapshot
from shared.log.tiles import TILE_WIDTH, decode_bundle, encode_bundle
from shared.service.runs import Run
from tests.editions import EditionBuilder
from tests.integration.tally.stage import PATIENCE_S, LogHost, Relay, counts, open_tally, run_of
from tests.servers import query

NOWHERE = "nats://127.0.0.1:9"


def assert_counted(shown: TallySnapshot, builder: EditionBuilder) -> None:
    counted = builder.count()
    assert (counts(shown), shown.ballots, shown.voters) == (
        counted.counts,
        counted.ballots,
        counted.voters,
    )


async def test_counts_runs_from_nats_alone(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """Runs with re-votes are counted as an independent count has them, with the log's HTTP away."""
    await relay.create(live.edition)
    live.cast_many(60)
    host.show(live)
    host.cut = "/log/"
    async with open_tally(settings) as tally:
        await relay.publish_all(live)
        assert_counted(await tally.counted(live), live)


async def test_counts_without_nats(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """With NATS away from the start the log is counted over HTTP, as it grows."""
    host.show(live)
    async with open_tally(msgspec.structs.replace(settings, nats_url=NOWHERE)) as tally:
        await tally.counted(live)
        live.cast_many(40)
        host.show(live)
        assert_counted(await tally.counted(live), live)


async def test_is_ready_without_nats(settings: Settings) -> None:
    """NATS being away is reported and does not matter."""
    async with open_tally(msgspec.structs.replace(settings, nats_url=NOWHERE)) as tally:
        status, body = await tally.ready()
    assert (status, body["nats"]) == (200, "disconnected")


async def test_reads_long_logs_in_proven_chunks(
    settings: Settings, host: LogHost, live: EditionBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of several chunks, each proven against one checkpoint, is counted over HTTP."""
    monkeypatch.setattr(evidence, "CHUNK", TILE_WIDTH)
    live.cast_many(700)
    host.show(live)
    async with open_tally(settings) as tally:
        assert_counted(await tally.counted(live), live)


async def test_repairs_a_gap(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """A run that was never published is read from the log."""
    await relay.create(live.edition)
    live.cast_many(30)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        live.cast_many(30, first=30)
        host.show(live)
        await relay.publish(live, len(live.entries) - 10, len(live.entries))
        assert_counted(await tally.counted(live), live)


async def test_finishes_over_http_what_it_began_there(
    settings: Settings,
    host: LogHost,
    relay: Relay,
    live: EditionBuilder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Below a checkpoint that was accepted, nothing is taken from elsewhere: it might be a fork."""
    monkeypatch.setattr(evidence, "CHUNK", TILE_WIDTH)
    await relay.create(live.edition)
    live.cast_many(300)
    host.show(live)
    host.cut = "/entries/001"
    async with open_tally(settings) as tally:
        await tally.until(live.edition, lambda now: now.size == TILE_WIDTH)
        await relay.publish(live, TILE_WIDTH, TILE_WIDTH + 10)
        await tally.looks_again(host)
        shown = await tally.snapshot(live.edition)
        assert shown is not None
        assert (shown.size, shown.behind) == (TILE_WIDTH, len(live.entries) - TILE_WIDTH)
        host.cut = None
        assert_counted(await tally.counted(live), live)


async def test_waits_for_a_database_that_is_away(
    settings: Settings, host: LogHost, live: EditionBuilder, tally_schema: tuple[str, str]
) -> None:
    """Without its database the tally is not ready; when it is back nothing is missing."""
    admin, _ = tally_schema
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        query(admin, "ALTER ROLE huimin_tally NOLOGIN")
        query(
            admin,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'huimin_tally'",
        )
        try:
            live.cast_many(40)
            host.show(live)
            await tally.until(live.edition, lambda now: now.status == "catching-up")
            status, body = await tally.ready()
        finally:
            query(admin, "ALTER ROLE huimin_tally LOGIN")
        assert (status, body["database"]) == (503, "unreachable")
        assert_counted(await tally.counted(live), live)


async def test_an_edition_that_cannot_be_counted_is_named_and_takes_nothing_off_line(
    settings: Settings, host: LogHost, live: EditionBuilder, tally_schema: tuple[str, str]
) -> None:
    """A corrupt projection is a fault of ours: `/ready` is 200 and says so."""
    admin, _ = tally_schema
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
    query(admin, "UPDATE editions SET frontier = decode(repeat('00', length(frontier)), 'hex')")
    async with open_tally(settings) as tally:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                status, body = await tally.ready()
                if body["failing"]:
                    break
                await asyncio.sleep(0.02)
    assert (status, body["failing"]) == (200, {live.edition: ANY})


async def test_goes_on_after_a_restart(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """A new process on the same database goes on where the old one was, from NATS alone."""
    await relay.create(live.edition)
    live.cast_many(30)
    host.show(live)
    await relay.publish_all(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
    start = len(live.entries)
    host.cut = "/log/"
    live.cast_many(40, first=30)
    await relay.publish_all(live, start)
    async with open_tally(settings) as tally:
        assert_counted(await tally.counted(live), live)


async def test_shows_what_it_knows_when_nothing_can_be_read(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """After a restart without log and NATS the saved count is shown, and not called complete."""
    live.cast_many(20)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
    host.cut = "/"
    async with open_tally(msgspec.structs.replace(settings, nats_url=NOWHERE)) as tally:
        shown = await tally.until(live.edition, lambda now: now.size > 0)
    assert (counts(shown), shown.status) == (live.count().counts, "catching-up")


async def test_follows_a_stream_that_is_made_anew(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """A stream that is lost and made again with other runs is read again, nothing counted twice."""
    await relay.create(live.edition)
    live.cast_many(40)
    host.show(live)
    async with open_tally(settings) as tally:
        await relay.publish_all(live, step=20)
        await tally.counted(live)
        host.cut = "/log/"
        await relay.delete(live.edition)
        await relay.create(live.edition)
        live.cast_many(40, first=40)
        await relay.publish_all(live, step=7)
        assert_counted(await tally.counted(live), live)


async def test_two_processes_share_a_database(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """Two tallies on one database count every ballot once, and both show it."""
    await relay.create(live.edition)
    host.show(live)
    async with open_tally(settings) as first, open_tally(settings) as second:
        start = 0
        for voter in range(0, 100, 10):
            live.cast_many(10, first=voter)
            await relay.publish_all(live, start)
            start = len(live.entries)
        host.show(live)
        assert_counted(await first.counted(live), live)
        assert_counted(await second.counted(live), live)


def flipped_entry(run: Run) -> Run:
    """The run with one bit of its last entry flipped."""
    *entries, last = decode_bundle(run.entries)
    flipped = last[:-3] + bytes([last[-3] ^ 1]) + last[-2:]
    return msgspec.structs.replace(run, entries=encode_bundle([*entries, flipped]))


def other_opening(run: Run) -> Run:
    """The run with an opening of other choices."""
    *openings, _ = decode_bundle(run.openings)
    forged = encode_opening(bytes(16), ["i01"])
    return msgspec.structs.replace(run, openings=encode_bundle([*openings, forged]))


def lost_openings(run: Run) -> Run:
    """The run without openings."""
    empty = [b""] * len(decode_bundle(run.openings))
    return msgspec.structs.replace(run, openings=encode_bundle(empty))


def too_few_openings(run: Run) -> Run:
    """The run with one opening too few."""
    return msgspec.structs.replace(run, openings=encode_bundle(decode_bundle(run.openings)[:-1]))


def unsigned(run: Run) -> Run:
    """The run with a checkpoint that the log did not sign."""
    return msgspec.structs.replace(
        run, checkpoint=run.checkpoint.replace(b"vote.example/", b"vote.example/x")
    )


def negative(run: Run) -> Run:
    """The run from before the beginning."""
    return msgspec.structs.replace(run, start=-1)


@pytest.mark.parametrize(
    "corrupt",
    [flipped_entry, other_opening, lost_openings, too_few_openings, unsigned, negative],
)
async def test_repairs_a_corrupted_run(
    settings: Settings,
    host: LogHost,
    relay: Relay,
    live: EditionBuilder,
    corrupt: Callable[[Run], Run],
) -> None:
    """What NATS spoilt is read from the log, and is not held against it."""
    await relay.create(live.edition)
    host.show(live)
    start = len(live.entries)
    live.cast_many(30)
    async with open_tally(settings) as tally:
        await tally.until(live.edition, lambda now: now.size == start)
        await relay.send(live.edition, corrupt(run_of(live, start, len(live.entries))))
        host.show(live)
        assert_counted(await tally.counted(live), live)


async def test_an_undecodable_message_is_passed_over(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """A message that is no run at all does not stop the runs after it."""
    await relay.create(live.edition)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        await relay.send_bytes(live.edition, b"\xc1 no run")
        host.cut = "/log/"
        start = len(live.entries)
        live.cast_many(20)
        await relay.publish_all(live, start)
        assert_counted(await tally.counted(live), live)


async def test_saves_each_key_once(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """The database holds one standing for each voter, with the highest seq."""
    live.cast_many(20)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
    rows = query(settings.database_url, "SELECT seq FROM standings")
    assert sorted(row["seq"] for row in rows) == [1] * 18 + [2] * 2
