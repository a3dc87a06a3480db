"""Messages as they leave: the text for people, an SMS template's values, and a webhook's event."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from services.notify.channels.channel import Message
from services.notify.facts import Facts
from services.notify.sms_templates import shortened
from services.notify.wording import Wording, footer, wording
from shared.edition.manifest import Text
from shared.notices.views import Language

CHINA: Final = timezone(timedelta(hours=8))
"""China has one time, UTC+8, all year."""

_json = msgspec.json.Encoder()


class Link(Struct, frozen=True):
    """Where a message leads, whole, and its token alone for a text message's template."""

    url: str
    token: str

    def __repr__(self) -> str:
        """Without what it is a secret to know."""
        return "Link()"


class Addressee(Struct, frozen=True, kw_only=True):
    """Whom a message is for, in the clear: in memory only. `id` is the same for every attempt.

    `leave` is None for an operator's own recipient, `secret` for what is no webhook.
    """

    id: str
    to: str
    language: Language
    leave: Link | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        """Without address, link and secret."""
        return f"Addressee(id={self.id!r})"


class News(Struct, frozen=True, kw_only=True):
    """What a webhook is told; `leave_url` ends the subscription by one POST."""

    edition: str
    title: Text
    url: str
    closes_at: datetime | None
    winners: tuple[Text, ...]
    leave_url: str | None


class ConfirmationNeeded(Struct, frozen=True, kw_only=True):
    """What a webhook is told first: one POST to `confirm_url` begins the subscription."""

    edition: str | None
    confirm_url: str


class Event(Struct, frozen=True, kw_only=True):
    """A webhook's body, in the form of Standard Webhooks; `type` is `huimin.` and the kind."""

    type: str
    timestamp: datetime
    data: News | ConfirmationNeeded


def announcement(facts: Facts, whom: Addressee) -> Message:
    """An announcement for one recipient."""
    subject, text = _announced(facts, whom.language)
    title, leave = _in(whom.language, facts.title), whom.leave
    leave_url = leave.url if leave else None
    return Message(
        id=whom.id,
        to=whom.to,
        language=whom.language,
        kind=facts.milestone,
        subject=subject,
        text=text + footer(whom.language, leave_url) if leave_url else text,
        parameters={"title": shortened(title), "token": leave.token if leave else ""},
        leave_url=leave_url,
        event=_json.encode(_event(facts, leave_url)) if whom.secret else None,
        secret=whom.secret,
    )


def confirmation(edition: str | None, link: Link, asked: datetime, whom: Addressee) -> Message:
    """The request to confirm a subscription."""
    subject_of = Text(zh="所有活动", en="all votes") if edition is None else Text(edition, edition)
    title = _in(whom.language, subject_of)
    subject, text = wording("confirm", whom.language, {"title": title, "confirm_url": link.url})
    event = Event(
        type="huimin.confirm",
        timestamp=asked,
        data=ConfirmationNeeded(edition=edition, confirm_url=link.url),
    )
    return Message(
        id=whom.id,
        to=whom.to,
        language=whom.language,
        kind="confirm",
        subject=subject,
        text=text,
        parameters={"title": shortened(title), "token": link.token},
        event=_json.encode(event) if whom.secret else None,
        secret=whom.secret,
    )


def _event(facts: Facts, leave_url: str | None) -> Event:
    news = News(
        edition=facts.edition,
        title=facts.title,
        url=facts.url,
        closes_at=facts.closes_at,
        winners=facts.winners,
        leave_url=leave_url,
    )
    return Event(type=f"huimin.{facts.milestone}", timestamp=facts.time, data=news)


@lru_cache(maxsize=64)
def _announced(facts: Facts, language: Language) -> Wording:
    """The part that is the same for all who read this language."""
    values = {
        "title": _in(language, facts.title),
        "url": facts.url,
        "initiatives": str(facts.initiatives),
        "seats": str(facts.seats),
        "max_choices": str(facts.max_choices),
        "closes": _closes(facts.closes_at, language),
        "winners": "\n".join(
            f"{place}. {_in(language, winner)}" for place, winner in enumerate(facts.winners, 1)
        ),
    }
    return wording(facts.milestone, language, values)


def _closes(at: datetime | None, language: Language) -> str:
    if at is None:
        return ""
    local = at.astimezone(CHINA)
    if language == "zh":
        return (
            f"投票截止时间: {local.year}年{local.month}月{local.day}日 {local:%H:%M} (北京时间)。"
        )
    return f"It closes on {local.day} {local:%B %Y} at {local:%H:%M} (UTC+8)."


def _in(language: Language, text: Text) -> str:
    return text.zh if language == "zh" else text.en
