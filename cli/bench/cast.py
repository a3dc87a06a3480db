"""`huimin bench cast`: ballots cast a second, against a handler that only checks signatures.

Both sides in one run, A B A B ...: A is the ballot service as it is (both signatures verified,
committed, receipt with proof), B a no-op typed handler that decodes the same body and does the same
two checks. Same ballots, signed beforehand; same load generator; same number of processes.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
import rich_click as click
from msgspec import Struct
from rich.console import Console

from cli.bench.issuer import LocalIssuer
from cli.bench.load import (
    BenchFailed,
    Burst,
    Load,
    Spread,
    cast_burst,
    memory_mb,
    open_vote,
    sign,
    spread,
)
from cli.demo.script import made_up
from cli.embedded.endpoint import free_port
from cli.exit_codes import USAGE, WRONG
from cli.installation import Installation

PROCESSES = 2


class CastBench(Struct, frozen=True, kw_only=True):
    """The outcome: rates a second, ratios A/B round by round, resident memory of the service."""

    rounds: int
    connections: int
    processes: int
    cast_per_second: Spread
    checked_per_second: Spread
    ratio: Spread
    memory_mb: tuple[float, float]


@click.command("cast")
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--seconds", type=click.IntRange(1, 60), default=2, show_default=True)
@click.option(
    "--ballots",
    type=click.IntRange(500, 1_000_000),
    default=40_000,
    show_default=True,
    help="Ballots signed beforehand, for all rounds together.",
)
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def bench_cast(rounds: int, seconds: int, ballots: int, connections: int, as_json: bool) -> None:
    """Ballots cast a second, as a ratio to a handler that only checks signatures. Needs wrk."""
    wrk = shutil.which("wrk")
    if wrk is None:
        click.echo("wrk is not installed; get it by `apt-get install wrk`", err=True)
        sys.exit(USAGE)
    with tempfile.TemporaryDirectory(prefix="huimin-bench-") as directory:
        try:
            load = Load(wrk=wrk, connections=connections, seconds=seconds)
            bench = _bench(Path(directory), load, rounds, ballots)
        except BenchFailed as error:
            click.echo(str(error), err=True)
            sys.exit(WRONG)
    if as_json:
        click.echo(msgspec.json.encode(bench).decode())
    else:
        _show(bench)


def _bench(directory: Path, load: Load, rounds: int, ballots: int) -> CastBench:
    console = Console(stderr=True)
    script = made_up(ballots)
    issuer = LocalIssuer(len(script.voters))
    bodies, spki = directory / "bodies", directory / "issuer.spki"
    spki.write_bytes(issuer.commitment.issuer_key)
    sign(issuer, script, bodies)
    with Installation(
        directory / "data", processes={"ballot": PROCESSES}, progress=console.print
    ) as installation:
        open_vote(installation, script, issuer)
        with _baseline(script.edition, spki) as baseline_url:
            pids = [
                process.pid
                for name, process in installation.services.items()
                if name.startswith("ballot")
            ]
            before = memory_mb(pids)
            cast: list[Burst] = []
            checked: list[Burst] = []
            used = 0
            for number in range(rounds):
                for url, bursts in (
                    (installation.ballot_url, cast),
                    (baseline_url, checked),
                ):
                    bursts.append(cast_burst(load, url, script.edition, bodies, used))
                # Requests under way when a burst ends are cut off: their ballots may count already.
                used += cast[-1].requests + load.connections
                console.print(
                    f"round {number + 1}: cast {cast[-1].rate:.0f}/s"
                    f" (p99 {cast[-1].p99_ms:.0f} ms), only checked {checked[-1].rate:.0f}/s"
                )
            after = memory_mb(pids)
    return CastBench(
        rounds=rounds,
        connections=load.connections,
        processes=PROCESSES,
        cast_per_second=spread([burst.rate for burst in cast]),
        checked_per_second=spread([burst.rate for burst in checked]),
        ratio=spread([a.rate / b.rate for a, b in zip(cast, checked, strict=True)]),
        memory_mb=(before, after),
    )


@contextmanager
def _baseline(edition: str, spki: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "cli.bench.baseline", edition, str(spki), str(port)]
    servers = [subprocess.Popen(command) for _ in range(PROCESSES)]
    try:
        _await_answer(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def _await_answer(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            urlopen(f"http://127.0.0.1:{port}/", timeout=1)
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(0.1)
    raise BenchFailed("the baseline server did not start")


def _show(bench: CastBench) -> None:
    click.echo(
        f"{bench.rounds} rounds, {bench.connections} connections, {bench.processes} processes;"
        " median (min - max)"
    )
    for what, rates in (
        ("ballots cast a second", bench.cast_per_second),
        ("only decoded and checked", bench.checked_per_second),
        ("ratio", bench.ratio),
    ):
        click.echo(f"{what:<26}{rates.median:>9} ({rates.min} - {rates.max})")
    click.echo(f"{'memory of the service, MB':<26}{bench.memory_mb[0]} -> {bench.memory_mb[1]}")
