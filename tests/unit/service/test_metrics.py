"""Metrics of several processes that share a directory, and of those that were killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

SERVE: Final = """
import os, sys
from shared.service.metrics import NATS_CONNECTED, counted_process
connected, ending = float(sys.argv[1]), sys.argv[2]
with counted_process("ballot"):
    NATS_CONNECTED.labels("ballot").set(connected)
    print("serving", flush=True)
    sys.stdin.readline()
    if ending == "killed":
        os._exit(9)
"""


def test_gauges_of_processes_become_one(tmp_path: Path) -> None:
    """Processes add up, and NATS is connected only where every process says so."""
    with _serving(tmp_path, "1"), _serving(tmp_path, "0"):
        found = _told(tmp_path, "huimin_processes"), _told(tmp_path, "huimin_nats_connected")
    assert found == (2, 0)


def test_a_process_that_ended_in_order_is_not_counted(tmp_path: Path) -> None:
    """It has taken itself out."""
    with _serving(tmp_path, "1"):
        with _serving(tmp_path, "0"):
            pass
        found = _told(tmp_path, "huimin_processes"), _told(tmp_path, "huimin_nats_connected")
    assert found == (1, 1)


def test_a_process_that_was_killed_is_taken_out_by_the_next_one(tmp_path: Path) -> None:
    """Otherwise it would be disconnected from NATS for ever."""
    with _serving(tmp_path, "0", ending="killed"):
        pass
    with _serving(tmp_path, "1"):
        found = _told(tmp_path, "huimin_processes"), _told(tmp_path, "huimin_nats_connected")
    assert found == (1, 1)


@contextmanager
def _serving(directory: Path, connected: str, ending: str = "in order") -> Iterator[None]:
    command = [sys.executable, "-c", SERVE, connected, ending]
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(directory)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"serving\n"
        try:
            yield
        finally:
            process.communicate(b"\n")


def _told(directory: Path, name: str) -> float:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(directory))  # type: ignore[no-untyped-call]
    (family,) = (one for one in registry.collect() if one.name == name)
    (sample,) = family.samples
    return sample.value
