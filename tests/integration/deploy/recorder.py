"""Stands behind the proxy under test, for every service, and tells what reached it.

Each answer is JSON: which service was asked, the path, and the headers that came. Three paths
behave: `.../tally/stream` sends one event and then waits until `release` is set, `/leave/drop` is
hung up on, and `/leave/half` is hung up on in the middle of the answer.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

EVENT: Final = b"data: first\n\n"
LAST_EVENT: Final = b"data: last\n\n"


class Recorder:
    """Servers on loopback, one for each name; `asked` counts requests that came all the way."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.asked: list[str] = []

    @contextmanager
    def listening(self, ports: Mapping[str, int]) -> Iterator[None]:
        """Listen on these ports, by service."""
        with ExitStack() as stack:
            stack.callback(self.release.set)
            for service, port in ports.items():
                server = _Server(("127.0.0.1", port), _handler(self, service))
                stack.callback(server.server_close)
                stack.callback(server.shutdown)
                threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            yield


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the proxy hangs up on a body that is too large."""


def _handler(recorder: Recorder, service: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/tally/stream"):
                self._stream()
            else:
                self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path.endswith("/leave/drop"):
                self.close_connection = True
                return
            if self.path.endswith("/leave/half"):
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"half")
                self.close_connection = True
                return
            self._answer()

        def _answer(self) -> None:
            if self.path != "/ready":
                recorder.asked.append(f"{service} {self.path}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.dumps({"service": service, "path": self.path, "headers": headers}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(EVENT)
            self.wfile.flush()
            recorder.release.wait(60)
            self.wfile.write(LAST_EVENT)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base's name
            """Say nothing."""

    return Handler
