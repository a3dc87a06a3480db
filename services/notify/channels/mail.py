"""The text of one e-mail, written by hand because it is written tens of thousands of times.

Plain text in UTF-8, transported as base64, so that no line is too long, none begins with a dot and
no server has to know 8BITMIME. Follows RFC 5322 (headers), RFC 2047 (encoded words), RFC 2045
(body), RFC 3834 (Auto-Submitted), RFC 2369 and RFC 8058 (leaving by one click). What could start a
header of its own is refused, never repaired. Left out: HTML, attachments, addresses beyond ASCII
(SMTPUTF8), and DKIM, which is the mail server's to sign.
"""

import re
from base64 import b64encode, encodebytes
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from services.notify.channels.channel import Message

MAX_SUBJECT: Final = 500
MAX_TEXT: Final = 100_000
MAX_ID: Final = 200
MAX_LEAVE_URL: Final = 900
"""A header line may have 998 characters (RFC 5322, 2.1.1)."""

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"(?=.{{3,254}}\Z){_ATOM}(?:\.{_ATOM})*@({_LABEL}(?:\.{_LABEL})*)\Z")
_LEAVE_URL: Final = re.compile(r"https?://[!-;=?-~]+\Z")  # no space, control or angle bracket
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_SUBJECT: Final = re.compile(r"(?!.*=\?)[!-~](?:[ -~]{0,64}[!-~])?\Z")
_LANGUAGE: Final = {"zh": "zh-CN", "en": "en"}
_WORD_BYTES: Final = 45
"""45 bytes are 60 characters of base64: an encoded word of 72, below the 75 allowed."""


class BadMail(Exception):
    """The message cannot become an e-mail; the text says which part, without its value."""


class Sender(Struct, frozen=True):
    """Who the mails are from: the address, and a name shown beside it (may be empty)."""

    address: str
    name: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def is_address(text: str) -> bool:
    """Whether `text` is a mailbox `local@domain` in ASCII, unquoted (a dot-atom of RFC 5322)."""
    return _ADDRESS.match(text) is not None


def sender_header(sender: Sender) -> str:
    """The value of From; raises `BadMail`."""
    if not is_address(sender.address):
        raise BadMail("the sender is not an e-mail address")
    if _CONTROL.search(sender.name):
        raise BadMail("the sender's name has a control character")
    if not sender.name:
        return sender.address
    return f"{encoded_words(sender.name)} <{sender.address}>"


def mail_bytes(message: Message, from_header: str, domain: str, date: str) -> bytes:
    """The mail as sent after DATA, without the final dot; raises `BadMail`.

    `from_header` as `sender_header` gives it, `date` as RFC 5322 has it. Every line ends with CRLF
    and none begins with a dot.
    """
    _check(message)
    lines = [
        f"From: {from_header}",
        f"To: {message.to}",
        f"Subject: {_subject(message.subject)}",
        f"Date: {date}",
        f"Message-ID: <{quote(message.id, safe='')}@{domain}>",
        "Auto-Submitted: auto-generated",
        *_leaving(message.leave_url),
        "MIME-Version: 1.0",
        f"Content-Language: {_LANGUAGE[message.language]}",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        "",
    ]
    text = message.text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    return "\r\n".join(lines).encode("ascii") + encodebytes(text).replace(b"\n", b"\r\n")


def encoded_words(text: str) -> str:
    """`text` as encoded words in UTF-8 and base64, folded one a line (RFC 2047, section 2)."""
    words = []
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > _WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{b64encode(word).decode()}?=" for word in words)


def _subject(subject: str) -> str:
    return subject if _PLAIN_SUBJECT.match(subject) else encoded_words(subject)


def _leaving(url: str | None) -> tuple[str, ...]:
    if url is None:
        return ()
    if url.startswith("https:"):
        return (
            f"List-Unsubscribe: <{url}>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        )
    return (f"List-Unsubscribe: <{url}>",)  # RFC 8058 allows one click over https only


def _check(message: Message) -> None:
    if not is_address(message.to):
        raise BadMail("the recipient is not an e-mail address")
    if not 1 <= len(message.id) <= MAX_ID:
        raise BadMail(f"the message id is empty or has more than {MAX_ID} characters")
    if len(message.subject) > MAX_SUBJECT or _CONTROL.search(message.subject):
        raise BadMail(f"the subject has a control character or more than {MAX_SUBJECT} characters")
    if len(message.text) > MAX_TEXT:
        raise BadMail(f"the text has more than {MAX_TEXT} characters")
    if message.leave_url is not None and not (
        len(message.leave_url) <= MAX_LEAVE_URL and _LEAVE_URL.match(message.leave_url)
    ):
        raise BadMail("the link for leaving is no http(s) URL, or too long")
