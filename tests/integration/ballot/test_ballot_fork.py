"""A database that is not what was published is not served and not signed for: how logs fork."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from services.ballot.edition import Edition, LogBehind, LogKey
from services.ballot.publication import connect_writer
from shared.log.checkpoint import open_checkpoint
from tests.editions import LOG_SEED, EditionBuilder
from tests.integration.ballot.conftest import NewPoll, prepared_once
from tests.integration.ballot.service import ORIGIN, BallotProcess, Site, open_site
from tests.integration.ballot.streams import runs_of
from tests.polls import Poll, until
from tests.servers import query

NOWHERE = "nats://127.0.0.1:1"


class Published(NamedTuple):
    """A log of eight entries, published to copy and stream; nothing serves it any more.

    `older` is its database as it was at five entries, `forked` that one after other ballots.
    """

    site: Site
    edition: str
    older: str
    forked: str

    @property
    def copy(self) -> Path:
        """The copy of its checkpoint."""
        return self.site.copies / f"{self.edition}.checkpoint"


async def until_copied(site: Site, poll: Poll, size: int) -> None:
    """Wait until the copy of the log's checkpoint has this size."""
    file = site.copies / f"{poll.edition}.checkpoint"

    async def copied() -> bool:
        if not file.exists():
            return False
        return open_checkpoint(file.read_bytes(), poll.builder.verifier).size >= size

    await until(copied)


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres, nats_of_ballot: NatsServer
) -> Iterator[Published]:
    """Made once; what refuses to start changes nothing of it."""
    builder = EditionBuilder("published")
    home = tmp_path_factory.mktemp("published")

    async def vote(poll: Poll) -> None:
        await poll.prepare()
        for number in (1, 2, 3, 4):
            await poll.vote(number, "i01")
        await until_copied(site, poll, 8)
        await runs_of(site.nats, poll.edition, 8)

    async def vote_otherwise(poll: Poll) -> None:
        for number in range(10, 20):
            await poll.vote(number, "i02")

    with open_site(home, postgres_server, nats_of_ballot) as site:
        with site.running() as process:
            prepared_once(process.url, builder, vote)
            assert process.terminate() == 0
        older, forked = site.copy_database(before=5), site.copy_database(before=5)
        (home / "elsewhere").mkdir()
        with site.running(
            database_url=site.url_of(forked), checkpoint_copies=home / "elsewhere", nats_url=NOWHERE
        ) as process:
            prepared_once(process.url, builder, vote_otherwise)
        yield Published(site, builder.edition, older, forked)


@pytest.fixture
def copies(published: Published, tmp_path: Path) -> Path:
    """The copies of its checkpoints, to be spoilt."""
    return Path(shutil.copytree(published.site.copies, tmp_path / "copies"))


def refused_to_start(process: BallotProcess) -> str:
    """What the process said; it must have ended with status 1 before it served anything."""
    assert process.wait() == 1
    assert '"event": "serving"' not in process.log
    return process.log


def test_the_database_that_was_published_is_served(published: Published) -> None:
    """So the refusals below are for their own reasons."""
    with published.site.running() as process:
        assert process.terminate() == 0


def test_a_database_behind_the_copied_checkpoint_is_not_served(published: Published) -> None:
    """After a restore of yesterday's backup, say."""
    url = published.site.url_of(published.older)
    with published.site.started(database_url=url, nats_url=NOWHERE) as process:
        said = refused_to_start(process)
    assert "has size 8 and the database has 5 entries" in said


def test_an_empty_database_where_something_was_published_is_not_served(
    site: Site, copies: Path
) -> None:
    """A database that was made anew by mistake."""
    with site.started(checkpoint_copies=copies) as process:
        said = refused_to_start(process)
    assert "has size 8 and the database has 0 entries" in said


def test_a_database_with_a_fork_of_the_copied_checkpoint_is_not_served(
    published: Published,
) -> None:
    """It is longer than what was published, and another log."""
    url = published.site.url_of(published.forked)
    with published.site.started(database_url=url, nats_url=NOWHERE) as process:
        said = refused_to_start(process)
    assert "has another root at size 8" in said


@pytest.mark.parametrize("defect", ["no note", "of another log"])
def test_a_copy_that_is_no_checkpoint_of_this_log_stops_the_start(
    published: Published, copies: Path, defect: str
) -> None:
    """It cannot say what was published, so nobody can sign on."""
    note = published.copy.read_bytes().replace(b"vote.example", b"note.example")
    (copies / published.copy.name).write_bytes(b"no note" if defect == "no note" else note)
    with published.site.started(checkpoint_copies=copies) as process:
        said = refused_to_start(process)
    assert "the copy published.checkpoint is no checkpoint" in said


def test_a_missing_directory_of_copies_stops_the_start(site: Site) -> None:
    """A disk that was not mounted looks like nothing ever published."""
    site.copies.rmdir()
    with site.started() as process:
        said = refused_to_start(process)
    assert "there is no directory" in said


@pytest.mark.parametrize(
    ("which", "why"),
    [
        ("older", "the stream HUIMIN_LOG_published has size 8 and the database has 5"),
        ("forked", "the stream HUIMIN_LOG_published has another root at size 8"),
    ],
)
def test_a_database_that_contradicts_the_stream_stops_the_service(
    published: Published, tmp_path: Path, which: str, why: str
) -> None:
    """Where the copies are lost as well, the stream still knows."""
    url = published.site.url_of(getattr(published, which))
    with published.site.started(database_url=url, checkpoint_copies=tmp_path) as process:
        assert process.wait() == 1
        assert why in process.log


async def test_nothing_is_appended_to_a_database_that_is_behind(published: Published) -> None:
    """Checked at every new connection: after a failover it may lead to another server."""
    edition = Edition(published.edition, LogKey(ORIGIN, LOG_SEED))
    site = published.site
    await (await connect_writer(site.url, edition, site.copies)).close()
    for database in (published.older, published.forked):
        with pytest.raises(LogBehind):
            await connect_writer(site.url_of(database), edition, site.copies)


async def test_a_service_whose_database_falls_behind_signs_nothing_and_stops(
    site: Site, new_poll: NewPoll
) -> None:
    """A failover to a standby that was behind, while ballots arrive: all processes end with 1."""
    answers: list[int] = []

    async def keep_voting(place: Poll, first: int) -> None:
        for number in range(first, first + 10_000):
            try:
                answer = await place.cast(place.builder.ballot(number, ["i01"]))
            except aiohttp.ClientError:
                return
            answers.append(answer.status)

    with site.running() as process:
        poll = await new_poll(process.url)
        await poll.vote(1, "i01")
        assert await asyncio.to_thread(process.terminate) == 0
    standby = site.copy_database(before=5)
    with site.running() as one, site.running() as two:
        places = [poll.at(process.url) for process in (one, two)]
        await places[0].vote(2, "i01")
        await places[1].vote(3, "i01")
        await until_copied(site, poll, 7)
        await asyncio.to_thread(site.replace_database, standby)
        voting = asyncio.gather(keep_voting(places[0], 1_000), keep_voting(places[1], 20_000))
        statuses = await asyncio.gather(*(asyncio.to_thread(p.wait) for p in (one, two)))
        await voting
    assert list(statuses) == [1, 1]
    assert set(answers) <= {503}
    [row] = query(site.admin_url, "SELECT max(size) FROM checkpoints")
    assert row[0] == 5


async def test_a_tampered_entry_is_never_hashed_into_a_tile(site: Site, new_poll: NewPoll) -> None:
    """Somebody with all rights changes stored bytes: when the tile fills, no more is signed."""
    with site.running() as process:
        poll = await new_poll(process.url)
        await asyncio.gather(*(poll.vote(n, "i01") for n in range(240)))
        query(site.admin_url, "ALTER TABLE entries DISABLE TRIGGER ALL")
        spoil = "UPDATE entries SET entry = set_byte(entry, 30, 0) WHERE index = 100"
        query(site.admin_url, spoil)
        ballots = [poll.builder.ballot(n, ["i01"]) for n in range(240, 280)]
        answers = await asyncio.gather(*map(poll.cast, ballots))
        ready = await poll.get("/ready")
        assert answers[-1].status == 503
        assert await poll.size() < 256
        assert (ready.status, b"CorruptLog" in ready.body) == (503, True)
