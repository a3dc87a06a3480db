"""The development inbox: shows what would have been sent, in place of providers.

It keeps the newest messages of this process in memory, and nothing anywhere else. It shows codes to
whoever can reach it, so it is off unless a setting turns it on.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from services.notify.channels.channel import Accepted, Message, Outcome
from shared.notices.views import InboxMessage

CAPACITY: Final = 10_000


class Inbox:
    """The newest messages, by recipient."""

    def __init__(self, now: Callable[[], datetime], capacity: int = CAPACITY) -> None:
        self._now = now
        self._capacity = capacity
        self._all: deque[InboxMessage] = deque()
        self._by_recipient: dict[str, deque[InboxMessage]] = {}

    def put(self, channel: str, message: Message) -> None:
        """Keep a message; the oldest goes when there are too many."""
        kept = InboxMessage(
            id=message.id,
            channel=channel,
            to=message.to,
            kind=message.kind,
            subject=message.subject,
            text=message.text,
            parameters=dict(message.parameters),
            at=self._now(),
        )
        if len(self._all) >= self._capacity:
            self._forget_oldest()
        self._all.append(kept)
        self._by_recipient.setdefault(kept.to, deque()).append(kept)

    def to(self, recipient: str) -> Sequence[InboxMessage]:
        """The messages to one recipient, newest last."""
        return tuple(self._by_recipient.get(recipient, ()))

    def newest(self, limit: int) -> Sequence[InboxMessage]:
        """The newest messages to anyone, newest last."""
        start = max(0, len(self._all) - limit)
        return tuple(self._all[index] for index in range(start, len(self._all)))

    def _forget_oldest(self) -> None:
        oldest = self._all.popleft()
        same = self._by_recipient[oldest.to]
        same.popleft()
        if not same:
            del self._by_recipient[oldest.to]


class InboxChannel:
    """Takes the place of a channel that has no provider."""

    def __init__(self, inbox: Inbox, stands_for: str) -> None:
        self.name = "inbox"
        self._inbox = inbox
        self._stands_for = stands_for

    async def send(self, message: Message) -> Outcome:
        """Keep it; this never fails."""
        self._inbox.put(self._stands_for, message)
        return Accepted()
