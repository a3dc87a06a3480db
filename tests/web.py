"""A small real HTTP server for tests of clients: it answers as the test's handler says."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from shared.client.transport import Patience

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HASTY = Patience(attempts=3, timeout_s=2.0, first_pause_s=0.01, longest_pause_s=0.05)
"""For tests that wait for a client to give up."""


@asynccontextmanager
async def serving(
    handler: Handler, expect: Callable[[web.Request], Awaitable[None]] | None = None
) -> AsyncIterator[str]:
    """The base URL of a server that hands every request to `handler`.

    `expect` answers `Expect: 100-continue` in place of the server; if it sends nothing, the client
    is left waiting for the handler's answer.
    """
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler, expect_handler=expect)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def static(files: Mapping[str, bytes]) -> Handler:
    """Serves these files by their paths, as a CDN does."""

    async def answer(request: web.Request) -> web.StreamResponse:
        data = files.get(request.match_info["path"])
        return web.Response(body=data) if data is not None else web.Response(status=404)

    return answer


def problem(status: int, slug: str) -> web.Response:
    """A problem document as the services send it."""
    return web.json_response(
        {
            "type": f"urn:huimin:problem:{slug}",
            "title": f"title of {slug}",
            "title_zh": "标题",
            "status": status,
            "detail": "the detail",
            "next": "the next step",
            "next_zh": "下一步",
        },
        status=status,
        content_type="application/problem+json",
    )
