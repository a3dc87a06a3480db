"""Turnout by hour: what the log says, counted once, whatever happens in between."""

from collections import Counter
from datetime import datetime, timedelta
from importlib.resources import files

import msgspec
import pytest

from services.tally.settings import Settings
from shared.edition.events import BallotCast, decode_event, encode_event
from shared.edition.views import Turnout
from tests.editions import TIME, EditionBuilder
from tests.integration.tally.stage import LogHost, Relay, Tally, open_tally
from tests.servers import query


def move_ballots(builder: EditionBuilder, hours: int, start: int) -> None:
    """Have the ballots from index `start` on cast so many hours later."""
    for index in range(start, len(builder.entries)):
        event = decode_event(builder.entries[index])
        if isinstance(event, BallotCast):
            later = msgspec.structs.replace(event, hour=TIME + timedelta(hours=hours))
            builder.entries[index] = encode_event(later)


def cast_in_hours(builder: EditionBuilder, hours: int, voters: int) -> None:
    """So many new voters in each hour; every tenth of them votes again in the same hour."""
    for hour in range(hours):
        start = len(builder.entries)
        builder.cast_many(voters, first=hour * voters)
        move_ballots(builder, hour, start)


def by_definition(builder: EditionBuilder) -> dict[datetime, tuple[int, int]]:
    """Ballots and first ballots of each hour, from the log's entries."""
    ballots: Counter[datetime] = Counter()
    voters: Counter[datetime] = Counter()
    seen: set[bytes] = set()
    for entry in builder.entries:
        event = decode_event(entry)
        if isinstance(event, BallotCast):
            ballots[event.hour] += 1
            voters[event.hour] += event.key not in seen
            seen.add(event.key)
    return {hour: (ballots[hour], voters[hour]) for hour in sorted(ballots)}


async def shown(tally: Tally, edition: str) -> dict[datetime, tuple[int, int]]:
    """The turnout that the tally shows."""
    async with tally.session.get(f"{tally.url}/v1/editions/{edition}/tally/turnout") as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        turnout = msgspec.json.decode(await response.read(), type=Turnout)
    assert turnout.edition == edition
    return {one.hour: (one.ballots, one.voters) for one in turnout.hours}


async def test_counts_ballots_and_first_ballots_by_hour(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Each hour has its ballots, and as voters those whose first ballot is in it."""
    cast_in_hours(live, hours=3, voters=20)
    start = len(live.entries)
    live.cast(0, [live.ids[0]], seq=2)
    move_ballots(live, 7, start)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        turnout = await shown(tally, live.edition)
    assert turnout == by_definition(live)
    assert turnout[TIME + timedelta(hours=7)] == (1, 0)


async def test_a_restart_counts_no_hour_twice(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """A process that goes on where another was adds to its hours what is new."""
    await relay.create(live.edition)
    live.cast_many(30)
    host.show(live)
    await relay.publish_all(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
    live.cast_many(30, first=30)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        assert await shown(tally, live.edition) == by_definition(live)


async def test_the_recount_after_the_close_leaves_the_hours(
    settings: Settings, host: LogHost, sealed: EditionBuilder
) -> None:
    """Counting again with the openings does not count the hours again, nor lose any."""
    cast_in_hours(sealed, hours=2, voters=15)
    host.show(sealed)
    async with open_tally(settings) as tally:
        await tally.counted(sealed)
        sealed.cast_many(10, first=30)
        sealed.close()
        host.show(sealed)
        await tally.counted(sealed)
        assert await shown(tally, sealed.edition) == by_definition(sealed)


async def test_editions_counted_before_are_counted_anew(
    settings: Settings, host: LogHost, live: EditionBuilder, tally_schema: tuple[str, str]
) -> None:
    """The migration has hours counted from the first entry, and keeps what the log signed."""
    cast_in_hours(live, hours=2, voters=20)
    host.show(live)
    async with open_tally(settings) as tally:
        counted = await tally.counted(live)
    admin, _ = tally_schema
    query(admin, "DELETE FROM turnout")
    rebuild = files("services.tally").joinpath("sql/0003_turnout.sql").read_text("utf-8")
    for statement in rebuild[rebuild.index("DELETE") :].strip().rstrip(";").split(";"):
        query(admin, statement)
    ((size, head_size),) = query(admin, "SELECT size, head_size FROM editions")
    assert (size, head_size) == (0, len(live.entries))
    async with open_tally(settings) as tally:
        again = await tally.counted(live)
        assert await shown(tally, live.edition) == by_definition(live)
    assert again.counts == counted.counts


async def test_an_unchanged_turnout_is_not_sent_again(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Who names the ETag of the last answer gets 304 until there is another ballot."""
    live.cast_many(5)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        url = f"{tally.url}/v1/editions/{live.edition}/tally/turnout"
        async with tally.session.get(url) as first:
            etag = first.headers["ETag"]
        async with tally.session.get(url, headers={"If-None-Match": etag}) as second:
            assert (second.status, await second.read()) == (304, b"")


@pytest.mark.parametrize("resource", ["turnout", "ballots.pb"])
async def test_an_unknown_edition_is_not_found(
    settings: Settings, host: LogHost, live: EditionBuilder, resource: str
) -> None:
    """There is no turnout and no file of an edition that nobody counts."""
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        url = f"{tally.url}/v1/editions/nowhere/tally/{resource}"
        async with tally.session.get(url) as response:
            assert response.status == 404
