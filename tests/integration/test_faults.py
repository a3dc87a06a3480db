"""A vote goes on while its processes are killed: no acknowledged ballot is lost or counts twice.

`kill -9` of ballot processes, of PostgreSQL (postmaster and backend) and of nats-server, in random
order and at random moments, while many clients cast over HTTP and send again as they are told.
Afterwards the invariants of the design, I1 to I5, are held against the log itself.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial

import aiohttp
import asyncpg
import msgspec
import pytest

from cli.embedded.errors import ServerFailed
from cli.installation import Installation
from shared.edition.ballot import Ballot
from shared.edition.events import BallotCast, decode_event
from shared.edition.manifest import Officer
from shared.edition.officer_keys import format_public
from shared.edition.views import Receipt, TallySnapshot
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash
from shared.log.tlog_proof import TlogProof, verify
from tests.audits import audited
from tests.editions import OFFICERS, EditionBuilder
from tests.integration.ballot.streams import entries_of, runs_of
from tests.polls import Poll, until
from tests.servers import query

CLIENTS = 24
DUPLICATE_EVERY = 5
REVOTE_EVERY = 3
PAUSE_LIMIT_S = 1.0
GIVE_UP_S = 40.0


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation of its own, with two ballot processes: the tests kill parts of it."""
    with Installation(
        tmp_path_factory.mktemp("faults"), processes={"ballot": 2, "tally": 1}
    ) as running:
        first = OFFICERS["first"].public_key().public_bytes_raw()
        (running.announcers / "first.pub").write_text(format_public(Officer(id="first", key=first)))
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """What clients ask with; none waits for ever."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(20)
    ) as session:
        yield session


class Electorate:
    """Voters who cast until told to stop; keeps everything that the service ever told them."""

    def __init__(self, poll: Poll) -> None:
        self.poll = poll
        self.receipts: list[tuple[Ballot, Receipt]] = []
        self.refusals: list[tuple[Ballot, str]] = []
        self.statuses: Counter[int] = Counter()
        self.notes: set[bytes] = set()
        self.lost_answers = 0
        self._stopped = False
        self._numbers = iter(range(1_000_000))

    def stop(self) -> None:
        """Let everybody finish the ballot that they are at."""
        self._stopped = True

    async def went_on(self, receipts: int) -> bool:
        """Whether there are so many receipts by now."""
        return len(self.receipts) >= receipts

    async def vote(self) -> None:
        """One client after another's voters: some vote again, some press the button twice."""
        builder = self.poll.builder
        while not self._stopped:
            number = next(self._numbers)
            ballot = builder.ballot(number, [builder.ids[number % 5]])
            twice = number % DUPLICATE_EVERY == 0
            await asyncio.gather(*(self._cast(ballot) for _ in range(2 if twice else 1)))
            if number % REVOTE_EVERY == 0:
                again = builder.ballot(number, [builder.ids[(number + 1) % 5]], seq=2)
                await self._cast(again)

    async def watch(self) -> None:
        """Somebody who keeps every checkpoint that can be had."""
        while not self._stopped:
            try:
                answer = await self.poll.read("checkpoint")
            except (aiohttp.ClientError, TimeoutError):
                continue
            self.statuses[answer.status] += 1
            if answer.status == 200:
                self.notes.add(answer.body)
            await asyncio.sleep(0.02)

    async def _cast(self, ballot: Ballot) -> None:
        """Send a ballot until there is a receipt or a final refusal, as a client should."""
        give_up = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up:
            try:
                answer = await self.poll.cast(ballot)
            except (aiohttp.ClientError, TimeoutError):
                self.lost_answers += 1
                await asyncio.sleep(0.05)
                continue
            self.statuses[answer.status] += 1
            if answer.status == 201:
                self.receipts.append((ballot, answer.receipt()))
                return
            if answer.status < 500:
                self.refusals.append((ballot, answer.slug))
                return
            told = float(answer.headers.get("Retry-After", "0.1"))
            await asyncio.sleep(min(told, PAUSE_LIMIT_S))
        raise AssertionError(f"no answer for {GIVE_UP_S} s")


def kill_process(pid: int) -> bool:
    """`kill -9`; whether there was such a process."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def kill_backend(installation: Installation) -> bool:
    """`kill -9` of the backend that is in a transaction, or of any that serves ballots."""
    statement = (
        "SELECT pid FROM pg_stat_activity WHERE datname = 'huimin_ballot'"
        " ORDER BY xact_start NULLS LAST LIMIT 1"
    )
    try:
        backends = query(installation.postgres.admin_dsn, statement)
    except (OSError, asyncpg.PostgresError):
        return False
    return any(kill_process(row["pid"]) for row in backends)


def pids_of(installation: Installation) -> dict[str, int]:
    """The process ids of what a supervisor starts again, by name."""
    services = {name: process.pid for name, process in installation.services.items()}
    return services | {"PostgreSQL": installation.postgres.pid, "NATS": installation.nats.pid}


async def havoc(installation: Installation, chance: random.Random) -> list[str]:
    """Kill everything twice; returns what was killed, in order, once all of it runs again."""
    order = ["ballot-0", "ballot-1", "PostgreSQL", "backend", "NATS"] * 2
    chance.shuffle(order)
    killed: dict[str, int] = {}

    def kill(name: str) -> bool:
        if name == "backend":
            return kill_backend(installation)
        killed[name] = pids_of(installation)[name]
        return kill_process(killed[name])

    async def all_started_again() -> bool:
        return not killed.items() & pids_of(installation).items()

    for name in order:
        await asyncio.sleep(chance.uniform(0.1, 2.0))
        await until(partial(asyncio.to_thread, kill, name))
    await until(all_started_again)
    return order


async def supervise(installation: Installation, chance: random.Random) -> None:
    """Start again what has died, after a moment, as an operator's supervisor does."""
    while True:
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        with suppress(ServerFailed):  # killed while it was starting: once more
            await asyncio.to_thread(installation.revive)


def roots_of(entries: list[bytes]) -> list[bytes]:
    """The root of the log at each size from 0 to that of these entries."""
    frontier = Frontier.empty()
    roots = [frontier.root()]
    for entry in entries:
        frontier = frontier.extend([leaf_hash(entry)]).frontier
        roots.append(frontier.root())
    return roots


async def test_kills_under_load_lose_no_acknowledged_ballot_and_count_none_twice(
    installation: Installation, http: aiohttp.ClientSession
) -> None:
    """Ten kills while two dozen clients cast; then every promise is held against the log."""
    seed = random.randrange(1 << 32)
    print(f"the moments of the kills follow from {seed}")
    builder = EditionBuilder(
        "faults", log_seed=installation.log_key_seed, origin=installation.log_origin
    )
    poll = Poll(http, installation.ballot_url, builder)
    await poll.prepare()
    voters = Electorate(poll)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(voters.vote())
        tasks.create_task(voters.watch())
        supervisor = tasks.create_task(supervise(installation, random.Random(seed)))
        killed = await havoc(installation, random.Random(seed))
        before = len(voters.receipts)
        await until(lambda: voters.went_on(before + CLIENTS))
        voters.stop()
        supervisor.cancel()
    print(f"killed {killed}; {voters.statuses}, {voters.lost_answers} answers lost")

    entries = await poll.entries()
    assert_every_receipt_is_in_the_log(voters, entries)
    assert_no_seq_counts_twice(entries)
    assert_every_checkpoint_is_of_this_log(voters, entries)
    assert_every_answer_was_one_of_those_promised(voters)
    await assert_tally_is_the_replay(installation, poll)
    runs = await runs_of(installation.nats, poll.edition, len(entries), user="ballot")
    assert entries_of(runs) == entries


def assert_every_receipt_is_in_the_log(voters: Electorate, entries: list[bytes]) -> None:
    """I1; and a ballot that was sent twice has one place."""
    places: dict[tuple[bytes, int], Receipt] = {}
    for ballot, receipt in voters.receipts:
        assert entries[receipt.index] == receipt.entry, "an acknowledged ballot is lost"
        event = decode_event(receipt.entry)
        assert isinstance(event, BallotCast)
        assert (event.key, event.seq) == (ballot.key, ballot.seq)
        first = places.setdefault((ballot.key, ballot.seq), receipt)
        assert first == receipt, "the same ballot has two receipts"
    assert len(places) > 200, "there was no load to speak of"


def assert_no_seq_counts_twice(entries: list[bytes]) -> None:
    """I2; that the highest seq counts is the replay's to check."""
    ballots = [event for event in map(decode_event, entries) if isinstance(event, BallotCast)]
    twice = [n for n in Counter((one.key, one.seq) for one in ballots).values() if n > 1]
    assert twice == []


def assert_every_checkpoint_is_of_this_log(voters: Electorate, entries: list[bytes]) -> None:
    """I4: all that were handed out, in receipts or otherwise, are prefixes of the one log."""
    verifier, roots = voters.poll.builder.verifier, roots_of(entries)
    handed_out: set[Checkpoint] = {open_checkpoint(note, verifier) for note in voters.notes}
    for _, receipt in voters.receipts:
        proof = TlogProof.decode(receipt.proof.encode())
        handed_out.add(verify(proof, receipt.entry, verifier))
    assert len(voters.notes) > 5, "nobody watched"
    forked = [one.size for one in handed_out if roots[one.size] != one.root]
    assert forked == []


def assert_every_answer_was_one_of_those_promised(voters: Electorate) -> None:
    """I5: receipts, 503, and of final refusals only a first ballot overtaken by the re-vote."""
    assert set(voters.statuses) <= {200, 201, 409, 503}
    assert {slug for _, slug in voters.refusals} <= {"stale-seq"}
    answered = {(ballot.key, ballot.seq) for ballot, _ in voters.receipts}
    assert all((ballot.key, ballot.seq) in answered for ballot, _ in voters.refusals)


async def assert_tally_is_the_replay(installation: Installation, poll: Poll) -> None:
    """I3: the tally that went through it all, and an audit from nothing, count the same."""
    report = await audited(f"{poll.url}/log/{poll.edition}", verifier=poll.builder.verifier)
    assert report.violation is None
    await poll.sync()
    assert report.counts == poll.builder.count().counts
    assert report.ballots == len(poll.builder.ballots)
    tally = poll.at(installation.tally_url)

    async def caught_up() -> bool:
        answer = await tally.get(f"/v1/editions/{poll.edition}/tally")
        return answer.status == 200 and snapshot_in(answer.body).size == report.size

    await until(caught_up)
    answer = await tally.get(f"/v1/editions/{poll.edition}/tally")
    snapshot = snapshot_in(answer.body)
    assert snapshot.status == "verified"
    assert {one.id: one.ballots for one in snapshot.counts or ()} == report.counts


def snapshot_in(body: bytes) -> TallySnapshot:
    """The tally in an answer."""
    return msgspec.json.decode(body, type=TallySnapshot)
