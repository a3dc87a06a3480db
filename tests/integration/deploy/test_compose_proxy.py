"""The proxy of docker-compose.yml: a real Caddy with our Caddyfile, and what gets past it."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest

from shared.service.problem import Problem
from tests.integration.deploy.compose import example_environment, load
from tests.integration.deploy.deployment import Deployment, connect_tls
from tests.integration.deploy.recorder import EVENT, Recorder

PUBLIC = 8443
INTERNAL = 8081
PLAIN = 8080
CLIENT = "127.0.7.7"

KIB = 1024
NO_HEADERS: Mapping[str, str] = {}
EDITION = "/v1/editions/ten-2027"

ROUTES = {
    "/": "ballot",
    "/vote": "ballot",
    "/check": "ballot",
    "/check-worker.js": "ballot",
    "/assets/vote-1a2b.js": "ballot",
    "/services.json": "ballot",
    "/v1/editions": "ballot",
    EDITION: "ballot",
    f"{EDITION}/ballots": "ballot",
    f"{EDITION}/commands": "ballot",
    "/log/ten-2027/checkpoint": "ballot",
    "/log/ten-2027/tile/0/x001/067.p/3": "ballot",
    "/board": "tally",
    f"{EDITION}/tally": "tally",
    f"{EDITION}/tally/turnout": "tally",
    f"{EDITION}/tally/ballots.pb": "tally",
    "/v1/receipt-checks": "tally",
    f"{EDITION}/registration": "registrar",
    f"{EDITION}/puzzles": "registrar",
    f"{EDITION}/challenges": "registrar",
    f"{EDITION}/credentials": "registrar",
    f"{EDITION}/issuance-proofs": "registrar",
    "/v1/subscriptions": "notify",
    "/confirm/token": "notify",
    "/leave/token": "notify",
    "/s/token": "notify",
}

UNPUBLISHED = (
    "/metrics",
    "/live",
    "/ready",
    "/inbox",
    "/inbox/messages",
    "/desk/v1/status",
    "/desk/v1/editions/ten-2027",
    "/desk/v1/editions/ten-2027/roll",
    "/log/../metrics",
    "/log/%2e%2e/metrics",
    "//metrics",
    "/confirm/../inbox",
    "/confirm/%2e%2e/desk/v1/status",
    f"{EDITION}/challenges/../../../../desk/v1/editions/x",
)

FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": "for=203.0.113.9",
}

BODIES = {
    f"{EDITION}/ballots": 16 * KIB,
    f"{EDITION}/challenges": 16 * KIB,
    f"{EDITION}/commands": 256 * KIB,
    "/v1/subscriptions": 16 * KIB,
    "/v1/receipt-checks": 4 * KIB,
}


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Proxy:
    """The proxy as people and as services reach it."""

    def __init__(self, deployment: Deployment, recorder: Recorder) -> None:
        self.recorder = recorder
        self._deployment = deployment

    def connection(self) -> ssl.SSLSocket:
        """A TLS connection to the public port, from the address `CLIENT`."""
        return connect_tls(self._deployment.port("proxy", PUBLIC), source=CLIENT)

    def public(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        """Ask the public port."""
        with self.connection() as connected:
            asked = http.client.HTTPSConnection("localhost")
            asked.sock = connected
            return _ask(asked, method, path, body, headers)

    def internal(self, path: str, *, port: int = INTERNAL, method: str = "GET") -> Reply:
        """Ask a port without TLS: that of the services, or the one that leads to TLS."""
        where = self._deployment.port("proxy", port)
        asked = http.client.HTTPConnection("127.0.0.1", where, timeout=20)
        try:
            return _ask(asked, method, path, b"", {"Host": "localhost"} if port == PLAIN else {})
        finally:
            asked.close()

    @property
    def log(self) -> str:
        """What Caddy has printed."""
        return self._deployment.log("proxy")


def _ask(
    asked: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
) -> Reply:
    asked.request(method, path, body or None, dict(headers))
    answer = asked.getresponse()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Reply(answer.status, found, answer.read())


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Caddy, in front of a recorder in place of each service."""
    compose = load(example_environment() | {"HUIMIN_HOST": "localhost"})
    deployment = Deployment(compose, tmp_path_factory.mktemp("proxy"))
    recorder = Recorder()
    ports = {
        name: deployment.port(name, int(compose.services[name].expose[0]))
        for name in ("ballot-1", "ballot-2", "tally", "registrar", "notify")
    }
    with recorder.listening(ports), deployment.only("proxy"):
        yield Proxy(deployment, recorder)


@pytest.fixture(scope="module")
def unfinished(proxy: Proxy) -> Iterator[ssl.SSLSocket]:
    """A connection whose request never ends: opened first, looked at last."""
    with proxy.connection() as connected:
        connected.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        yield connected


@pytest.mark.usefixtures("unfinished")
@pytest.mark.parametrize(("path", "service"), ROUTES.items())
def test_public_paths_lead_to_their_service(proxy: Proxy, path: str, service: str) -> None:
    """Each path is answered by the service that has it, unchanged."""
    answer = proxy.public(path).json()
    assert (answer["service"].partition("-")[0], answer["path"]) == (service, path)


@pytest.mark.parametrize("path", UNPUBLISHED)
def test_all_other_paths_are_unknown(proxy: Proxy, path: str) -> None:
    """Metrics, desks and the inbox are not published, however the path is written."""
    before = list(proxy.recorder.asked)
    answer = proxy.public(path)
    assert (answer.status, answer.body, proxy.recorder.asked) == (404, b"", before)


@pytest.mark.parametrize("path", ["/metrics", "/ready", "/desk/v1/status", "/vote"])
def test_services_find_nothing_but_the_log(proxy: Proxy, path: str) -> None:
    """The services' own way through the proxy leads to the public log alone."""
    assert proxy.internal(path).status == 404


def test_services_read_the_log(proxy: Proxy) -> None:
    """What registrar, tally and notify ask the ballot service is answered."""
    assert proxy.internal("/log/ten-2027/checkpoint").json()["service"].startswith("ballot")


def test_services_write_nothing(proxy: Proxy) -> None:
    """The services' own way takes no ballot and no command."""
    assert proxy.internal(f"{EDITION}/ballots", method="POST").status == 404


@pytest.mark.parametrize(("path", "limit"), BODIES.items())
def test_body_within_the_limit_is_passed_on(proxy: Proxy, path: str, limit: int) -> None:
    """A body as large as allowed reaches the service."""
    assert proxy.public(path, method="POST", body=b"x" * limit).status == 200


@pytest.mark.parametrize(("path", "limit"), BODIES.items())
def test_larger_body_is_refused(proxy: Proxy, path: str, limit: int) -> None:
    """One byte more is answered 413."""
    assert proxy.public(path, method="POST", body=b"x" * (limit + 1)).status == 413


def test_large_headers_are_refused(proxy: Proxy) -> None:
    """Headers of 32 KiB do not reach a service."""
    assert proxy.public("/vote", headers={"X-Large": "x" * 32 * KIB}).status == 431


def test_forwarded_address_cannot_be_forged(proxy: Proxy) -> None:
    """The registrar learns the address that the connection came from, whatever the client says."""
    path = f"{EDITION}/challenges"
    forged = "".join(f"{name}: {value}\r\n" for name, value in FORGED.items())
    with proxy.connection() as connected:
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{forged}"
        connected.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connected.recv(65536), b""))
    headers = json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]
    assert headers["x-forwarded-for"] == CLIENT
    assert "203.0.113.9" not in str(headers)


@pytest.mark.parametrize("path", [f"{EDITION}/ballots", f"{EDITION}/tally"])
def test_ballot_and_tally_learn_no_address(proxy: Proxy, path: str) -> None:
    """Neither the client's address nor what it claims reaches those who see ballots."""
    headers = proxy.public(path, headers=FORGED).json()["headers"]
    assert not {"x-forwarded-for", "x-real-ip", "forwarded"} & headers.keys()


@pytest.mark.parametrize(
    "path",
    [f"{EDITION}/ballots", f"{EDITION}/tally", f"{EDITION}/challenges", "/log/ten/checkpoint"],
)
def test_no_trace_of_a_device_is_passed_on(proxy: Proxy, path: str) -> None:
    """One that it sends to all services would link what it does at each."""
    trace = dict.fromkeys(("traceparent", "tracestate", "baggage"), "00-1-1-01")
    headers = proxy.public(path, headers=trace).json()["headers"]
    assert not trace.keys() & headers.keys()


def test_stream_is_not_buffered(proxy: Proxy) -> None:
    """The first event is there while the service has not said more."""
    with proxy.connection() as connected:
        path = f"{EDITION}/tally/stream"
        connected.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while EVENT not in received:
            piece = connected.recv(65536)
            assert piece, received
            received += piece
        assert not proxy.recorder.release.is_set()


def test_plain_http_leads_to_tls(proxy: Proxy) -> None:
    """Without TLS nothing is answered but where to go."""
    answer = proxy.internal("/vote", port=PLAIN)
    assert (answer.status, answer.headers["location"][:18]) == (308, "https://localhost/"[:18])


def test_browsers_are_told_to_stay_with_tls(proxy: Proxy) -> None:
    """Strict-Transport-Security is on every answer, and no server's name."""
    headers = proxy.public("/vote").headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert not {"server", "via"} & headers.keys()


def test_failure_of_a_service_is_a_problem_that_says_when_to_ask_again(proxy: Proxy) -> None:
    """A service that hangs up is answered for, in the form that services answer in."""
    answer = proxy.public("/leave/drop", method="POST", body=b"x")
    problem = msgspec.json.decode(answer.body, type=Problem)
    assert (answer.status, problem.status, answer.headers["retry-after"]) == (502, 502, "2")


def test_log_of_a_failure_does_not_say_whose(proxy: Proxy) -> None:
    """An answer that broke off is logged without the request's address, headers and path."""
    with pytest.raises(http.client.IncompleteRead):
        proxy.public("/leave/half", method="POST", body=b"x", headers={"X-Private": "personal"})
    entries = [line for line in proxy.log.splitlines() if '"request":' in line]
    assert entries
    for private in (CLIENT, "personal", "leave/half"):
        assert not [line for line in entries if private in line]


def test_request_that_never_ends_is_ended(unfinished: ssl.SSLSocket) -> None:
    """A connection that does not finish its headers in time is closed."""
    received = b"".join(iter(lambda: unfinished.recv(4096), b""))
    assert not received.startswith(b"HTTP/1.1 200")
