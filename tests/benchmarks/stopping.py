"""Services told to stop under load: how long each takes, and what became of every request.

    python -m tests.benchmarks.stopping --rate 500 --streams 200

One process of each service is sent SIGTERM after another, and started again; then all at the same
time; then the ballot processes are restarted in turn while our own client casts. Afterwards the
whole log is audited, and every promise is held against it. Clients, services and servers share one
machine.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from cli.installation import Installation
from tests.stopping import Load, Rehearsal, Stopped, Verdict, judge, open_poll, rehearse, signed

SECONDS: Final = 50
"""For so long there are ballots at the full rate."""


def main() -> None:
    """Set up, measure, print; exit status 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="ballots a second")
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=3, help="of each ballot process")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="huimin-bench-") as directory,
        Installation(Path(directory)) as installation,
    ):
        done, verdict = _measure(installation, options)
    _show(done)
    print(verdict)
    kept = verdict.kept and not (done.load.lost or done.load.errors or done.clients.errors)
    sys.exit(0 if kept else 1)


def _measure(installation: Installation, options: argparse.Namespace) -> tuple[Rehearsal, Verdict]:
    script, issuer = open_poll(installation, SECONDS * options.rate)

    async def measure() -> tuple[Rehearsal, Verdict]:
        vote = await signed(installation, script, issuer)
        done = await rehearse(
            installation,
            vote,
            rate=options.rate,
            streams=options.streams,
            one_by_one=[name for name in installation.services if name.endswith("-0")],
            restarts=options.restarts,
        )
        return done, await judge(installation, vote, done.receipts)

    return asyncio.run(measure())


def _show(done: Rehearsal) -> None:
    for title, stopped in (
        ("SIGTERM to one after another", done.in_turn),
        ("SIGTERM to all at once", done.together),
        ("rolling restart of ballot processes", done.rolling),
    ):
        print(f"{title}: " + ", ".join(map(_ended, stopped)))
    _show_load("clients that count every answer", done.load)
    _show_load("our own client, rolling restart", done.clients)


def _ended(one: Stopped) -> str:
    return f"{one.name} {one.seconds:.2f} s (exit {one.status})"


def _show_load(title: str, load: Load) -> None:
    print(f"{title}: {load.requests} requests, {len(load.receipts)} receipts")
    print(f"  answers            {dict(sorted(load.statuses.items()))}")
    print(f"  nobody listened    {load.refused}")
    print(f"  lost unanswered    {load.lost.total()} {dict(load.lost) or ''}")
    print(f"  errors             {len(load.errors)} {load.errors[:3] or ''}")
    print(f"  longest to receipt {load.longest_s:.2f} s")
    if load.streams:
        print(f"  streams            {dict(load.streams)}")


if __name__ == "__main__":
    main()
