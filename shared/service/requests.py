"""What is recorded of each request, by its route template: counts, seconds, a line, a span.

Never its path, query, headers or body: these may hold what must not be kept. The line is written at
debug level, and at warning for an unforeseen failure.

A POST below `/v1/` is counted and no more: a line or span with a time for each ballot, code and
credential would put registration and vote next to each other by the clock, beside the SMS
provider's record of who got a code when, and undo that ballots carry the hour only.
"""

import time
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from shared.service import tracing
from shared.service.metrics import DURATION, IN_PROGRESS, REQUESTS

UNROUTED: Final = "(none)"
GONE: Final = 499
"""Counted as the status when the client left before there was an answer."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEALTH: Final = frozenset({"/live", "/ready", "/metrics"})

log = structlog.get_logger()


class RequestRecorder:
    """Records the requests to one service."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._under_way = 0
        self._untold: dict[tuple[str, str, int], list[float]] = {}

    @property
    def middleware(self) -> DefineMiddleware:
        """For a Litestar application: records what it has routed."""
        return DefineMiddleware(_Recorded, recorder=self)

    def tell(self) -> None:
        """Let the metrics have what was recorded since; to be called about once a second.

        A write to a metric that processes share costs microseconds; many in a row cost less each.
        """
        IN_PROGRESS.labels(self._service).set(self._under_way)
        for (method, route, status), durations in self._untold.items():
            labels = (method, route, str(status), self._service)
            REQUESTS.labels(*labels).inc(len(durations))
            duration = DURATION.labels(*labels)
            for seconds in durations:
                duration.observe(seconds)
            durations.clear()

    async def record(
        self, app: ASGIApp, route: str, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        """Have `app` answer a request, and record it under the template `route`."""
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        status, seconds, began = GONE, 0.0, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.perf_counter() - began
            await send(message)

        self._under_way += 1
        span = None
        if _may_be_told(method, route):
            span = tracing.begin_request(method, route, scope["headers"])
        try:
            await app(scope, receive, noting)
        except Exception:
            status = 500
            raise
        finally:
            self._under_way -= 1
            seconds = seconds or time.perf_counter() - began
            self._count(method, route, status, seconds)
            if span is not None:
                tracing.end_request(span, status)

    def _count(self, method: str, route: str, status: int, seconds: float) -> None:
        self._untold.setdefault((method, route, status), []).append(seconds)
        if status >= 500 and status != 503:
            log.warning("request failed", method=method, route=route, status=status)
        elif _may_be_told(method, route):
            took = round(seconds, 4)
            log.debug("request", method=method, route=route, status=status, seconds=took)


def _may_be_told(method: str, route: str) -> bool:
    return not (method == "POST" and route.startswith("/v1/")) and route not in _HEALTH


class _Recorded:
    def __init__(self, app: ASGIApp, recorder: RequestRecorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        route = scope.get("path_template") or UNROUTED
        await self._recorder.record(self._app, route, scope, receive, send)
