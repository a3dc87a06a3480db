"""What is shown: each edition's newest snapshot, encoded once however many read it.

A channel lets a snapshot out when it differs from the last one, and at most one a second. Readers
wake when it does and take whatever is newest then, so a slow one skips what it has missed and holds
nothing up: a snapshot is complete by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from services.tally import metrics
from shared.edition.errors import UnknownEdition
from shared.edition.views import TallySnapshot
from shared.service.problem import Overloaded, StoreUnavailable

PUBLISH_S = 1.0
MAX_READERS = 10_000

Publish: TypeAlias = Callable[[str, bytes], Awaitable[None]]
"""Sends an edition's snapshot (JSON) to dashboards."""

_encoder = msgspec.json.Encoder()


class Frame(NamedTuple):
    """A snapshot in the forms it leaves in: JSON with its entity tag, and a server-sent event."""

    body: bytes
    etag: str
    event: bytes


class Channel:
    """One edition's snapshots on their way out."""

    def __init__(self, edition: str, publish: Publish, pause_s: float = PUBLISH_S) -> None:
        self.edition = edition
        self.shown: Frame | None = None
        self._offered: TallySnapshot | None = None
        self._publish = publish
        self._pause_s = pause_s
        self._changed = asyncio.Event()
        self._readers: set[asyncio.Event] = set()
        self._open = metrics.READERS.labels("tally")

    def offer(self, snapshot: TallySnapshot) -> None:
        """Let this out next, unless it says what was let out already."""
        if self._offered is None or replace(snapshot, time=self._offered.time) != self._offered:
            self._offered = snapshot
            self._changed.set()

    @contextmanager
    def reader(self) -> Iterator[asyncio.Event]:
        """An event that is set when there is something new; raises `Overloaded` above the limit."""
        if len(self._readers) >= MAX_READERS:
            raise Overloaded(f"{MAX_READERS} streams are open already")
        wake = asyncio.Event()
        self._readers.add(wake)
        self._open.inc()
        try:
            yield wake
        finally:
            self._readers.discard(wake)
            self._open.dec()

    def wake_readers(self) -> None:
        """Have every reader look up."""
        for wake in self._readers:
            wake.set()

    async def run(self) -> None:
        """Let out what is offered, until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._changed.wait()
            self._changed.clear()
            began = clock()
            if self._offered is not None:
                self.shown = _frame(self._offered)
                self.wake_readers()
                await self._publish(self.edition, self.shown.body)
            await asyncio.sleep(self._pause_s - (clock() - began))


class Board:
    """The channels of all editions that are followed."""

    def __init__(self) -> None:
        self.complete = False
        """Whether all editions that there are have been added, once."""
        self._channels: dict[str, Channel] = {}

    def add(self, channel: Channel) -> None:
        """Show one more edition."""
        self._channels[channel.edition] = channel

    def channel(self, edition: str) -> Channel:
        """Raises `UnknownEdition`, or `StoreUnavailable` while nothing is known of it yet."""
        channel = self._channels.get(edition)
        if channel is None and not self.complete:
            raise StoreUnavailable("the list of editions has not been read yet")
        if channel is None:
            raise UnknownEdition(f"no log of an edition {edition!r} is being counted")
        if channel.shown is None:
            raise StoreUnavailable(f"the tally of {edition!r} is being loaded")
        return channel

    def wake_readers(self) -> None:
        """Have every reader of every channel look up."""
        for channel in self._channels.values():
            channel.wake_readers()


def _frame(snapshot: TallySnapshot) -> Frame:
    body = _encoder.encode(snapshot)
    stamp = int(snapshot.time.timestamp() * 1000)
    return Frame(
        body, f'"{snapshot.size}-{stamp}"', b"id: %d\ndata: %s\n\n" % (snapshot.size, body)
    )
