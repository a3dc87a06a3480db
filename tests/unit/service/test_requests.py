"""How a request is recorded, seen from the counters that Prometheus reads."""

import secrets
from collections.abc import Awaitable, Callable

import pytest
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shared.service.requests import RequestRecorder

TEMPLATE = "/v1/editions/{edition}"

Answer = Callable[[Send], Awaitable[None]]


async def _ok(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _unavailable(send: Send) -> None:
    await send({"type": "http.response.start", "status": 503, "headers": []})


async def _failed(send: Send) -> None:
    await send({"type": "http.response.start", "status": 500, "headers": []})


async def _nothing(_send: Send) -> None:
    return


async def _raises(_send: Send) -> None:
    raise ValueError("330106190001011234")


@pytest.mark.parametrize(
    ("answer", "status"),
    [(_ok, "200"), (_unavailable, "503"), (_failed, "500"), (_nothing, "499")],
)
async def test_a_request_is_counted_under_its_status(answer: Answer, status: str) -> None:
    """499 when the client left before there was one."""
    service = await _record(answer)
    assert _counted(service, "GET", status) == 1


async def test_an_exception_counts_as_500_and_goes_on() -> None:
    """What is outside answers it."""
    service = secrets.token_hex(4)
    with pytest.raises(ValueError, match="3301"):
        await _record(_raises, service=service)
    assert _counted(service, "GET", "500") == 1


async def test_methods_that_do_not_exist_are_counted_as_one() -> None:
    """Whoever asks cannot write into a label."""
    service = await _record(_ok, method="X330106190001011234")
    assert _counted(service, "OTHER", "200") == 1


@pytest.mark.parametrize(
    ("method", "route", "answer", "levels"),
    [
        ("GET", TEMPLATE, _ok, ["debug"]),
        ("POST", "/desk/v1/editions/{edition}/commitment", _ok, ["debug"]),
        ("POST", "/v1/editions/{edition}/ballots", _ok, []),
        ("POST", "/v1/editions/{edition}/credentials", _unavailable, []),
        ("GET", "/live", _ok, []),
        ("POST", "/v1/editions/{edition}/ballots", _failed, ["warning"]),
    ],
)
async def test_who_registers_or_votes_leaves_no_line(
    method: str, route: str, answer: Answer, levels: list[str]
) -> None:
    """Unless it failed by our own fault; other requests leave one at debug level."""
    with capture_logs() as lines:
        await _record(answer, method=method, route=route)
    assert [line["log_level"] for line in lines] == levels


async def _record(
    answer: Answer, *, method: str = "GET", route: str = TEMPLATE, service: str | None = None
) -> str:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send)

    async def receive() -> Message:
        raise AssertionError("nothing reads this body")

    async def send(_message: Message) -> None:
        return

    service = service or secrets.token_hex(4)
    scope: HTTPScope = {"type": "http", "method": method, "headers": []}  # type: ignore[typeddict-item]
    asgi: ASGIApp = app
    recorder = RequestRecorder(service)
    try:
        await recorder.record(asgi, route, scope, receive, send)  # type: ignore[arg-type]
    finally:
        recorder.tell()
    return service


def _counted(service: str, method: str, status: str) -> float | None:
    labels = {"method": method, "path": TEMPLATE, "status_code": status, "app_name": service}
    return REGISTRY.get_sample_value("huimin_requests_total", labels)
