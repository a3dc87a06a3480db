"""How much an audit costs above its signature checks alone: A B A B, on the same log and cores.

    python -m tests.benchmarks.audit_ratio --ballots 20000 --rounds 5

A: each process checks its share of the ballots' credentials and signatures, decoded beforehand.
B: the whole audit of the exported log from its directory, processes started and all.
Prints both and the ratio B / A of each round: median, with minimum and maximum. Elapsed time tells
something only where nothing else runs; processor time (of all processes, B's starting included)
also elsewhere.
"""

import argparse
import asyncio
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from cli.audit.audit import audit
from cli.progress import Silent
from shared.client.log_source import open_log
from shared.edition.events import BallotCast, decode_event
from shared.edition.inspection import Electorate, check_ballot
from shared.processes import usable_cores
from tests.editions import EditionBuilder


def main() -> None:
    """Build a log, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ballots", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=usable_cores())
    options = parser.parse_args()
    builder = EditionBuilder(initiatives=30, max_choices=10, seats=10)
    builder.prepare()
    for number in range(options.ballots):
        builder.cast(number, [builder.ids[(number + 3 * k) % 30] for k in range(10)])
    with tempfile.TemporaryDirectory() as directory:
        builder.write(Path(directory))
        checks, audits = [], []
        for number in range(1, options.rounds + 1):
            checks.append(signature_checks(builder, options.jobs))
            audits.append(asyncio.run(whole_audit(directory, options.jobs)))
            print(f"round {number}: A {checks[-1]}, B {audits[-1]}", flush=True)
    print(f"{options.ballots} ballots, {options.jobs} processes")
    for what in Cost._fields:
        a = [getattr(cost, what) for cost in checks]
        b = [getattr(cost, what) for cost in audits]
        show(f"A signature checks, {what}", a)
        show(f"B audit, {what}", b)
        show(f"B / A, {what}", [two / one for one, two in zip(a, b, strict=True)])


class Cost(NamedTuple):
    """What something took, in seconds."""

    elapsed: float
    processor: float


def show(what: str, values: Sequence[float]) -> None:
    """One line of results."""
    print(f"{what}: {statistics.median(values):.2f} [{min(values):.2f} .. {max(values):.2f}]")


async def whole_audit(directory: str, jobs: int) -> Cost:
    """What the audit takes."""
    started, before = time.perf_counter(), processor_time()
    async with open_log(directory) as source:
        report = await audit(source, progress=Silent(), jobs=jobs)
    assert report.verdict == "verified"
    return Cost(time.perf_counter() - started, processor_time() - before)


def processor_time() -> float:
    """Seconds that this process and those that it has ended have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def signature_checks(builder: EditionBuilder, jobs: int) -> Cost:
    """What it takes `jobs` processes to check all ballots; decoding is not counted."""
    context = multiprocessing.get_context("fork")
    electorate = Electorate.of(builder.current)
    assert electorate is not None
    processes, pipes = [], []
    for job in range(jobs):
        ours, theirs = context.Pipe()
        share = builder.entries[job::jobs]
        processes.append(context.Process(target=check_share, args=(theirs, share, electorate)))
        processes[-1].start()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()
    started = time.perf_counter()
    for pipe in pipes:
        pipe.send("go")
    processor = sum(pipe.recv() for pipe in pipes)
    elapsed = time.perf_counter() - started
    for process in processes:
        process.join()
    return Cost(elapsed, processor)


def check_share(pipe: Connection, entries: Sequence[bytes], electorate: Electorate) -> None:
    """In a process of its own: decode, say so, wait, check, say so."""
    events = [decode_event(entry) for entry in entries]
    ballots = [event for event in events if isinstance(event, BallotCast)]
    pipe.send("ready")
    pipe.recv()
    before = time.process_time()
    for ballot in ballots:
        check_ballot(
            electorate,
            ballot.key,
            ballot.credential,
            ballot.seq,
            ballot.commitment,
            ballot.signature,
        )
    pipe.send(time.process_time() - before)


if __name__ == "__main__":
    main()
