"""Two thousand dashboards on the tally's stream: what they get, and what voting loses by them.

    python -m tests.benchmarks.dashboards --dashboards 2000 --rounds 5

A B A B ... in one installation: A casts at full speed with no dashboard connected, B the same with
all of them. Prints B / A of each round, and of the B rounds how many updates a connection got, the
time from one to the next, how old they were on arrival, and the memory that a connection takes in
the tally's process.
The dashboards are a process of their own on the same machine, so its share of the processors
counts against them; so does the tally's own counting, which falls behind where two cores also cast.
"""

import argparse
import math
import multiprocessing
import resource
import selectors
import shutil
import socket
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple, Self

from cli.bench.issuer import LocalIssuer
from cli.bench.load import Burst, Load, cast_burst, memory_mb, open_vote, sign
from cli.demo.script import made_up
from cli.installation import Installation

PROCESSES: Final = {"ballot": 2, "tally": 1}
CONNECT_LIMIT_S: Final = 60.0
TIME: Final = b'"time":"'
EVENT: Final = b"data: {"
FASTEST: Final = 3_500
"""More ballots a second than two cores take: so many have to be signed beforehand."""


class Seen(NamedTuple):
    """What the dashboards got in one burst.

    Updates of each, seconds between one and the next, ages on arrival, connections lost.
    """

    seconds: float
    updates: list[int]
    gaps_s: list[float]
    ages_ms: list[float]
    lost: int


def main() -> None:
    """Set up, measure, print."""
    options = _options()
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("wrk is not installed; get it by `apt-get install wrk`")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="huimin-bench-") as directory:
        load = Load(wrk=wrk, connections=options.connections, seconds=options.seconds)
        _measure(Path(directory), load, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dashboards", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--ballots", type=int, help="signed beforehand; by default enough for all")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if options.ballots is None:
        # Two bursts a round, and half a round to spare: see where the rounds are ended early.
        options.ballots = (2 * options.rounds + 1) * options.seconds * FASTEST
    return options


def _measure(directory: Path, load: Load, options: argparse.Namespace) -> None:
    script = made_up(options.ballots)
    issuer = LocalIssuer(len(script.voters))
    sign(issuer, script, directory / "bodies")
    with Installation(directory / "data", processes=PROCESSES) as installation:
        open_vote(installation, script, issuer)
        bench = Bench(installation, script.edition, directory / "bodies", load)
        with Dashboards(installation.tally_url, script.edition, options.dashboards) as dashboards:
            for number in range(1, options.rounds + 1):
                print(f"round {number}: {bench.round(dashboards)}", flush=True)
                left = options.ballots - bench.used
                if number < options.rounds and left < 1.5 * bench.last_round:
                    print("the ballots signed beforehand are used up")
                    break
        bench.show(options.dashboards)


class Bench:
    """Rounds of casting with and without dashboards."""

    def __init__(self, installation: Installation, edition: str, bodies: Path, load: Load) -> None:
        self._installation = installation
        self._edition = edition
        self._bodies = bodies
        self._load = load
        self.used = 0
        self._without: list[Burst] = []
        self._with: list[Burst] = []
        self._seen: list[Seen] = []
        self._memory: list[float] = []

    @property
    def last_round(self) -> int:
        """How many ballots the last round took."""
        return self._without[-1].requests + self._with[-1].requests

    def round(self, dashboards: "Dashboards") -> str:
        """One burst without and one with; what came of it in a line."""
        self._without.append(self._cast())
        before = self._tally_mb()
        dashboards.connect()
        self._memory.append(self._tally_mb() - before)
        dashboards.begin()
        self._with.append(self._cast())
        self._seen.append(dashboards.end())
        dashboards.disconnect()
        a, b, seen = self._without[-1], self._with[-1], self._seen[-1]
        return (
            f"cast {a.rate:.0f}/s without, {b.rate:.0f}/s with; updates in {seen.seconds:.1f} s:"
            f" {min(seen.updates)} to {max(seen.updates)}, lost {seen.lost}"
        )

    def show(self, count: int) -> None:
        """Print what all rounds together say."""
        ratios = [b.rate / a.rate for a, b in zip(self._without, self._with, strict=True)]
        ages = sorted(age for seen in self._seen for age in seen.ages_ms)
        gaps = [gap for seen in self._seen for gap in seen.gaps_s]
        updates = [float(n) for seen in self._seen for n in seen.updates]
        print(f"{count} dashboards, {len(ratios)} rounds; median (min - max)")
        _line("cast a second, none connected", [one.rate for one in self._without], 0)
        _line("cast a second, all connected", [one.rate for one in self._with], 0)
        _line("with / without", ratios, 3)
        _line("updates a dashboard and burst", updates, 0)
        _line("from one update to the next, s", gaps, 2)
        print(f"{'age on arrival, ms':<34}p50 {_at(ages, 0.5):.0f}, p99 {_at(ages, 0.99):.0f}")
        _line("tally memory a dashboard, kB", [1000 * mb / count for mb in self._memory[:1]], 1)

    def _cast(self) -> Burst:
        url = self._installation.ballot_url
        burst = cast_burst(self._load, url, self._edition, self._bodies, self.used)
        self.used += burst.requests + self._load.connections
        return burst

    def _tally_mb(self) -> float:
        return memory_mb([self._installation.services["tally-0"].pid])


class Dashboards:
    """A process that keeps many connections to the tally's stream and reads them all."""

    def __init__(self, url: str, edition: str, count: int) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        path = f"/v1/editions/{edition}/tally/stream"
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_watch, args=(theirs, (host, int(port)), path, count), daemon=True
        )

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("quit")
        self._process.join()

    def connect(self) -> None:
        """Connect all, and return when each has got its first update."""
        self._ask("connect")

    def begin(self) -> None:
        """Count from here."""
        self._ask("begin")

    def end(self) -> Seen:
        """What was got since `begin`."""
        seen = self._ask("end")
        assert isinstance(seen, Seen)
        return seen

    def disconnect(self) -> None:
        """Close all."""
        self._ask("disconnect")

    def _ask(self, command: str) -> object:
        self._pipe.send(command)
        if not self._pipe.poll(CONNECT_LIMIT_S):
            raise SystemExit(f"the dashboards did not {command} within {CONNECT_LIMIT_S} s")
        return self._pipe.recv()


def _watch(pipe: Connection, address: tuple[str, int], path: str, count: int) -> None:
    watcher = _Watcher(address, path, count)
    while True:
        while not pipe.poll():
            watcher.read(0.05)
        match pipe.recv():
            case "connect":
                watcher.connect()
                pipe.send(None)
            case "begin":
                watcher.begin()
                pipe.send(None)
            case "end":
                pipe.send(watcher.end())
            case "disconnect":
                watcher.disconnect()
                pipe.send(None)
            case _:
                return


class _Watcher:
    """Reads all connections in one thread; of each update only its time is looked at."""

    def __init__(self, address: tuple[str, int], path: str, count: int) -> None:
        self._address = address
        self._request = f"GET {path} HTTP/1.1\r\nHost: {address[0]}\r\n\r\n".encode()
        self._count = count
        self._selector = selectors.DefaultSelector()
        self._updates: list[int] = []
        self._arrived: list[float] = []
        self._gaps_s: list[float] = []
        self._ages_ms: list[float] = []
        self._times: dict[bytes, float] = {}
        self._lost = 0
        self._begun = 0.0

    def connect(self) -> None:
        self._updates = [0] * self._count
        self._arrived = [0.0] * self._count
        for number in range(self._count):
            connection = socket.create_connection(self._address)
            connection.sendall(self._request)
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, number)
            self.read(0)
        while not all(self._updates):
            self.read(0.05)

    def begin(self) -> None:
        self._updates = [0] * self._count
        self._arrived = [0.0] * self._count
        self._gaps_s, self._ages_ms = [], []
        self._lost = 0
        self._begun = time.monotonic()

    def end(self) -> Seen:
        seconds = time.monotonic() - self._begun
        return Seen(seconds, self._updates, self._gaps_s, self._ages_ms, self._lost)

    def disconnect(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()

    def read(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            assert isinstance(key.fileobj, socket.socket)
            data = key.fileobj.recv(65_536)
            if not data:
                self._lost += 1
                self._selector.unregister(key.fileobj)
            elif EVENT in data:
                self._updates[key.data] += 1
                self._note_gap(key.data)
                self._note_age(data)

    def _note_gap(self, number: int) -> None:
        now = time.monotonic()
        if self._arrived[number]:
            self._gaps_s.append(now - self._arrived[number])
        self._arrived[number] = now

    def _note_age(self, data: bytes) -> None:
        start = data.find(TIME) + len(TIME)
        stamp = data[start : data.find(b'"', start)]
        if stamp not in self._times:
            self._times[stamp] = datetime.fromisoformat(stamp.decode()).timestamp()
        self._ages_ms.append(1000 * (time.time() - self._times[stamp]))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))] if ordered else math.nan


def _line(what: str, values: Sequence[float], digits: int) -> None:
    spread = (median(values), min(values), max(values))
    shown = [f"{value:.{digits}f}" for value in spread]
    print(f"{what:<34}{shown[0]} ({shown[1]} - {shown[2]})")


if __name__ == "__main__":
    main()
