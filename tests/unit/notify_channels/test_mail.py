"""The text of a mail, read back by the standard library's parser."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.channel import Message
from services.notify.channels.mail import (
    BadMail,
    Sender,
    encoded_words,
    is_address,
    mail_bytes,
    sender_header,
)

DATE = "Mon, 23 Nov 2026 08:00:00 GMT"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
SUBJECTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200
)


def message(**changes: Any) -> Message:
    basis = Message(
        id="m-17",
        to="li.hua@example.org",
        language="zh",
        kind="opening",
        subject="投票今天开始",
        text="您好",
        parameters={},
    )
    return msgspec.structs.replace(basis, **changes)


def written(**changes: Any) -> bytes:
    sender = Sender("vote@example.org", "惠民投票")
    return mail_bytes(message(**changes), sender_header(sender), sender.domain, DATE)


def read(mail: bytes) -> EmailMessage:
    parsed = BytesParser(policy=default).parsebytes(mail)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


class TestHeaders:
    def test_name_the_parties(self) -> None:
        """From has the sender's name and address, To the recipient's address."""
        mail = read(written())
        (sender,) = mail["from"].addresses
        assert (sender.display_name, sender.addr_spec) == ("惠民投票", "vote@example.org")
        assert mail["to"] == "li.hua@example.org"

    def test_identify_the_message(self) -> None:
        """The Message-ID is the same for the same message, in the sender's domain."""
        assert read(written())["message-id"] == "<m-17@example.org>"
        assert written() == written()

    def test_identify_messages_with_unusual_ids(self) -> None:
        """Whatever an id holds, the Message-ID is one word and no header of its own."""
        assert read(written(id="a b>\r\nBcc: x"))["message-id"] == (
            "<a%20b%3E%0D%0ABcc%3A%20x@example.org>"
        )

    def test_say_that_nobody_wrote_it(self) -> None:
        """Auto-Submitted keeps vacation notices from answering (RFC 3834)."""
        assert read(written())["auto-submitted"] == "auto-generated"

    def test_offer_to_leave_by_one_click(self) -> None:
        """With an https link both headers of RFC 8058 are there."""
        mail = read(written(leave_url="https://vote.example.org/leave/abc"))
        assert mail["list-unsubscribe"] == "<https://vote.example.org/leave/abc>"
        assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"

    def test_offer_no_click_over_http(self) -> None:
        """RFC 8058 allows one click over https only; the link itself is still offered."""
        mail = read(written(leave_url="http://127.0.0.1:8110/leave/abc"))
        assert mail["list-unsubscribe"] == "<http://127.0.0.1:8110/leave/abc>"
        assert mail["list-unsubscribe-post"] is None

    def test_offer_nothing_without_a_link(self) -> None:
        """A message that nobody subscribed to (a code) has no header for leaving."""
        assert read(written())["list-unsubscribe"] is None

    def test_say_the_date(self) -> None:
        """Date is the one given."""
        assert read(written())["date"] == DATE.replace("GMT", "+0000")


class TestText:
    @given(TEXTS)
    def test_survives(self, text: str) -> None:
        """Any text arrives as it was, line ends in the network's form."""
        arrived = read(written(text=text)).get_payload(decode=True)
        assert arrived == text.replace("\r\n", "\n").replace("\n", "\r\n").encode()

    @given(TEXTS, SUBJECTS)
    def test_keeps_to_the_lines_of_smtp(self, text: str, subject: str) -> None:
        """Lines end with CRLF, have at most 998 bytes of ASCII, and none begins with a dot."""
        mail = written(text=text, subject=subject)
        assert mail.endswith(b"\r\n")
        assert b"\n" not in mail.replace(b"\r\n", b"")
        assert b"\r" not in mail.replace(b"\r\n", b"")
        for line in mail.split(b"\r\n"):
            assert len(line) <= 998
            assert not line.startswith(b".")
            assert line.isascii()


class TestSubject:
    @given(SUBJECTS)
    def test_survives(self, subject: str) -> None:
        """Any subject without control characters arrives as it was."""
        assert read(written(subject=subject))["subject"] == subject

    @given(SUBJECTS)
    def test_is_folded(self, subject: str) -> None:
        """No encoded word is longer than RFC 2047 allows."""
        assert all(len(word) <= 75 for word in encoded_words(subject).split())

    def test_in_ascii_stays_readable(self) -> None:
        """A short subject in plain ASCII is not encoded."""
        assert b"Subject: Voting opens today\r\n" in written(subject="Voting opens today")

    def test_that_looks_encoded_is_encoded(self) -> None:
        """A subject that imitates an encoded word is shown as written."""
        subject = "=?utf-8?B?aGVsbG8=?="
        assert read(written(subject=subject))["subject"] == subject


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "a@example.org\r\nBcc: b@example.org"},
        {"to": "a@example.org>\r\nDATA"},
        {"to": "a@example.org, b@example.org"},
        {"to": "A <a@example.org>"},
        {"to": "a@example.org "},
        {"to": "a@example.org\n"},
        {"to": '"a b"@example.org'},
        {"to": "a@[127.0.0.1]"},
        {"to": "a@-example.org"},
        {"to": "a..b@example.org"},
        {"to": "李华@example.org"},
        {"to": "example.org"},
        {"to": "a@" + "b" * 300},
        {"to": ""},
        {"subject": "Hello\r\nBcc: b@example.org"},
        {"subject": "Hello\nworld"},
        {"subject": "Hello\x00"},
        {"subject": "Hello\u2028Bcc: x"},
        {"subject": "x" * 501},
        {"text": "x" * 100_001},
        {"leave_url": "https://a.example/\r\nBcc: b@example.org"},
        {"leave_url": "https://a.example/> <https://b.example/"},
        {"leave_url": "javascript:alert(1)"},
        {"leave_url": "https://a.example/" + "x" * 900},
        {"id": ""},
        {"id": "x" * 201},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_could_start_a_header_of_its_own_is_refused(changes: dict[str, str]) -> None:
    """Injections and oversized parts make no mail, and the refusal does not quote them."""
    with pytest.raises(BadMail) as refused:
        written(**changes)
    assert "example" not in str(refused.value)


@pytest.mark.parametrize("address", ["vote", "vote@example.org\r\nBcc: x@example.org", ""])
def test_a_sender_is_an_address(address: str) -> None:
    """A sender that is no address is refused."""
    with pytest.raises(BadMail):
        sender_header(Sender(address, ""))


def test_a_sender_may_not_start_a_header() -> None:
    """A sender's name with a line end is refused."""
    with pytest.raises(BadMail):
        sender_header(Sender("vote@example.org", "惠民\r\nBcc: x@example.org"))


@pytest.mark.parametrize(
    "address", ["a@b", "first.last+vote@mail.example.org", "o'hara@example.org", "a@xn--fiqs8s.cn"]
)
def test_ordinary_addresses_are_addresses(address: str) -> None:
    """Mailboxes as people have them are accepted."""
    assert is_address(address)
