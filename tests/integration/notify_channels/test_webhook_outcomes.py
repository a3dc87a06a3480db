"""What a subscriber's server may do to a webhook, and what the channel makes of it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from services.notify.channels.channel import (
    GONE,
    Accepted,
    Message,
    Outcome,
    Rejected,
    Retry,
    Unknown,
)
from services.notify.channels.webhook import WebhookSettings, new_secret, open_webhook
from tests.integration.notify_channels.certificates import server_context
from tests.integration.notify_channels.messages import SECRET, message, reason

EVENT = '{"type":"opening","title":"惠民"}'.encode()


class Subscriber:
    """A server that keeps what it is sent and answers as a test says."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 204
        self.headers: dict[str, str] = {}
        self.hanging = False
        self.breaking = False
        self.endless = False
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((dict(request.headers), await request.read()))
        if self.hanging:
            await asyncio.Event().wait()
        if self.breaking:
            assert request.transport is not None
            request.transport.abort()
        if self.endless:
            return await self._answer_for_ever(request)
        return web.Response(status=self.status, headers=self.headers)

    async def _answer_for_ever(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    subscriber = Subscriber()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", subscriber.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    subscriber.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield subscriber
    await runner.cleanup()


async def send(subscriber: Subscriber, timeout_s: float = 5.0, **changes: Any) -> Outcome:
    """Send one event in development mode, where addresses may be private."""
    settings = WebhookSettings(allow_private=True, timeout_s=timeout_s)
    async with open_webhook(settings) as channel:
        return await channel.send(event(**({"to": subscriber.url} | changes)))


def event(**changes: Any) -> Message:
    return message(**({"id": "msg_17", "event": EVENT} | changes))


class TestASignature:
    async def test_verifies(self, subscriber: Subscriber) -> None:
        """The Standard Webhooks project's own library verifies what the subscriber got."""
        assert await send(subscriber) == Accepted()
        ((headers, body),) = subscriber.requests
        assert Webhook(SECRET).verify(body, headers) == {"type": "opening", "title": "惠民"}
        assert (headers["webhook-id"], headers["Content-Type"]) == ("msg_17", "application/json")

    async def test_of_another_secret(self, subscriber: Subscriber) -> None:
        """It does not verify with the secret of another subscription."""
        await send(subscriber, secret=new_secret())
        ((headers, body),) = subscriber.requests
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body, headers)

    @pytest.mark.parametrize(
        "changes",
        [
            {"secret": None},
            {"secret": "c2VjcmV0"},
            {"secret": "whsec_not base64"},
            {"secret": "whsec_c2hvcnQ="},
            {"event": None},
            {"id": "a.1674087231"},
            {"id": "a\r\nX-Injected: 1"},
        ],
        ids=str,
    )
    async def test_that_cannot_be_made(
        self, subscriber: Subscriber, changes: dict[str, Any]
    ) -> None:
        """Without a usable secret, event or id nothing is sent."""
        outcome = await send(subscriber, **changes)
        assert isinstance(outcome, Rejected)
        assert "c2VjcmV0" not in outcome.reason
        assert subscriber.requests == []


class TestAnAnswer:
    @pytest.mark.parametrize("status", [200, 201, 202, 204])
    async def test_of_success(self, subscriber: Subscriber, status: int) -> None:
        """Every 2xx is accepted."""
        subscriber.status = status
        assert await send(subscriber) == Accepted()

    async def test_that_it_is_gone(self, subscriber: Subscriber) -> None:
        """410 asks to end the subscription."""
        subscriber.status = 410
        assert await send(subscriber) == Rejected(GONE)

    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    async def test_to_come_again(self, subscriber: Subscriber, status: int) -> None:
        """Too many requests and server errors: retry, after the time asked for."""
        subscriber.status, subscriber.headers = status, {"Retry-After": "120"}
        outcome = await send(subscriber)
        assert isinstance(outcome, Retry)
        assert outcome.after_s == 120

    @pytest.mark.parametrize("value", ["", "-1", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "٣"])
    async def test_with_an_unreadable_time(self, subscriber: Subscriber, value: str) -> None:
        """A Retry-After that is no number of seconds leaves the pause to us."""
        subscriber.status, subscriber.headers = 503, {"Retry-After": value}
        assert await send(subscriber) == Retry("the subscriber answered 503", 0.0)

    async def test_to_come_again_next_year(self, subscriber: Subscriber) -> None:
        """A pause is a day at most."""
        subscriber.status, subscriber.headers = 503, {"Retry-After": "999999999"}
        assert await send(subscriber) == Retry("the subscriber answered 503", 86_400)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
    async def test_of_refusal(self, subscriber: Subscriber, status: int) -> None:
        """Any other 4xx is final."""
        subscriber.status = status
        assert await send(subscriber) == Rejected(f"the subscriber answered {status}")

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_that_redirects(self, subscriber: Subscriber, status: int) -> None:
        """A redirect is not followed: it would take a signed event wherever it points."""
        subscriber.status = status
        subscriber.headers = {"Location": subscriber.url + "/elsewhere"}
        assert isinstance(await send(subscriber), Rejected)
        assert len(subscriber.requests) == 1

    async def test_without_end(self, subscriber: Subscriber) -> None:
        """The body of an answer is not read, however long it is."""
        subscriber.status, subscriber.endless = 200, True
        assert await send(subscriber) == Accepted()


class TestNoAnswer:
    async def test_in_time(self, subscriber: Subscriber) -> None:
        """A server that hangs after it got the request: perhaps delivered."""
        subscriber.hanging = True
        assert isinstance(await send(subscriber, timeout_s=0.3), Unknown)

    async def test_but_an_end(self, subscriber: Subscriber) -> None:
        """A connection that ends before the answer: perhaps delivered."""
        subscriber.breaking = True
        outcome = await send(subscriber)
        assert isinstance(outcome, Unknown)
        assert "127.0.0.1" not in outcome.reason

    async def test_as_nobody_listens(self, subscriber: Subscriber) -> None:
        """A refused connection: certainly not delivered, retry."""
        outcome = await send(subscriber, to="http://127.0.0.1:1/hook")
        assert isinstance(outcome, Retry)
        assert "127.0.0.1" not in outcome.reason

    async def test_as_the_host_has_no_address(self, subscriber: Subscriber) -> None:
        """A name that does not resolve: certainly not delivered, retry."""
        assert isinstance(await send(subscriber, to="http://nowhere.invalid/hook"), Retry)

    async def test_as_the_certificate_is_not_valid(self, tmp_path: Path) -> None:
        """A certificate that nobody vouches for: nothing was sent, retry."""
        listener = await asyncio.start_server(
            lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=server_context(tmp_path)
        )
        url = f"https://localhost:{listener.sockets[0].getsockname()[1]}/hook"
        outcome = await send(Subscriber(), to=url)
        listener.close()
        await listener.wait_closed()
        assert isinstance(outcome, Retry)


class TestAPrivateAddress:
    @pytest.fixture
    def resolving_to(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Makes all names of the world resolve to the addresses that a test wants."""

        def resolve(*addresses: str) -> None:
            def getaddrinfo(_host: str, port: int, *_: Any, **__: Any) -> list[Any]:
                kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
                return [
                    (socket.AF_INET6, *kind, (address, port, 0, 0))
                    if ":" in address
                    else (socket.AF_INET, *kind, (address, port))
                    for address in addresses
                ]

            monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

        return resolve

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "64:ff9b::a00:1"]
    )
    async def test_behind_a_name(self, resolving_to: Any, address: str) -> None:
        """A name that resolves into our own network is refused when it is connected to."""
        resolving_to(address)
        async with open_webhook(WebhookSettings(timeout_s=2)) as channel:
            outcome = await channel.send(event(to="https://hook.example.org/"))
        assert outcome == Rejected("the host's address is not public")

    async def test_is_never_connected_to(self, resolving_to: Any) -> None:
        """A server that listens on a private address gets no connection."""
        resolving_to("127.0.0.1", "::1")
        connections: list[object] = []
        listener = await asyncio.start_server(
            lambda reader, _writer: connections.append(reader), "127.0.0.1", 0
        )
        port = listener.sockets[0].getsockname()[1]
        async with open_webhook(WebhookSettings(timeout_s=2)) as channel:
            await channel.send(event(to=f"https://hook.example.org:{port}/"))
        listener.close()
        await listener.wait_closed()
        assert connections == []

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/",
            "https://localhost/",
            "https://a.localhost/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://2130706433/",
            "https://127.1/",
            "https://0x7f.1/",
            "http://hook.example.org/",
            "https://user:secret@hook.example.org/",
            "ftp://hook.example.org/",
            "file:///etc/passwd",
            "https:///hook",
            "https://hook.example.org:0/",
            "https://hook.example.org:99999/",
            "https://hook.example.org/\r\nX-Injected: 1",
            "https://[::1/",
            "",
        ],
    )
    async def test_or_a_bad_url(self, url: str) -> None:
        """A URL that spells out a private address, or is none, leads nowhere."""
        async with open_webhook(WebhookSettings(timeout_s=2)) as channel:
            outcome = await channel.send(event(to=url))
        assert isinstance(outcome, Rejected)
        assert "secret@" not in reason(outcome)
