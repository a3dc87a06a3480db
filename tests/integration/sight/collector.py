"""An OpenTelemetry collector that keeps what it is sent: OTLP over HTTP, in protobuf."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from msgspec import Struct
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from shared.service.server import bind

SERVER = Span.SpanKind.SPAN_KIND_SERVER
CLIENT = Span.SpanKind.SPAN_KIND_CLIENT
PRODUCER = Span.SpanKind.SPAN_KIND_PRODUCER
CONSUMER = Span.SpanKind.SPAN_KIND_CONSUMER


class Spanned(Struct, frozen=True):
    """A span as it was received, with the service that it is from; ids in hex."""

    service: str
    name: str
    kind: int
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, str]


class Collector:
    """What was received so far; `raw` are the bodies as they came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Spanned] = []
        self.raw = bytearray()

    async def receive(self, request: web.Request) -> web.Response:
        """One export."""
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.raw += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [_spanned(told["service.name"], span) for span in scope.spans]
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a port of its own, in a thread of its own."""
    listener = bind("127.0.0.1", 0)
    collector = Collector(f"http://127.0.0.1:{listener.getsockname()[1]}")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    app = web.Application(client_max_size=16_000_000)
    app.router.add_post("/v1/traces", collector.receive)
    runner = web.AppRunner(app)

    async def start() -> None:
        await runner.setup()
        await web.SockSite(runner, listener).start()

    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield collector
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _spanned(service: str, span: Span) -> Spanned:
    return Spanned(
        service,
        span.name,
        span.kind,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        tuple(link.trace_id.hex() for link in span.links),
        {
            one.key: str(getattr(one.value, one.value.WhichOneof("value") or "string_value"))
            for one in span.attributes
        },
    )
