"""Runs one service process: uvicorn on one port, and a drain signal for open streams.

Several processes of a service may share a port (SO_REUSEPORT); the kernel spreads connections. On
SIGTERM or SIGINT the drain event is set first, so that open streams end by themselves; then uvicorn
stops accepting, answers what it has, and the application's lifespan ends.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn
from litestar.types import ASGIApp

DRAIN_S = 20
BACKLOG = 2048
GC_THRESHOLD = 20_000


class Drain:
    """Set once when the process has been told to stop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.failed = False
        """Whether the process told itself to stop, because serving on would be wrong."""

    def start(self) -> None:
        """Tell everybody who waits."""
        self._event.set()

    def fail(self) -> None:
        """Stop the whole process, which then ends as one that failed."""
        self.failed = True
        os.kill(os.getpid(), signal.SIGTERM)

    @property
    def started(self) -> bool:
        """Whether the process is stopping."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Return when the process is told to stop."""
        await self._event.wait()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, drain: Drain) -> None:
        super().__init__(config)
        self._drain = drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._drain.start()
        # Not the base method: it would raise the signal again in the end, and hide our exit status.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A socket that other processes of the same service may bind as well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    return listener


def serve(app: ASGIApp, drain: Drain, *, host: str, port: int, **options: Any) -> bool:
    """Serve until told to stop; False when the application did not start, or failed later."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=16_384,
        **options,
    )
    _allow_many_connections()
    server = _Server(config, drain)
    # What was imported stays: the collector need not walk it, nor look so often for the few cycles
    # that requests leave.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    try:
        server.run(sockets=[bind(host, port)])
    except SystemExit:  # how uvicorn answers an application that does not start; it logged why
        return False
    return server.started and not drain.failed


def _allow_many_connections() -> None:
    """Let the process have as many open files as it may: many systems begin with 1,024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
