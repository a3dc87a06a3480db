"""What every service counts, for Prometheus, and `/metrics`, where it tells.

A service's own metrics are in its `metrics.py`. Labels are words from fixed lists, route templates
and edition ids, which are public and few; never a person's or a ballot's id, an address or a key.

Where several processes share a port, the variable `PROMETHEUS_MULTIPROC_DIR` names a directory in
which they add up, so that any of them answers for all; it must be set before Python starts. So each
gauge says how its processes' values become one. Gauges have an `app_name` where a process that does
not serve (a worker that imports the same module) would otherwise put in a zero.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
from litestar.plugins.prometheus import PrometheusController
from nats.aio.client import Client
from prometheus_client import Counter, Gauge, Histogram, multiprocess

from shared.version import VERSION

BUCKETS_S: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SAMPLE_S: Final = 1.0

# The names and labels that Litestar's plugin would give.
_REQUEST: Final = ("method", "path", "status_code", "app_name")
REQUESTS: Final = Counter("huimin_requests", "Requests answered", _REQUEST)
DURATION: Final = Histogram(
    "huimin_request_duration_seconds",
    "Seconds from a request to the head of its answer",
    _REQUEST,
    buckets=BUCKETS_S,
)
IN_PROGRESS: Final = Gauge(
    "huimin_requests_in_progress",
    "Requests under way, open streams included",
    ["app_name"],
    multiprocess_mode="livesum",
)
PROBLEMS: Final = Counter(
    "huimin_problems", "Problem documents answered, by what is wrong", ["slug"]
)
PROCESSES: Final = Gauge(
    "huimin_processes",
    "Processes that serve, by version",
    ["app_name", "version"],
    multiprocess_mode="livesum",
)
STARTED: Final = Gauge(
    "huimin_process_start_timestamp_seconds",
    "When the newest of the processes started, in Unix time",
    ["app_name"],
    multiprocess_mode="livemax",
)
NATS_CONNECTED: Final = Gauge(
    "huimin_nats_connected",
    "1 while every process is connected to NATS, else 0",
    ["app_name"],
    multiprocess_mode="livemin",
)
CONNECTIONS_IN_USE: Final = Gauge(
    "huimin_database_connections_in_use",
    "Connections of the database pools in use, looked at once a second",
    ["app_name"],
    multiprocess_mode="livesum",
)
CONNECTIONS_LIMIT: Final = Gauge(
    "huimin_database_connections_limit",
    "Connections that the database pools may have",
    ["app_name"],
    multiprocess_mode="livesum",
)


class Metrics(PrometheusController):
    """`/metrics`, for the operator's network; a proxy does not publish it."""

    include_in_schema = False


@contextmanager
def counted_process(service: str) -> Iterator[None]:
    """Count this process among those that serve, for the block."""
    _forget_dead(_live_files())
    PROCESSES.labels(service, VERSION).set(1)
    STARTED.labels(service).set(time.time())
    try:
        yield
    finally:
        if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
            _forget(os.getpid())


@asynccontextmanager
async def measuring(
    service: str, pool: "asyncpg.Pool[Any]", nats: Client, *tell: Callable[[], None]
) -> AsyncIterator[None]:
    """Every second, tell how much of the pool is in use and whether NATS is there, and call `tell`.

    They are called once more at the end.
    """
    task = asyncio.create_task(_sample(service, pool, nats, tell), name="metrics")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        for one in tell:
            one()


def _live_files() -> Iterable[Path]:
    """The files in which the processes that share a directory count; none if there is one alone."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(directory).glob("gauge_live*_*.db") if directory else ()


async def _sample(
    service: str, pool: "asyncpg.Pool[Any]", nats: Client, tell: Sequence[Callable[[], None]]
) -> None:
    in_use, connected = CONNECTIONS_IN_USE.labels(service), NATS_CONNECTED.labels(service)
    CONNECTIONS_LIMIT.labels(service).set(pool.get_max_size())
    while True:
        in_use.set(pool.get_size() - pool.get_idle_size())
        connected.set(nats.is_connected)
        for one in tell:
            one()
        await asyncio.sleep(SAMPLE_S)


def _forget_dead(files: Iterable[Path]) -> None:
    """Take processes that were killed out of the gauges that are about living ones."""
    for pid in {int(file.stem.rpartition("_")[2]) for file in files}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            _forget(pid)
        except PermissionError:
            continue  # alive, and somebody else's


def _forget(pid: int) -> None:
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
