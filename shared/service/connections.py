"""The connections of one process: too many, too slow, and how each comes to its end.

A request must arrive as a whole in a time that grows with its bytes; one that does not is answered
408. A connection on which nothing is asked for long is closed. Above a limit on connections the
requests of all are answered 503, except for health. `ServerPace` has the numbers.

While the process stops, every answer says that its connection closes. A connection on which
nothing was asked for `last_request_s` is closed, if nothing has arrived on it: whether a request is
on its way at that very moment HTTP/1.1 cannot know, and a client sends such a one again (RFC 9112,
section 9.3.1).
"""

import fcntl
import resource
import struct
import termios
from http import HTTPStatus
from typing import Any, Final, cast

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from shared.edition.errors import Refusal
from shared.service.drain import Drain
from shared.service.pace import ServerPace
from shared.service.problem import (
    PROBLEM_JSON,
    Overloaded,
    TooSlow,
    Unavailable,
    problem_of,
    send_problem,
)

OTHER_FILES: Final = 128
"""Open files that are left for what is no connection: the database, NATS, logs, tiles."""

READY: Final = "/ready"
HEALTH: Final = frozenset({"/live", READY, "/metrics"})


class Stopping(Unavailable):
    """For requests that the end of the process overtakes, and for whoever asks if it is ready."""

    slug = "stopping"
    title = ("服务正在停止", "This process is stopping")
    next = ("请稍候再次提交，不会重复计票", "Send the same request again; nothing counts twice")


class Connections(ServerState):
    """What all connections of a process share; `sweep` it about once a second."""

    def __init__(self, drain: Drain, pace: ServerPace) -> None:
        super().__init__()
        self.drain = drain
        self.pace = pace
        self.limit = min(pace.connections, _open_files() - OTHER_FILES)

    def sweep(self) -> None:
        """Look at each connection: whether it is slow, idle, or at its end."""
        for one in tuple(self.connections):
            cast("Connection", one).look()

    def give_up(self) -> None:
        """Answer 503 to whoever still waits, close all connections and cancel what is under way."""
        for one in tuple(self.connections):
            cast("Connection", one).refuse(Stopping("the request could not be finished in time"))
        for task in tuple(self.tasks):
            task.cancel()


class Connection(HttpToolsProtocol):
    """One connection, as uvicorn serves it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._state = cast("Connections", self.server_state)
        self._idle_since = self._arriving_since = self.loop.time()
        self._arriving = self._heading = False
        self._arrived_bytes = 0

    def look(self) -> None:
        """Close the connection, or prepare its end, if it is time."""
        now, stopping, pace = self.loop.time(), self._state.drain.started, self._state.pace
        if self.transport.is_closing():
            return
        if stopping and self._answering and not self.cycle.response_started:
            self.cycle.keep_alive = False
        if self._awaited and self.flow.read_paused:
            self._arriving_since = now  # it is us who are slow
        elif self._awaited:
            allowed_s = pace.arrival_s + self._arrived_bytes / pace.slowest_bytes_s
            if now - self._arriving_since > allowed_s:
                self.refuse(TooSlow(f"it took longer than {allowed_s:.0f} s"))
        elif not self._answering:
            idle_s = pace.last_request_s if stopping else pace.keep_alive_s
            if now - self._idle_since > idle_s and not self._unread_bytes():
                self.transport.close()

    def refuse(self, refusal: Refusal) -> None:
        """Answer this to a request that is not being answered yet, and close the connection."""
        if self._heading or (self._answering and not self.cycle.response_started):
            self.transport.write(_response(refusal))
        if self._answering:
            self.cycle.disconnected = True
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._arrived_bytes += len(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._arriving = self._heading = True
        self._arrived_bytes, self._arriving_since = 0, self.loop.time()

    def on_headers_complete(self) -> None:
        self._heading = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._arriving = False

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        path, state = cycle.scope["path"], self._state
        if state.drain.started:
            cycle.keep_alive = False
            if path == READY:
                app = _answering(Stopping("no more requests should be sent here"))
        elif len(self.connections) > state.limit and path not in HEALTH:
            cycle.keep_alive = False
            app = _answering(Overloaded(f"{state.limit} connections are open"))
        super()._start_asgi_task(cycle, app)

    @property
    def _awaited(self) -> bool:
        """Whether the rest of a request is waited for, to which there is no whole answer yet."""
        return self._arriving and (self._heading or self._answering)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _unread_bytes(self) -> int:
        """What has arrived and waits in the kernel; closing the connection would reset it."""
        number = self.transport.get_extra_info("socket").fileno()
        return int(struct.unpack("i", fcntl.ioctl(number, termios.FIONREAD, bytes(4)))[0])


def _answering(refusal: Refusal) -> ASGIApp:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_problem(send, refusal)

    return answer


def _response(refusal: Refusal) -> bytes:
    """A whole answer, for where there is no request of which the application knows."""
    problem = problem_of(refusal)
    body = msgspec.json.encode(problem)
    lines = [
        f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
        f"content-type: {PROBLEM_JSON}",
        f"content-length: {len(body)}",
        "access-control-allow-origin: *",
        "connection: close",
    ]
    if problem.retry_after_s is not msgspec.UNSET:
        lines.append(f"retry-after: {problem.retry_after_s}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _open_files() -> int:
    """How many there may be; the process must have raised its limit before."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
