"""Runs one service process: uvicorn on one port, and a stop that leaves nobody without an answer.

Several processes of a service may share a port (SO_REUSEPORT); the kernel spreads connections. On
SIGTERM or SIGINT, in seconds:

    0                 `Drain` is set: `/ready` is 503, each answer says that its connection closes,
                      streams end, and whoever else waits for it takes nothing new.
    0 .. notice_s     New connections are accepted as before, so that a proxy has the time to see
                      that the process is not ready. Left out when the process stopped itself.
    + SETTLE_S        No new handshakes; those under way are completed and accepted, and the
                      listening socket is closed with its queue empty (`listener.py`).
    ..                A connection ends with its last answer, or when nothing was asked on it for
                      last_request_s (`connections.py`).
    notice_s +
      requests_s      Requests that still wait are answered 503 with Retry-After and cancelled.
    then              The lifespan ends: what was opened last is closed first.
    notice_s +
      grace_s         The process ends by itself, with 1, whatever hangs.

Usually it takes a second or two. Whoever stops a process must wait longer than
notice_s + grace_s before killing it.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
from litestar.types import ASGIApp

from shared.service.connections import Connection, Connections
from shared.service.drain import Drain
from shared.service.listener import stop_listening
from shared.service.pace import ServerPace

__all__ = ["Drain", "bind", "serve"]

BACKLOG: Final = 2048
GC_THRESHOLD: Final = 20_000
TICK_S: Final = 0.05
TICKS_A_SECOND: Final = 10
"""How often uvicorn calls `on_tick`."""

UNHURRIED: Final = ServerPace()

log = structlog.get_logger()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, drain: Drain, pace: ServerPace) -> None:
        super().__init__(config)
        self.server_state = self._connections = Connections(drain, pace)
        self._drain = drain
        self._pace = pace

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        notice_s = 0.0 if self._drain.failed else self._pace.notice_s
        self._drain.start(notice_s + self._pace.grace_s)
        # Not the base method: it would raise the signal again in the end, and hide our exit status.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_A_SECOND == 0:
            self._connections.sweep()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Instead of uvicorn's, which resets what waits to be accepted, and half requests."""
        pace, drain = self._pace, self._drain
        _end_in(drain.left_s)
        await self._sweep_while(lambda: drain.left_s > pace.grace_s)
        await stop_listening(self.servers, sockets or [])
        await self._sweep_while(
            lambda: (
                bool(self._connections.connections or self._connections.tasks)
                and drain.left_s > pace.grace_s - pace.requests_s
            )
        )
        self._connections.give_up()
        await asyncio.sleep(0)  # whoever was cancelled cleans up
        if not self.force_exit:
            await self.lifespan.shutdown()

    async def _sweep_while(self, holds: Callable[[], bool]) -> None:
        while holds() and not self.force_exit:
            self._connections.sweep()
            await asyncio.sleep(TICK_S)


def bind(host: str, port: int) -> socket.socket:
    """A socket that other processes of the same service may bind as well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    return listener


def serve(
    app: ASGIApp,
    drain: Drain,
    *,
    host: str,
    port: int,
    pace: ServerPace = UNHURRIED,
    **options: Any,
) -> bool:
    """Serve until told to stop; False when the application did not start, or failed later."""
    _allow_many_connections()
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,  # `huimin doctor` compares clocks by it, and caches reckon ages from it
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=pace.keep_alive_s,
        **options,
    )
    server = _Server(config, drain, pace)
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


def _end_in(seconds: float) -> None:
    """End the process after so many seconds, if it has not ended by then."""

    def end() -> None:
        log.critical("stopping took too long", seconds=round(seconds, 1))
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _allow_many_connections() -> None:
    """Let the process have as many open files as it may: many systems begin with 1,024."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
