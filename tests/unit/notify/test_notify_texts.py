"""The texts of messages in both languages, and what a webhook is told."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest
from msgspec.structs import replace

from services.notify.channels.channel import Message
from services.notify.composing import Addressee, Link, announcement, confirmation
from services.notify.facts import Facts
from services.notify.sms_templates import PARAMETERS
from shared.edition.manifest import Text
from shared.notices.views import Language, MilestoneName

TIME = datetime(2027, 3, 1, 9, tzinfo=UTC)
FACTS = Facts(
    edition="2027",
    milestone="opening",
    time=TIME,
    title=Text(zh="惠民十大行动", en="Ten actions"),
    url="https://vote.example/2027",
    initiatives=30,
    seats=10,
    max_choices=10,
    expires=TIME,
    closes_at=datetime(2027, 3, 10, 10, tzinfo=UTC),
)


def whom(language: Language = "en", secret: str | None = None) -> Addressee:
    return Addressee(
        id="7",
        to="reader@example.org",
        language=language,
        leave=Link("https://notify.example/leave/x", "x"),
        secret=secret,
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("milestone", ["shortlist", "opening", "reminder", "result"])
def test_every_milestone_has_a_text(milestone: MilestoneName, language: Language) -> None:
    """Each announcement names the edition, its page, and the way to leave; nothing is left open."""
    message = announcement(replace(FACTS, milestone=milestone), whom(language))
    title = FACTS.title.zh if language == "zh" else FACTS.title.en
    assert title in message.subject
    assert all(part in message.text for part in (title, FACTS.url, "/leave/x"))
    assert "$" not in message.subject + message.text


@pytest.mark.parametrize(
    ("language", "closes"),
    [
        ("zh", "投票截止时间: 2027年3月10日 18:00 (北京时间)。"),
        ("en", "It closes on 10 March 2027 at 18:00 (UTC+8)."),
    ],
)
def test_the_close_is_told_in_chinas_time(language: Language, closes: str) -> None:
    """When voting closes is told in the time that people there have."""
    assert closes in announcement(FACTS, whom(language)).text


def test_winners_are_numbered() -> None:
    """The result lists the chosen in their order."""
    winners = (Text(zh="户籍", en="Registration"), Text(zh="诊所", en="Clinic"))
    facts = replace(FACTS, milestone="result", winners=winners)
    assert "1. Registration\n2. Clinic" in announcement(facts, whom()).text


def test_a_title_cannot_start_a_header() -> None:
    """Line breaks in a title do not get into a subject."""
    facts = replace(FACTS, title=Text(zh="题", en="Ten\r\nBcc: all@example.org"))
    assert "\n" not in announcement(facts, whom()).subject


def test_an_operators_recipient_has_nothing_to_leave() -> None:
    """Without a link to leave there is no footer."""
    message = announcement(FACTS, Addressee(id="7", to="json://chat.example", language="en"))
    assert "hear no more" not in message.text


def test_a_webhook_is_told_as_json() -> None:
    """The event has type, time and data, as Standard Webhooks has it."""
    message = announcement(FACTS, whom(secret="whsec_x"))  # noqa: S106 - none
    event = json.loads(message.event or b"")
    assert (event["type"], event["timestamp"]) == ("huimin.opening", "2027-03-01T09:00:00Z")
    assert event["data"]["title"] == {"zh": "惠民十大行动", "en": "Ten actions"}


def test_a_mail_carries_no_event() -> None:
    """What goes to no webhook has no event."""
    assert announcement(FACTS, whom()).event is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_request_to_confirm_has_its_link(language: Language) -> None:
    """The message that asks to confirm holds the link to do it."""
    link = Link("https://notify.example/confirm/x", "x")
    assert link.url in confirmation(None, link, TIME, whom(language)).text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_text_message_is_filled_with_what_is_short(language: Language) -> None:
    """Its parameters are a title in one line, cut to 35 characters, and the token."""
    facts = replace(FACTS, title=Text(zh="很长的\n题目" * 9, en="Ten actions " * 9))
    for message in (announcement(facts, whom(language)), _confirmation_of("e" * 63)):
        assert message.parameters["token"] == "x"  # noqa: S105 - none
        assert len(message.parameters["title"]) == 35
        assert message.parameters["title"].endswith("...")
        assert "\n" not in message.parameters["title"]


def _confirmation_of(edition: str) -> Message:
    return confirmation(edition, Link("https://notify.example/confirm/x", "x"), TIME, whom())


def test_every_kind_has_the_parameters_of_its_template() -> None:
    """What templates may ask for is what messages have."""
    for milestone in get_args(MilestoneName):
        message = announcement(replace(FACTS, milestone=milestone), whom())
        assert set(message.parameters) == set(PARAMETERS[milestone])
    assert set(_confirmation_of("2027").parameters) == set(PARAMETERS["confirm"])


def test_nothing_private_is_shown() -> None:
    """Neither a message nor its addressee shows the address when it is printed."""
    assert "reader" not in f"{whom()!r} {announcement(FACTS, whom())!r}"
