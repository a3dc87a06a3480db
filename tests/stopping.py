"""Voting, watching and reading under load, while services are told to stop and started again.

What the benchmark and the test of stopping have in common: the load, which knows of every request
whether it was answered, and the operator, who sends SIGTERM and looks how long each process takes.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cli.audit.report import AuditReport
from cli.bench.issuer import LocalIssuer
from cli.bench.load import open_vote
from cli.demo.script import Script, made_up
from cli.installation import Installation
from cli.service_process import ServiceProcess
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.errors import BadAnswer, CannotRead, Refused
from shared.edition.ballot import Ballot
from shared.edition.views import Receipt, TallySnapshot
from shared.log.note import Verifier
from shared.log.tiles import bundles_of, decode_bundle
from tests.audits import audited
from tests.invariants import counted_twice, forked_checkpoints, lost_ballots
from tests.wire import Outcome, Wire, open_wire, read_head, request

GIVE_UP_S: Final = 40.0
FRESH_EVERY: Final = 4
"""Every so many ballots come on a connection of their own, as those of new voters do."""
REFUSED_PAUSE_S: Final = 0.1
READS_A_SECOND: Final = 20
SERVING: Final = b'"event": "serving"'
START_LIMIT_S: Final = 30.0


class Stopped(NamedTuple):
    """How one process took a SIGTERM."""

    name: str
    seconds: float
    status: int


class Vote(NamedTuple):
    """An open vote, and ballots for it that were signed beforehand, without end.

    After the last comes the first again, whose voter has perhaps lost the answer.
    """

    edition: str
    verifier: Verifier
    ballots: Iterator[Ballot]


class Load:
    """Clients of an installation; everything that they were told is kept and counted."""

    def __init__(self, installation: Installation, vote: Vote) -> None:
        self.vote = vote
        self.receipts: list[tuple[Ballot, Receipt]] = []
        self.statuses: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.refused = 0
        self.streams: Counter[str] = Counter()
        self.errors: list[str] = []
        self.open_streams = 0
        self.longest_s = 0.0
        self._installation = installation
        self._stopped = asyncio.Event()

    @property
    def requests(self) -> int:
        """How many requests were sent, the ones that were sent again included."""
        return self.statuses.total() + self.lost.total() + self.refused

    def stop(self) -> None:
        """Let everybody finish what they are at."""
        self._stopped.set()

    async def cast(self, rate: int) -> None:
        """So many ballots a second, whatever becomes of the earlier ones."""
        async with open_wire(self._installation.ballot_url) as wire:
            await self._at(rate, lambda number: self._cast(wire, number))

    async def cast_by_client(self, rate: int) -> None:
        """The same by our own client, as it is; what it reports as an error is in `errors`."""
        async with open_ballot_box(self._installation.ballot_url) as box:
            await self._at(rate, lambda _: self._cast_by(box))

    async def read(self, url: str, path: str) -> None:
        """Somebody who reads, and asks for another page as soon as there is no answer."""
        async with open_wire(url) as wire:
            await self._at(READS_A_SECOND, lambda number: self._read(wire, path, number))

    async def watch(self, streams: int) -> None:
        """So many dashboards, which connect again when and as they are told."""
        path = f"/v1/editions/{self.vote.edition}/tally/stream"
        wire = Wire(self._installation.tally_url)
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(self._watch(wire, path)) for _ in range(streams)]
            await self._stopped.wait()
            for one in watching:
                one.cancel()

    async def settled(self, streams: int) -> None:
        """Return once all streams are open, and some of everything was answered since."""
        before = self.requests
        async with asyncio.timeout(START_LIMIT_S):
            while self.open_streams < streams or self.requests < before + streams:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _at(self, rate: int, act: Callable[[int], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        began, done = loop.time(), 0
        async with asyncio.TaskGroup() as tasks:
            while not self._stopped.is_set():
                due = int((loop.time() - began) * rate)
                for number in range(done, due):
                    tasks.create_task(_run(act(number)))
                done = due
                await asyncio.sleep(0.005)

    async def _cast(self, wire: Wire, number: int) -> None:
        """One ballot, sent again as its answers say, until there is a receipt."""
        ballot = next(self.vote.ballots)
        body = msgspec.json.encode(ballot)
        path = f"/v1/editions/{self.vote.edition}/ballots"
        began = time.monotonic()
        while time.monotonic() < began + GIVE_UP_S:
            outcome = await wire.ask("POST", path, body, reuse=number % FRESH_EVERY != 0)
            pause_s = self._note("ballot", outcome)
            if outcome.status == 201:
                receipt = msgspec.json.decode(outcome.body, type=Receipt)
                self.receipts.append((ballot, receipt))
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                return
            await asyncio.sleep(pause_s)
        self.errors.append("a ballot had no receipt in time")

    async def _cast_by(self, box: BallotBox) -> None:
        ballot = next(self.vote.ballots)
        began = time.monotonic()
        try:
            receipt = await box.cast(self.vote.edition, ballot, self.vote.verifier)
        except (Refused, CannotRead, BadAnswer) as error:
            self.errors.append(str(error))
            return
        self.statuses["client 201"] += 1
        self.receipts.append((ballot, receipt))
        self.longest_s = max(self.longest_s, time.monotonic() - began)

    async def _read(self, wire: Wire, path: str, number: int) -> None:
        self._note("read", await wire.ask("GET", path, reuse=number % FRESH_EVERY != 0))

    def _note(self, what: str, outcome: Outcome) -> float:
        """Count an outcome; returns how long to wait before sending it again."""
        match outcome.kind:
            case "answered":
                self.statuses[f"{what} {outcome.status}"] += 1
            case "refused":
                self.refused += 1
            case "lost":
                self.lost[f"{what}: {outcome.why}"] += 1
        return float(outcome.headers.get("retry-after", REFUSED_PAUSE_S))

    async def _watch(self, wire: Wire, path: str) -> None:
        retry_s = 1.0
        while True:
            try:
                reader, writer = await asyncio.open_connection(*wire.address)
            except OSError:  # the browser tries again after the time that it was told
                await asyncio.sleep(retry_s)
                continue
            try:
                writer.write(request("GET", path, wire.address))
                status, _ = await read_head(reader)
                self.streams["opened" if status == 200 else f"answered {status}"] += 1
                if status == 200:
                    retry_s = await self._follow(reader, retry_s)
            except (OSError, EOFError):
                self.streams["cut"] += 1
            finally:
                writer.close()
            await asyncio.sleep(retry_s)

    async def _follow(self, reader: asyncio.StreamReader, retry_s: float) -> float:
        """Read chunks to the end; returns the last time of reconnection that the server told."""
        self.open_streams += 1
        try:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                chunk = (await reader.readexactly(size + 2))[:-2]
                for line in chunk.split(b"\n"):
                    if line.startswith(b"retry:"):
                        retry_s = int(line.removeprefix(b"retry:")) / 1000
                    elif line.startswith(b"data:"):
                        self.streams["updates"] += 1
        finally:
            self.open_streams -= 1
        self.streams["ended in order"] += 1
        return retry_s


async def _run(work: Awaitable[None]) -> None:
    await work


class Rehearsal(NamedTuple):
    """What came of it: the load of all kinds, and that of our own client alone."""

    load: Load
    clients: Load
    in_turn: list[Stopped]
    together: list[Stopped]
    rolling: list[Stopped]

    @property
    def receipts(self) -> list[tuple[Ballot, Receipt]]:
        """All ballots that were acknowledged."""
        return self.load.receipts + self.clients.receipts


async def rehearse(
    installation: Installation,
    vote: Vote,
    *,
    rate: int,
    streams: int,
    one_by_one: Sequence[str],
    restarts: int,
) -> Rehearsal:
    """Stop these processes one by one, then all at once, then the ballot processes in turn."""
    services, logs = installation.services, installation.data / "logs"
    ballot = [one for name, one in services.items() if name.startswith("ballot-")]
    in_turn: list[Stopped] = []
    rolling: list[Stopped] = []
    async with under_load(installation, vote, rate=rate, streams=streams) as load:
        await load.settled(streams)
        async with asyncio.TaskGroup() as starts:
            for name in one_by_one:
                in_turn += await stop([services[name]])
                starts.create_task(start([services[name]], logs))
        await load.settled(streams)
        together = await stop(services.values())
        await start([*services.values()], logs)
        await load.settled(streams)
    async with under_clients(installation, vote, rate) as clients:
        for one in ballot * restarts:
            rolling += await stop([one])
            await start([one], logs)
    return Rehearsal(load, clients, in_turn, together, rolling)


class Verdict(NamedTuple):
    """What the log says afterwards: everything empty, or true, if every promise was kept."""

    lost: list[int]
    twice: list[tuple[bytes, int]]
    forked: list[int]
    violation: str
    tally_is_replay: bool
    acknowledged: int
    ballots: int

    @property
    def kept(self) -> bool:
        """Whether all were."""
        wrong = (
            self.ballots != self.acknowledged
            or self.lost
            or self.twice
            or self.forked
            or self.violation
        )
        return self.tally_is_replay and not wrong


async def judge(
    installation: Installation, vote: Vote, receipts: list[tuple[Ballot, Receipt]]
) -> Verdict:
    """Read and audit the whole log, and hold the receipts and the tally against it."""
    url = f"{installation.ballot_url}/log/{vote.edition}"
    report = await audited(url, verifier=vote.verifier)
    async with open_wire(installation.ballot_url) as wire:
        entries = await _entries(wire, vote.edition, report.size or 0)
    return Verdict(
        lost_ballots(receipts, entries),
        counted_twice(entries),
        forked_checkpoints(receipts, entries, vote.verifier),
        "" if report.violation is None else str(report.violation),
        await _tally_is(installation, vote.edition, report),
        len({(ballot.key, ballot.seq) for ballot, _ in receipts}),
        report.ballots,
    )


async def _entries(wire: Wire, edition: str, size: int) -> list[bytes]:
    found: list[bytes] = []
    for bundle in bundles_of(size, "entries"):
        outcome = await wire.ask("GET", f"/log/{edition}/{bundle.path}")
        found += decode_bundle(outcome.body)
    return found


async def _tally_is(installation: Installation, edition: str, report: AuditReport) -> bool:
    """Whether the tally counts the same, once it has got as far."""
    async with open_wire(installation.tally_url) as wire, asyncio.timeout(START_LIMIT_S):
        while True:
            outcome = await wire.ask("GET", f"/v1/editions/{edition}/tally")
            if outcome.status == 200:
                shown = msgspec.json.decode(outcome.body, type=TallySnapshot)
                if shown.size == report.size:
                    break
            await asyncio.sleep(0.1)
    counted = {one.id: one.ballots for one in shown.counts or ()}
    return shown.status == "verified" and counted == report.counts


@asynccontextmanager
async def under_load(
    installation: Installation, vote: Vote, *, rate: int, streams: int
) -> AsyncIterator[Load]:
    """Ballots, dashboards and readers of every service for the block, and until all is answered."""
    load = Load(installation, vote)
    edition = f"/v1/editions/{vote.edition}"
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.cast(rate))
        tasks.create_task(load.watch(streams))
        for url, path in (
            (installation.ballot_url, f"/log/{vote.edition}/checkpoint"),
            (installation.tally_url, f"{edition}/tally"),
            (installation.registrar_url, f"{edition}/registration"),
            (installation.notify_url, "/leave/nobody"),
        ):
            tasks.create_task(load.read(url, path))
        try:
            yield load
        finally:
            load.stop()


@asynccontextmanager
async def under_clients(installation: Installation, vote: Vote, rate: int) -> AsyncIterator[Load]:
    """Ballots by our own client for the block, and until each has its outcome."""
    load = Load(installation, vote)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.cast_by_client(rate))
        try:
            yield load
        finally:
            load.stop()


async def stop(processes: Iterable[ServiceProcess]) -> list[Stopped]:
    """SIGTERM to these at the same time; returns how each ended."""
    return await asyncio.gather(*(asyncio.to_thread(_stop, one) for one in processes))


async def start(processes: Sequence[ServiceProcess], logs: Path) -> None:
    """Start these again, and return when all of them serve."""
    files = [logs / f"{one.name}.log" for one in processes]
    before = [_served(file) for file in files]
    for one in processes:
        await asyncio.to_thread(_start, one)
    async with asyncio.timeout(START_LIMIT_S):
        while any(_served(file) == n for file, n in zip(files, before, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _stop(process: ServiceProcess) -> Stopped:
    began = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    status = process.wait()
    return Stopped(process.name, time.monotonic() - began, status)


def _start(process: ServiceProcess) -> None:
    process.stop()
    process.start()


def _served(log: Path) -> int:
    return log.read_bytes().count(SERVING)


def open_poll(installation: Installation, people: int) -> tuple[Script, LocalIssuer]:
    """An open vote in a new edition, and who signs for so many people."""
    script = made_up(people)
    issuer = LocalIssuer(people)
    open_vote(installation, script, issuer)
    return script, issuer


async def signed(installation: Installation, script: Script, issuer: LocalIssuer) -> Vote:
    """The vote with the ballots of everybody."""
    async with open_ballot_box(installation.ballot_url) as box:
        view = await box.edition(script.edition)
    ballots = [one async for chunk in issuer.ballots(script) for one in chunk]
    return Vote(script.edition, Verifier.parse(view.vkey), cycle(ballots))
