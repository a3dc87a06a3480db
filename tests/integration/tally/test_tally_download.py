"""The counted ballots as a Pabulib file: those that count, all of them, in no order of time."""

from collections import Counter

import aiohttp
import pytest

from services.tally import download
from services.tally.settings import Settings
from shared.edition.ballot import voter_key_bytes
from shared.edition.events import BallotCast, decode_event
from shared.pabulib import Election, parse_pb
from tests.editions import ISSUER, EditionBuilder, voter
from tests.integration.tally.stage import LogHost, Tally, open_tally


async def fetch(tally: Tally, edition: str) -> tuple[int, bytes]:
    """Status and body."""
    async with tally.session.get(address(tally, edition)) as response:
        return response.status, await response.read()


def address(tally: Tally, edition: str) -> str:
    return f"{tally.url}/v1/editions/{edition}/tally/ballots.pb"


async def election(tally: Tally, edition: str) -> Election:
    """The file, read by the reader of such files."""
    status, body = await fetch(tally, edition)
    assert status == 200
    return parse_pb(body, f"{edition}.pb")


def counts(read: Election) -> dict[str, int]:
    """How many of the file's ballots name each project."""
    named = Counter(id_ for ballot in read.ballots for id_ in ballot.choices)
    return {project.id: named[project.id] for project in read.projects}


async def test_ballots_add_up_to_the_counts(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Counting the file gives the tally's counts, which the file states as well."""
    live.cast_many(1300)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        read = await election(tally, live.edition)
    expected = live.count()
    assert counts(read) == expected.counts
    assert {project.id: project.votes for project in read.projects} == expected.counts
    assert len(read.ballots) == expected.voters


async def test_states_the_rules(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """Budget and lengths of ballots are those of the manifest."""
    live.cast_many(3)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        read = await election(tally, live.edition)
    assert (read.meta["budget"], read.min_length, read.max_length) == ("2", 1, 3)


async def test_is_in_no_order_of_time(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Ballots are numbered by the hashes of keys: not as they were cast, and not by key."""
    for number in range(200):
        live.cast(number, [live.ids[number * len(live.ids) // 200]])
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        read = await election(tally, live.edition)
    written = [ballot.choices for ballot in read.ballots]
    as_cast = [(live.ids[number * len(live.ids) // 200],) for number in range(200)]
    by_key = sorted(
        range(200), key=lambda one: voter_key_bytes(voter(one, live.edition, ISSUER).key)
    )
    assert sorted(written) == as_cast
    assert written not in (as_cast, as_cast[::-1], [as_cast[one] for one in by_key])
    assert [ballot.voter_id for ballot in read.ballots] == [str(n) for n in range(1, 201)]


async def test_names_no_key(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """Nothing in the file leads to an entry of the log."""
    live.cast_many(5)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        _, body = await fetch(tally, live.edition)
    casts = [event for event in map(decode_event, live.entries) if isinstance(event, BallotCast)]
    assert not any(cast.key.hex().encode() in body for cast in casts)


async def test_is_sealed_until_the_close(
    settings: Settings, host: LogHost, sealed: EditionBuilder
) -> None:
    """Before the close there is no file; after it the file has all that count."""
    sealed.cast_many(30)
    host.show(sealed)
    async with open_tally(settings) as tally:
        await tally.counted(sealed)
        before = await fetch(tally, sealed.edition)
        sealed.close()
        host.show(sealed)
        await tally.until(sealed.edition, lambda now: now.counts is not None)
        read = await election(tally, sealed.edition)
    assert (before[0], b"urn:huimin:problem:sealed" in before[1]) == (403, True)
    assert counts(read) == sealed.count().counts


async def test_marks_who_is_chosen(settings: Settings, host: LogHost, live: EditionBuilder) -> None:
    """After the result is certified, the file says which projects were selected."""
    live.cast_many(40)
    live.finish()
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        _, body = await fetch(tally, live.edition)
    table = body.decode().split("PROJECTS\n")[1].split("VOTES\n")[0].splitlines()
    selected = {line.split(";")[0] for line in table[1:] if line.endswith(";1")}
    assert table[0].endswith("selected")
    assert selected == set(live.current.certificate.winners if live.current.certificate else ())


async def test_without_a_shortlist_there_is_none(settings: Settings, host: LogHost) -> None:
    """An edition that is only announced has no projects, so no file."""
    builder = EditionBuilder("announced-only")
    builder.announce()
    host.show(builder)
    async with open_tally(settings) as tally:
        await tally.counted(builder)
        status, _ = await fetch(tally, builder.edition)
    assert status == 404


async def test_a_contradicted_log_has_none(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """When the log is found out, ballots are not handed out as if they counted."""
    live.cast_many(5)
    live.record(live.ballot(0, [live.ids[0]], seq=1))
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.contradicted(live.edition)
        status, body = await fetch(tally, live.edition)
    assert (status, b"log-contradicts-itself" in body) == (409, True)


async def test_too_many_downloads_are_asked_to_wait(
    settings: Settings, host: LogHost, live: EditionBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit a download is refused for now, and those before it are finished."""
    monkeypatch.setattr(download, "MAX_DOWNLOADS", 0)
    live.cast_many(2)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        async with tally.session.get(address(tally, live.edition)) as response:
            refused = response.status, "Retry-After" in response.headers
        monkeypatch.undo()
        status, _ = await fetch(tally, live.edition)
    assert (refused, status) == ((503, True), 200)


async def test_a_reader_that_stops_is_let_go(
    settings: Settings, host: LogHost, live: EditionBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download that takes too long ends, unfinished, and makes room for the next."""
    monkeypatch.setattr(download, "LIMIT_S", 0.0)
    live.cast_many(2)
    host.show(live)
    async with open_tally(settings) as tally:
        await tally.counted(live)
        with pytest.raises((aiohttp.ClientError, AssertionError)):
            await election(tally, live.edition)
        monkeypatch.undo()
        assert len((await election(tally, live.edition)).ballots) == 2
