"""How a served process treats connections: those that are slow or too many, and all when it stops.

Each test talks to a process of its own over plain sockets, so that it says which byte is sent when.
"""

import json
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from shared.service.listener import SETTLE_S
from shared.service.pace import ServerPace
from shared.service.server import bind
from tests.integration.serving.small_app import BUSY_S, serve_small_app

LIMIT_S: Final = 20.0
LISTEN: Final = "0A"
"""The state in the kernel's table of sockets."""
BRISK: Final = ServerPace(last_request_s=0.3)
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.integration.serving.small_app"])

POST: Final = b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n"
GET: Final = b"GET /echo HTTP/1.1\r\nhost: x\r\n\r\n"


class Told(NamedTuple):
    """An answer; the body of a problem as JSON."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def slug(self) -> str:
        """The stable name of the problem."""
        return str(json.loads(self.body)["type"]).removeprefix("urn:huimin:problem:")


class Served:
    """A process, and connections to it."""

    def __init__(self, port: int, pace: ServerPace) -> None:
        self.port = port
        self.process = _FORKS.Process(target=serve_small_app, args=(port, pace), daemon=True)
        self.process.start()

    def send(self, sig: signal.Signals) -> None:
        """Send a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, sig)

    def connect(self, data: bytes = b"") -> socket.socket:
        """A connection on which this was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)
        connection.sendall(data)
        return connection

    def ask(self, request: bytes = GET) -> Told:
        """The answer on a connection of its own."""
        with self.connect(request) as connection:
            return read(connection)

    def end(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()

    def wait(self) -> int:
        """The exit status."""
        self.process.join(LIMIT_S)
        assert self.process.exitcode is not None, "it did not end"
        return self.process.exitcode

    def wait_started(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            try:
                self.ask()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("the process did not start")


@contextmanager
def served(pace: ServerPace = BRISK) -> Iterator[Served]:
    """A process that answers; killed at the end."""
    with bind("127.0.0.1", 0) as reserved:  # not listening: it only keeps others off the port
        process = Served(int(reserved.getsockname()[1]), pace)
        try:
            process.wait_started()
            yield process
        finally:
            process.end()


def listening_on(port: int) -> int:
    """How many sockets listen on a port of this machine."""
    sockets = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    wanted = f":{port:04X}"
    return sum(one[1].endswith(wanted) and one[3] == LISTEN for one in sockets)


def read(connection: socket.socket) -> Told:
    """One whole answer; raises `ConnectionError` when the connection ends before."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(headers["content-length"]):
        body += _more(connection)
    return Told(int(lines[0].split()[1]), headers, body)


def _more(connection: socket.socket) -> bytes:
    if not (data := connection.recv(65_536)):
        raise ConnectionError("it was closed without an answer")
    return data


def test_who_waits_to_be_accepted_is_answered() -> None:
    """Twenty connections that come while the process, told to stop, is busy with something else."""
    with served() as process, process.connect(GET.replace(b"/echo", b"/busy")) as busy:
        process.ask()
        process.send(signal.SIGTERM)
        time.sleep(BUSY_S / 2)
        waiting = [process.connect(POST + b"%04d" % number) for number in range(20)]
        answers = [read(one) for one in (*waiting, busy)]
        assert [one.body for one in answers] == [*(b"%04d" % number for number in range(20)), b""]
        assert process.wait() == 0


def test_two_processes_of_a_port_hand_over_without_a_reset() -> None:
    """Connections that come while one of two processes stops are all answered."""
    with served() as first:
        second = Served(first.port, BRISK)
        try:
            while listening_on(first.port) < 2:
                time.sleep(0.02)
            first.send(signal.SIGTERM)
            answers = []
            while first.process.is_alive():
                answers.append(second.ask(POST + b"vote").status)
            assert set(answers) == {200}
        finally:
            second.end()


def test_a_half_request_is_answered_when_the_rest_comes() -> None:
    """Half a head, and a head without its body, at the moment of SIGTERM."""
    with served() as process:
        connections = [process.connect(GET[:20]), process.connect(POST + b"vo")]
        process.ask()
        process.send(signal.SIGTERM)
        time.sleep(2 * BRISK.last_request_s)
        connections[0].sendall(GET[20:])
        connections[1].sendall(b"te")
        assert [read(one).status for one in connections] == [200, 200]
        assert process.wait() == 0


def test_a_kept_connection_is_told_to_close_with_its_next_answer() -> None:
    """It was idle at SIGTERM, and what it asks then is answered."""
    with served(ServerPace(last_request_s=LIMIT_S)) as process, process.connect(GET) as kept:
        assert "connection" not in read(kept).headers
        process.send(signal.SIGTERM)
        time.sleep(2 * SETTLE_S + 0.2)
        kept.sendall(GET)
        answer = read(kept)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert (kept.recv(1), process.wait()) == (b"", 0)


def test_idle_connections_do_not_hold_up_the_end() -> None:
    """One that was never used and one that was are closed, and the process ends with 0."""
    with served() as process, process.connect() as unused, process.connect(GET) as used:
        read(used)
        process.send(signal.SIGTERM)
        assert (unused.recv(1), used.recv(1), process.wait()) == (b"", b"", 0)


def test_for_the_time_of_the_notice_it_serves_and_is_not_ready() -> None:
    """A proxy sees 503 with Retry-After at /ready; who still comes is answered."""
    with served(ServerPace(notice_s=1.0, last_request_s=0.3)) as process:
        process.send(signal.SIGTERM)
        while (ready := process.ask(GET.replace(b"/echo", b"/ready"))).status == 200:
            time.sleep(0.01)
        assert (ready.status, ready.slug) == (503, "stopping")
        assert int(ready.headers["retry-after"]) >= 1
        assert process.ask(POST + b"vote").status == 200
        assert process.wait() == 0


def test_who_waits_for_the_drain_is_let_go() -> None:
    """As streams are: the answer comes when the process is told to stop."""
    with served() as process, process.connect(GET.replace(b"/echo", b"/wait")) as connection:
        process.ask()
        process.send(signal.SIGTERM)
        assert (read(connection).status, process.wait()) == (200, 0)


def test_a_request_that_hangs_is_told_to_come_again() -> None:
    """503 with Retry-After once the time for requests is over, and the process ends with 0."""
    pace = ServerPace(last_request_s=0.1, requests_s=0.5)
    with served(pace) as process, process.connect(GET.replace(b"/echo", b"/hang")) as connection:
        process.ask()
        process.send(signal.SIGTERM)
        answer = read(connection)
        assert (answer.status, answer.slug, process.wait()) == (503, "stopping", 0)
        assert int(answer.headers["retry-after"]) >= 1


def test_a_process_whose_end_hangs_ends_by_itself_with_1() -> None:
    """However long closing what it opened would take."""
    with served(ServerPace(last_request_s=0.1, requests_s=0.2, grace_s=1.0)) as process:
        process.ask(GET.replace(b"/echo", b"/hang-at-the-end"))
        process.send(signal.SIGTERM)
        assert process.wait() == 1


@pytest.mark.parametrize("sent", [b"GET /ec", POST + b"vo"], ids=["head", "body"])
def test_a_request_that_does_not_arrive_is_408(sent: bytes) -> None:
    """And its connection is closed."""
    with served(ServerPace(arrival_s=0.2)) as process, process.connect(sent) as connection:
        answer = read(connection)
        assert (answer.status, answer.slug) == (408, "body-too-slow")
        assert connection.recv(1) == b""


def test_a_connection_that_never_asks_is_closed() -> None:
    """Without a word."""
    with served(ServerPace(keep_alive_s=1)) as process, process.connect() as connection:
        assert connection.recv(1) == b""


def test_above_the_limit_of_connections_only_health_is_answered() -> None:
    """503 with Retry-After; below the limit all is as before."""
    with served(ServerPace(connections=2)) as process:
        held = [process.connect(GET) for _ in range(2)]
        assert [read(one).status for one in held] == [200, 200]
        refused = process.ask()
        assert (refused.status, refused.slug) == (503, "overloaded")
        assert int(refused.headers["retry-after"]) >= 1
        assert process.ask(GET.replace(b"/echo", b"/live")).status == 200
        for one in held:
            one.close()
        deadline = time.monotonic() + LIMIT_S
        while (last := process.ask().status) != 200 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert last == 200
