"""Subscriptions, the operator's view of what goes out, and the development inbox, as JSON.

Bounds here are those of honest input; they are checked while decoding.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.edition.manifest import Count, EditionId, Timestamp

ChannelName = Literal["email", "sms", "webhook", "apprise"]
"""The ways to reach people. `apprise` is for operators, by settings alone."""

Language = Literal["zh", "en"]

MilestoneName = Literal["shortlist", "opening", "reminder", "result"]
"""What is announced: the shortlist, the opening, one day before the close, and the result."""


class SubscriptionRequest(Struct, frozen=True, kw_only=True):
    """Hear of an edition's milestones, or of all editions' (`edition` null).

    `address` is an e-mail address, a phone number or the URL of a webhook.
    """

    edition: EditionId | None = None
    channel: Literal["email", "sms", "webhook"]
    address: Annotated[str, Meta(min_length=1, max_length=2000)]
    language: Language = "zh"

    def __repr__(self) -> str:
        """Without the address."""
        return f"SubscriptionRequest(channel={self.channel!r})"


class SubscriptionAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The same for every address: a message asks to confirm, and nothing is sent before that.

    `secret` comes with a webhook, this once: what is sent to it is signed with it (Standard
    Webhooks).
    """

    status: Literal["confirmation-needed"]
    next: str
    next_zh: str
    secret: str | None = None

    def __repr__(self) -> str:
        """Without the secret."""
        return "SubscriptionAnswer()"


class AnnouncementView(Struct, frozen=True, kw_only=True):
    """How far one announcement is; `total` is the sum of the five that follow.

    Of a milestone that was `skipped` nobody is told; `reason` says why, and is empty for others.
    `pending` are still to be sent, and `failed` those of them that were tried before. `unknown`
    were perhaps sent and are not sent again. `rate` is in messages a second of late; `eta_s` None
    when nothing moves or nothing is left.
    """

    edition: str
    milestone: MilestoneName
    time: Timestamp
    skipped: bool
    total: Count
    sent: Count
    pending: Count
    failed: Count
    unknown: Count
    dead: Count
    finished: bool
    rate: float
    eta_s: int | None
    reason: str = ""


class Trouble(Struct, frozen=True, kw_only=True):
    """A message that was not sent (`dead`), or perhaps (`unknown`), and why; never to whom."""

    delivery: int
    channel: ChannelName
    kind: str
    edition: str | None
    state: Literal["dead", "unknown"]
    reason: str
    attempts: int
    time: Timestamp


class ChannelView(Struct, frozen=True, kw_only=True):
    """A channel: what carries it, confirmed subscriptions, and whether it is working now."""

    channel: ChannelName
    carrier: str
    subscriptions: Count
    working: bool


class NotifyStatus(Struct, frozen=True, kw_only=True):
    """What goes out: the newest announcements first, and the newest messages in trouble."""

    announcements: tuple[AnnouncementView, ...]
    channels: tuple[ChannelView, ...]
    trouble: tuple[Trouble, ...]


class InboxMessage(Struct, frozen=True, kw_only=True):
    """A message that the development inbox holds in place of a provider."""

    id: str
    channel: str
    to: str
    kind: str
    subject: str
    text: str
    parameters: dict[str, str]
    at: Timestamp

    def __repr__(self) -> str:
        """Without recipient and contents."""
        return f"InboxMessage(id={self.id!r}, kind={self.kind!r})"
