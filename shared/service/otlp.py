"""The spans of `tracing.py`, made by OpenTelemetry and sent by OTLP over HTTP.

Sent in the background by a thread of the SDK, in batches, dropped when the collector is away for
long: nothing that a service does waits for it. Names and attributes follow OpenTelemetry's semantic
conventions for HTTP and messaging, as far as `tracing.py` lets them be told.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.version import VERSION

EXPORT_LIMIT_S: Final = 3
CLOSE_S: Final = 4

NOBODY: Final = Context()
"""The context of what nothing was before; it keeps a span from becoming a child by accident."""

_propagator: Final = TraceContextTextMapPropagator()


class Tracer:
    """Makes the spans of one process; `close` sends what is left."""

    def __init__(self, service: str, endpoint: str) -> None:
        resource = {"service.name": f"huimin-{service}", "service.version": VERSION}
        self._provider = TracerProvider(resource=Resource.create(resource), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_LIMIT_S
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("huimin", VERSION)

    def server(self, method: str, route: str, traceparent: str | None) -> Span:
        """A span of a request that was received; the caller ends it with `end_server`."""
        return self._tracer.start_span(
            f"{method} {route}",
            _context(traceparent),
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route},
        )

    def end_server(self, span: Span, status: int) -> None:
        """End a span of `server` with the status of the answer."""
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()

    @contextmanager
    def client(self, method: str) -> Iterator[Mapping[str, str]]:
        """A span of a request that is sent."""
        attributes = {"http.request.method": method}
        span = self._tracer.start_span(method, kind=SpanKind.CLIENT, attributes=attributes)
        with _ended(span):
            yield _headers(span)

    @contextmanager
    def producer(self, subject: str) -> Iterator[dict[str, str]]:
        """A span of a message that is sent, the first of its trace."""
        span = self._tracer.start_span(
            f"publish {subject}", NOBODY, SpanKind.PRODUCER, _messaging("publish", subject)
        )
        with _ended(span):
            yield _headers(span)

    @contextmanager
    def consumer(self, subject: str, traceparents: Sequence[str | None]) -> Iterator[None]:
        """A span of messages that are dealt with; what is asked meanwhile is its child."""
        contexts = [_context(one) for one in traceparents]
        senders = [get_current_span(one).get_span_context() for one in contexts]
        span = self._tracer.start_span(
            f"process {subject}",
            contexts[0],
            SpanKind.CONSUMER,
            _messaging("process", subject),
            links=[Link(one) for one in senders[1:] if one.is_valid],
        )
        with (
            _ended(span),
            use_span(span, record_exception=False, set_status_on_exception=False),
        ):
            yield

    def close(self) -> None:
        """Send what is recorded, and stop. A collector that is not there costs `CLOSE_S`.

        The SDK would wait for it much longer than a process has for its end.
        """
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(CLOSE_S)


@contextmanager
def _ended(span: Span) -> Iterator[None]:
    """End the span with the block; of an exception only its type is told."""
    try:
        yield
    except BaseException as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(StatusCode.ERROR)
        raise
    finally:
        span.end()


def _context(traceparent: str | None) -> Context:
    if traceparent is None:
        return NOBODY
    return _propagator.extract({"traceparent": traceparent}, NOBODY)


def _headers(span: Span) -> dict[str, str]:
    headers: dict[str, str] = {}
    _propagator.inject(headers, set_span_in_context(span, NOBODY))
    return headers


def _messaging(operation: str, subject: str) -> dict[str, str]:
    return {
        "messaging.system": "nats",
        "messaging.operation.name": operation,
        "messaging.destination.template": subject,
    }
