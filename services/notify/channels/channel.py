"""What a channel is given, what it may answer, and the form that all channels share.

A channel hands one message to one provider and says what became of it. It tries once, keeps
nothing, and leaves to its caller when to try again, how fast to send and whom to tell. The five
outcomes differ in what the caller may do next, and in whom they are about: only after `Retry`, and
after an `Undeliverable` that says when, is the same message sent again.
"""

from collections.abc import Mapping
from typing import Final, Literal, Protocol, TypeAlias

from msgspec import Struct

GONE: Final = "gone"
"""The reason of a `Rejected` after which the subscription itself should end (HTTP 410)."""


class Message(Struct, frozen=True, kw_only=True):
    """One message to one recipient, in all the forms that some channel needs.

    `id` is the same however often the message is tried: recipients recognise a repetition by it.
    `to` is an e-mail address, a number in E.164, a webhook's URL or an Apprise URL. `kind` and
    `parameters` name and fill an SMS template; `subject` and `text` are the message for people.
    `leave_url` is where one POST ends the subscription (RFC 8058). `event` is a webhook's JSON
    body, and `secret` what signs it (`whsec_...`).
    """

    id: str
    to: str
    language: Literal["zh", "en"]
    kind: str
    subject: str
    text: str
    parameters: Mapping[str, str]
    leave_url: str | None = None
    event: bytes | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Message(id={self.id!r}, kind={self.kind!r}, language={self.language!r})"


class Accepted(Struct, frozen=True):
    """The provider has taken the message over."""


class Rejected(Struct, frozen=True):
    """The message was not sent, and trying again cannot help."""

    reason: str


class Undeliverable(Struct, frozen=True):
    """The message was certainly not sent, for a reason that lies with its recipient alone.

    It says nothing about the channel and about messages to others. `after_s`: seconds until the
    recipient may have one; None if never.
    """

    reason: str
    after_s: float | None = None


class Retry(Struct, frozen=True):
    """The message was certainly not sent. `after_s`: seconds that the provider asks to wait."""

    reason: str
    after_s: float = 0.0


class Unknown(Struct, frozen=True):
    """The message was perhaps sent: sending it again might tell someone twice."""

    reason: str


Outcome: TypeAlias = Accepted | Rejected | Undeliverable | Retry | Unknown


class Channel(Protocol):
    """A way to reach people. Reasons name no recipient, code or secret, so they may be logged."""

    name: str

    async def send(self, message: Message) -> Outcome:
        """Try once, within a bounded time; the provider's faults are outcomes, not exceptions."""
