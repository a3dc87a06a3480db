"""Ballots signed beforehand and cast at full speed by wrk: what the benchmarks have in common."""

import asyncio
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from statistics import median

import msgspec
from msgspec import Struct

from cli.bench.issuer import LocalIssuer
from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.script import Script
from cli.installation import Installation
from cli.progress import progress_on
from shared.client.ballot_box import open_ballot_box


class Burst(Struct, frozen=True):
    """What the load generator saw in one burst; `refused` had another status than 2xx or 3xx."""

    requests: int
    seconds: float
    refused: int
    failed: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds


class Spread(Struct, frozen=True):
    """Minimum, median and maximum over the rounds."""

    min: float
    median: float
    max: float


class Load(Struct, frozen=True):
    """How the load generator is to run."""

    wrk: str
    connections: int
    seconds: int


class BenchFailed(Exception):
    """A burst did not measure what it should."""


def sign(issuer: LocalIssuer, script: Script, bodies: Path) -> None:
    """Write the ballots of the script to a file, one a line."""
    asyncio.run(_sign(issuer, script, bodies))


def open_vote(installation: Installation, script: Script, issuer: LocalIssuer) -> None:
    """Announce the script's edition at the installation, up to the opening of the vote."""
    asyncio.run(_open_vote(installation, script, issuer))


def cast_burst(load: Load, url: str, edition: str, bodies: Path, used: int) -> Burst:
    """Post the lines of `bodies` after the first `used`, each once."""
    with as_file(files("cli.bench") / "ballots.lua") as lua:
        command = [
            *(load.wrk, "-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--latency"),
            *("-s", str(lua), f"{url}/v1/editions/{edition}/ballots"),
            *("--", str(bodies), str(used)),
        ]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next((one for one in run.stdout.splitlines() if one.startswith("result ")), None)
    if line is None:
        raise BenchFailed(f"the load generator failed: {run.stderr or run.stdout}")
    burst = msgspec.json.decode(line.removeprefix("result "), type=Burst)
    if burst.refused or burst.failed:
        raise BenchFailed(f"not all ballots were answered well: {burst}")
    return burst


def memory_mb(pids: list[int]) -> float:
    """Resident memory of these processes together."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return round(pages * 4096 / 1e6, 1)


def spread(values: list[float]) -> Spread:
    """Minimum, median and maximum."""
    return Spread(*(round(value, 3) for value in (min(values), median(values), max(values))))


async def _sign(issuer: LocalIssuer, script: Script, bodies: Path) -> None:
    with progress_on(sys.stderr) as progress, bodies.open("wb") as file:
        progress.begin("signing ballots", len(script.voters))
        async for chunk in issuer.ballots(script):
            file.writelines(msgspec.json.encode(ballot) + b"\n" for ballot in chunk)
            progress.advance(len(chunk))


async def _open_vote(installation: Installation, script: Script, issuer: LocalIssuer) -> None:
    officials = Officials(installation.data / "officers", installation.announcers)
    async with open_ballot_box(installation.ballot_url) as box:
        verifier = await key_of_new_log(box, script.edition)
        secretariat = Secretariat(box, officials, verifier)
        await secretariat.announce(script, seats=10)
        await secretariat.open(script.edition, issuer.commitment)
