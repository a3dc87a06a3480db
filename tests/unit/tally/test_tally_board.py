"""Snapshots leave when they say something new, not too often, and past clients that do not read."""

import asyncio
from datetime import UTC, datetime

import pytest
from litestar.types import HTTPReceiveMessage, Message

from services.tally import board, stream
from services.tally.board import Channel
from services.tally.projection import Projection, snapshot
from services.tally.stream import EventStream
from shared.edition.views import TallySnapshot
from shared.service.problem import Overloaded
from shared.service.server import Drain


def numbered(number: int) -> TallySnapshot:
    """A snapshot that can be told from others by the entries that it is behind."""
    time = datetime.fromtimestamp(number, UTC)
    return snapshot(Projection(edition="2027"), known=number, current=True, time=time)


class Dashboard:
    """Hears what a channel publishes."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def publish(self, _edition: str, body: bytes) -> None:
        await self.heard.put(body)


async def test_of_many_snapshots_in_a_pause_the_last_is_let_out() -> None:
    """The first leaves at once; of those that come in the pause after it only the newest does."""
    dashboard = Dashboard()
    channel = Channel("2027", dashboard.publish, pause_s=0.2)
    task = asyncio.create_task(channel.run())
    channel.offer(numbered(1))
    first = await dashboard.heard.get()
    for number in range(2, 50):
        channel.offer(numbered(number))
        await asyncio.sleep(0)
    second = await dashboard.heard.get()
    task.cancel()
    assert (b'"behind":1,' in first, b'"behind":49,' in second) == (True, True)


async def test_the_same_again_is_not_let_out() -> None:
    """A snapshot that differs in its time alone is no news."""
    dashboard = Dashboard()
    channel = Channel("2027", dashboard.publish, pause_s=0)
    task = asyncio.create_task(channel.run())
    channel.offer(numbered(1))
    shown = await dashboard.heard.get()
    channel.offer(snapshot(Projection(edition="2027"), known=1, current=True, time=later()))
    channel.offer(numbered(2))
    following = await dashboard.heard.get()
    task.cancel()
    assert (b'"behind":1,' in shown, b'"behind":2,' in following) == (True, True)


def later() -> datetime:
    return datetime(2030, 1, 1, tzinfo=UTC)


async def test_readers_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """One stream too many is refused with a problem that says to try again."""
    monkeypatch.setattr(board, "MAX_READERS", 1)
    channel = Channel("2027", Dashboard().publish)
    with channel.reader(), pytest.raises(Overloaded), channel.reader():
        pass


async def test_a_reader_that_left_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit counts those who are there."""
    monkeypatch.setattr(board, "MAX_READERS", 1)
    channel = Channel("2027", Dashboard().publish)
    with channel.reader():
        pass
    with channel.reader():
        pass


class Listener:
    """One HTTP connection to a stream, as a server shows it to an application."""

    def __init__(self, *, reads: bool) -> None:
        self.sent: asyncio.Queue[bytes] = asyncio.Queue()
        self.left = asyncio.Event()
        self._reads = reads

    async def receive(self) -> HTTPReceiveMessage:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self._reads:
            await asyncio.Event().wait()
        if message["type"] == "http.response.body":
            await self.sent.put(message["body"])


async def test_a_client_that_does_not_read_holds_up_nobody() -> None:
    """While one client's connection is full, another gets every snapshot."""
    channel = Channel("2027", Dashboard().publish, pause_s=0)
    events = EventStream(channel, Drain(), heartbeat_s=60)
    deaf, keen = Listener(reads=False), Listener(reads=True)
    tasks = [
        asyncio.create_task(channel.run()),
        asyncio.create_task(serve(events, deaf)),
        asyncio.create_task(serve(events, keen)),
    ]
    assert (await keen.sent.get()).startswith(b"retry:")
    for number in range(1, 6):
        channel.offer(numbered(number))
        assert b'"behind":%d,' % number in await keen.sent.get()
    for task in tasks:
        task.cancel()


async def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is waited for no longer, and its place is free."""
    monkeypatch.setattr(stream, "UNREAD_LIMIT_S", 0.05)
    monkeypatch.setattr(board, "MAX_READERS", 1)
    channel = Channel("2027", Dashboard().publish)
    async with asyncio.timeout(5):
        await serve(EventStream(channel, Drain(), heartbeat_s=60), Listener(reads=False))
    with channel.reader():
        pass


async def test_a_client_that_leaves_ends_its_stream() -> None:
    """A closed connection is noticed without anything to send."""
    channel = Channel("2027", Dashboard().publish)
    listener = Listener(reads=True)
    task = asyncio.create_task(serve(EventStream(channel, Drain(), heartbeat_s=60), listener))
    await listener.sent.get()
    listener.left.set()
    async with asyncio.timeout(5):
        await task


async def serve(events: EventStream, listener: Listener) -> None:
    await events({"type": "http"}, listener.receive, listener.send)  # type: ignore[arg-type]  # it looks at no more
