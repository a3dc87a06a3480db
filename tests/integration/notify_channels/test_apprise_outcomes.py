"""What Apprise reports of one message to a chat service, and what the channel makes of it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from services.notify.channels.apprise import AppriseSettings, open_apprise
from services.notify.channels.channel import Accepted, Outcome, Rejected, Retry, Unknown
from shared.service.settings import BadSettings
from tests.integration.notify_channels.messages import message, reason


class ChatService:
    """A server for Apprise's plain `json://` URLs."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.hanging = False
        self.requests: list[dict[str, str]] = []
        self.released = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(json.loads(await request.read()))
        if self.hanging:
            await self.released.wait()
        return web.Response(status=self.status, text="to li.hua@example.org: no")


@pytest.fixture
async def service() -> AsyncIterator[ChatService]:
    service = ChatService()
    app = web.Application()
    app.router.add_post("/chat", service.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"json://user:chat-password@127.0.0.1:{runner.addresses[0][1]}/chat"
    yield service
    service.released.set()
    await runner.cleanup()


async def send(url: str, timeout_s: float = 10.0) -> Outcome:
    async with open_apprise(AppriseSettings(urls=(url,), timeout_s=timeout_s)) as channel:
        return await channel.send(message(to=url))


async def test_a_message_that_the_service_takes(service: ChatService) -> None:
    """Subject and text reach the service: accepted."""
    assert await send(service.url) == Accepted()
    (request,) = service.requests
    assert (request["title"], request["message"]) == (message().subject, message().text.strip())


async def test_a_message_that_the_service_refuses(service: ChatService) -> None:
    """Apprise says only that it failed, which may be after the service took it: unknown."""
    service.status = 500
    outcome = await send(service.url)
    assert isinstance(outcome, Unknown)
    assert "password" not in reason(outcome)


async def test_a_service_that_is_not_there() -> None:
    """Apprise does not tell this from a lost reply: unknown."""
    assert isinstance(await send("json://127.0.0.1:1/chat"), Unknown)


async def test_a_service_that_hangs(service: ChatService) -> None:
    """No answer in time: unknown."""
    service.hanging = True
    assert isinstance(await send(service.url, timeout_s=0.5), Unknown)


async def test_a_message_that_waited_for_a_thread_in_vain(service: ChatService) -> None:
    """A message that no thread took up in time was certainly not sent: retry."""
    service.hanging = True
    settings = AppriseSettings(urls=(service.url,), threads=1, timeout_s=0.5)
    async with open_apprise(settings) as channel:
        first = asyncio.create_task(channel.send(message(to=service.url)))
        await asyncio.sleep(0)
        second = await channel.send(message(to=service.url))
        assert isinstance(await first, Unknown)
    assert isinstance(second, Retry)


async def test_a_message_to_a_url_that_nobody_configured(service: ChatService) -> None:
    """Only the operator's URLs are served."""
    async with open_apprise(AppriseSettings(urls=(service.url,))) as channel:
        outcome = await channel.send(message(to="json://127.0.0.1:1/elsewhere"))
    assert isinstance(outcome, Rejected)
    assert service.requests == []


async def test_a_url_that_is_none() -> None:
    """A URL that Apprise does not understand is refused at the start, by its position."""
    with pytest.raises(BadSettings, match="number 1") as refused:
        await send("no-such-service://chat-password")
    assert "chat-password" not in str(refused.value)


async def test_nothing_is_logged(service: ChatService, caplog: pytest.LogCaptureFixture) -> None:
    """Apprise's log, which quotes URLs and answers, stays silent."""
    service.status = 500
    with caplog.at_level(logging.INFO):
        await send(service.url)
    assert caplog.text == ""


def test_the_urls_are_not_printed() -> None:
    """The settings' repr shows no URL."""
    assert "secret" not in repr(AppriseSettings(urls=("json://u:secret@127.0.0.1",)))
