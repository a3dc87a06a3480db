"""The health check of containers: `python -m shared.service.healthcheck`."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest


class Answers(BaseHTTPRequestHandler):
    """Ready at `/ready`, not at `/unready`."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.startswith("/ready") else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server answers."""
    server = HTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def check(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "shared.service.healthcheck", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_ready_service_is_healthy(port: int) -> None:
    """The service whose port the environment names is asked, and is well."""
    given = {"HUIMIN_NOTIFY_PORT": str(port), "HUIMIN_NOTIFY_SMTP_PORT": "25"}
    assert check(**given).returncode == 0


def test_service_that_is_not_ready_is_not_healthy(port: int) -> None:
    """An answer of 503 fails the check, and is named."""
    done = check(f"http://127.0.0.1:{port}/unready")
    assert (done.returncode, "503" in done.stderr) == (1, True)


def test_service_that_does_not_answer_is_not_healthy() -> None:
    """A closed port fails the check."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert check(f"http://127.0.0.1:{closed.getsockname()[1]}/ready").returncode == 1


def test_environment_of_no_service_is_no_health() -> None:
    """Where no service is set up there is nothing to be well."""
    done = check()
    assert (done.returncode, "HUIMIN_<SERVICE>_PORT" in done.stderr) == (1, True)
