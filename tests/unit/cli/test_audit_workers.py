"""The auditor's processes: they die without taking the truth along, and do not outlive it."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.audit.inspection import Bundle
from cli.audit.workers import inspectors
from shared.client.errors import CannotRead
from tests.audits import audited, certified, flip


async def test_a_worker_that_dies_says_nothing_about_the_log() -> None:
    """If a process ends, the log could not be read, which is not the same as wrong."""
    nonsense = Bundle(0, 1, None, None, None)  # type: ignore[arg-type]  # makes a worker fail
    async with inspectors(2) as inspect_bundle:
        with pytest.raises(CannotRead, match="process ended"):
            await inspect_bundle(nonsense, None)


def test_a_worker_leaves_when_its_auditor_is_gone() -> None:
    """The end of its input, as after a kill of the auditor, is the end of the process."""
    command = [sys.executable, "-P", "-m", "cli.audit.worker"]
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, b"")


async def test_the_first_fault_is_reported_by_any_number_of_processes(tmp_path: Path) -> None:
    """Faults in two bundles: the one in the first is named, whichever process is quicker."""
    builder = certified()
    log = builder.write(tmp_path)
    flip(log / f"tile/entries/001.p/{len(builder.entries) - 256}", 300)
    flip(log / "tile/entries/000", 150_000)
    report = await audited(log, jobs=2)
    assert report.violation is not None
    assert report.violation.where.endswith("(tile/entries/000)")
