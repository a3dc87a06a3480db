"""The message that most tests of the channels send, and what no reason may quote."""

from typing import Any

import msgspec

from services.notify.channels.channel import (
    Message,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)

PERSON = "li.hua@example.org"
NUMBER = "+8613800138000"
CODE = "482913"
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"


def message(**changes: Any) -> Message:
    """A message in Chinese to `PERSON`, with `changes`."""
    basis = Message(
        id="edition-2026.opening.17",
        to=PERSON,
        language="zh",
        kind="code",
        subject="惠民十大行动：投票今天开始",
        text="您好，\n投票今天开始。\n.\n谢谢。\n",
        parameters={"code": CODE, "minutes": "5"},
        leave_url="https://vote.example.org/leave/abc",
        event=b'{"type":"opening"}',
        secret=SECRET,
    )
    return msgspec.structs.replace(basis, **changes)


def reason(outcome: Outcome) -> str:
    """The outcome's reason, which must not quote whom the message was for or what it said."""
    assert isinstance(outcome, Rejected | Undeliverable | Retry | Unknown)
    for private in (PERSON, NUMBER, NUMBER[1:], NUMBER[3:], CODE, SECRET, "li.hua"):
        assert private not in outcome.reason
    return outcome.reason
