"""Traces of what services do for one another, by OpenTelemetry, and of nothing that people do.

Off unless the setting `otlp_endpoint` names a collector (OTLP over HTTP); sampling, headers and
the like are set by OpenTelemetry's own environment variables. A trace joins what would otherwise
stand apart, so it stops short of people:

- a request by which somebody registers or votes has no span at all (`requests.py` says why).
- a span of any other request to us is a leaf. Nothing that is done for the request is its child,
  neither a commit nor a code nor what we ask of another service.
- the context that a request brings (W3C `traceparent`) is taken only on the routes by which our
  services read the log, `INTERNAL`. On all others it is not looked at: a device that sends one
  context to registrar and ballot box is not linked by it.
- answers carry no context.
- spans around a one-time code end when it is handed over: how long sending takes would tell a code
  from a decoy, and so who is on the roll.
- attributes are from a fixed list: no id, no address, no position, no text of an error.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from shared.service.otlp import Tracer

INTERNAL: Final = frozenset(
    {
        "/v1/editions",
        "/v1/editions/{edition}",
        "/log/{edition}/checkpoint",
        "/log/{edition}/tile/{tile_path}",
    }
)
"""Routes, for GET, on which the caller's context is taken: our own services call them."""

TRACEPARENT: Final = "traceparent"

Headers = Iterable[tuple[bytes, bytes]]


class _Tracing:
    """The tracer of this process, if it has one."""

    tracer: "Tracer | None" = None


@contextmanager
def tracing(service: str, endpoint: str) -> Iterator[None]:
    """Trace for the block, to the collector at a base URL; with an empty one, do nothing.

    At the end what is recorded is sent, for a few seconds at most.
    """
    if not endpoint:
        yield
        return
    from shared.service.otlp import Tracer  # noqa: PLC0415 - most processes never need it

    tracer = Tracer(service, endpoint)
    _Tracing.tracer = tracer
    try:
        yield
    finally:
        _Tracing.tracer = None
        tracer.close()


def begin_request(method: str, route: str, headers: Headers) -> "Span | None":
    """A span of a request to us, for `end_request`; it is never current."""
    tracer = _Tracing.tracer
    if tracer is None:
        return None
    internal = method == "GET" and route in INTERNAL
    return tracer.server(method, route, _traceparent(headers) if internal else None)


def end_request(span: "Span", status: int) -> None:
    """End a span of `begin_request`."""
    if _Tracing.tracer is not None:
        _Tracing.tracer.end_server(span, status)


@contextmanager
def asking(method: str) -> Iterator[Mapping[str, str]]:
    """A span around a request of ours to a service; gives the headers to send with it."""
    tracer = _Tracing.tracer
    if tracer is None:
        yield {}
        return
    with tracer.client(method) as headers:
        yield headers


@contextmanager
def publishing(subject: str) -> Iterator[dict[str, str]]:
    """A span around handing a message to NATS, in a trace of its own; gives headers for it.

    `subject` is a template, with `*` for an edition.
    """
    tracer = _Tracing.tracer
    if tracer is None:
        yield {}
        return
    with tracer.producer(subject) as headers:
        yield headers


@contextmanager
def receiving(subject: str, contexts: Sequence[Mapping[str, str] | None]) -> Iterator[None]:
    """A span around dealing with messages, given the headers of each; asking is its child.

    It goes on the trace of the first message, and is linked to those of the others. Without a
    message there is no span.
    """
    tracer = _Tracing.tracer
    if tracer is None or not contexts:
        yield
        return
    with tracer.consumer(subject, [(one or {}).get(TRACEPARENT) for one in contexts]):
        yield


def _traceparent(headers: Headers) -> str | None:
    for name, value in headers:
        if name == b"traceparent":
            return value.decode("latin-1")
    return None
