"""Requests as such: long bodies, tokens, and servers that ask for a long pause."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from shared.client.errors import CannotRead, Refused
from shared.client.transport import Answer, open_transport
from tests.web import HASTY, problem, serving, static


async def three_pieces() -> AsyncIterator[bytes]:
    """A body that comes piece by piece."""
    for piece in (b"one\n", b"two\n", b"three\n"):
        yield piece


async def test_a_long_pause_is_the_callers_to_make() -> None:
    """A 429 that asks for an hour is an answer at once, not something to wait for."""
    asked = 0

    async def handler(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        answer = problem(429, "too-many-requests")
        answer.headers["Retry-After"] = "3600"
        return answer

    async with serving(handler) as url, open_transport(url, HASTY) as transport:
        answer = await transport.post("challenges", b"{}", repeatable=True)
        with pytest.raises(Refused) as caught:
            answer.accepted()
    assert (caught.value.problem.slug, asked) == ("too-many-requests", 1)


async def test_a_short_pause_is_made() -> None:
    """A 429 that asks for less than the longest pause is asked again."""
    asked = 0

    async def handler(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(body=b"here") if asked == 3 else web.Response(status=429)

    async with serving(handler) as url, open_transport(url, HASTY) as transport:
        assert await transport.get("x") == Answer(200, b"here")


async def test_a_long_body_is_sent_piece_by_piece() -> None:
    """With its media type."""
    received: list[tuple[str, bytes]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        received.append((request.content_type, await request.read()))
        return web.Response()

    async with serving(handler) as url, open_transport(url, HASTY) as transport:
        await transport.put("roll", three_pieces, "application/x-ndjson")
    assert received == [("application/x-ndjson", b"one\ntwo\nthree\n")]


async def test_a_long_body_is_sent_again_from_its_start() -> None:
    """When the answer was lost."""
    received: list[bytes] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        received.append(await request.read())
        if len(received) == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response()

    async with serving(handler) as url, open_transport(url, HASTY) as transport:
        await transport.put("roll", three_pieces, "application/x-ndjson")
    assert received == [b"one\ntwo\nthree\n"] * 2


async def test_a_long_body_stays_here_when_it_is_refused() -> None:
    """The server says so before it is sent."""
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(1000)

    async def wait(_: web.Request) -> None:
        """Do not say "100 Continue"."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return problem(403, "desk-token-wrong")

    async with serving(handler, expect=wait) as url, open_transport(url, HASTY) as transport:
        answer = await transport.put("roll", pieces, "application/x-ndjson")
    assert (answer.status, sent) == (403, 0)


async def test_the_token_goes_with_each_request() -> None:
    """Of every kind."""
    shown: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        shown.append(request.headers.get("Authorization", ""))
        return web.Response()

    async with (
        serving(handler) as url,
        open_transport(url, HASTY, token="secret") as transport,  # noqa: S106 - a test's
    ):
        await transport.get("x")
        await transport.post("x", b"{}", repeatable=True)
        await transport.put("x", three_pieces, "text/plain")
        await transport.delete("x")
    assert shown == ["Bearer secret"] * 4


async def test_a_token_does_not_follow_to_another_address() -> None:
    """A redirect is an answer then."""
    shown: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        shown.append(request.path)
        return web.Response()

    async with serving(elsewhere) as other:

        async def handler(_: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"{other}/x")

        async with (
            serving(handler) as url,
            open_transport(url, HASTY, token="secret") as transport,  # noqa: S106 - a test's
        ):
            assert (await transport.get("x")).status == 302
    assert shown == []


async def test_an_error_does_not_tell_the_token() -> None:
    """It may come to a screen."""
    async with serving(static({})) as url:
        pass
    async with open_transport(url, HASTY, token="secret") as transport:  # noqa: S106 - a test's
        with pytest.raises(CannotRead) as caught:
            await transport.get("x")
    assert "secret" not in f"{caught.value!r} {transport!r}"


async def test_an_empty_answer_is_accepted() -> None:
    """As DELETE has it."""

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=204 if request.method == "DELETE" else 405)

    async with serving(handler) as url, open_transport(url, HASTY) as transport:
        assert (await transport.delete("x")).accepted() == b""
