"""Webhooks: the event as JSON to a URL that a subscriber gave, signed with the subscriber's secret.

Follows the Standard Webhooks specification, version 1.0.0, with symmetric signatures (`v1`). The
subscriber recognises a repetition by `webhook-id`. Redirects are not followed, of an answer only
the status and Retry-After are looked at, and connections go to public addresses only.
"""

import hmac
import re
import secrets
import time
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import aiohttp
from msgspec import Struct
from yarl import URL

from services.notify.channels.channel import (
    GONE,
    Accepted,
    Message,
    Outcome,
    Rejected,
    Retry,
)
from services.notify.channels.http import Reply, open_session, post
from services.notify.channels.public_address import is_public, public_socket

MAX_URL: Final = 2_000
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with
SECRET_BYTES: Final = 32

_ID: Final = re.compile(r"[A-Za-z0-9_:-]{1,200}\Z")  # no dot: it separates what is signed
_AGAIN: Final = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)


class BadWebhook(Exception):
    """A URL or secret that no webhook can have; the text says why and quotes neither."""


class WebhookSettings(Struct, frozen=True, kw_only=True):
    """`allow_private` admits http and every address: for development, never for strangers' URLs."""

    allow_private: bool = False
    timeout_s: float = 15.0


class WebhookChannel:
    """A channel to any URL; `open_webhook` makes one."""

    name = "webhook"

    def __init__(self, session: aiohttp.ClientSession, settings: WebhookSettings) -> None:
        self._session = session
        self._settings = settings

    async def send(self, message: Message) -> Outcome:
        """One attempt; see `Channel`. `Rejected(GONE)` asks to end the subscription."""
        try:
            url = check_webhook_url(message.to, allow_private=self._settings.allow_private)
            headers, body = _signed(message, int(time.time()))
        except BadWebhook as error:
            return Rejected(str(error))
        # No connection is kept, so none is found closed only after the request was written.
        reply = await post(self._session, url, body, headers, read_answer=False)
        return _outcome(reply) if isinstance(reply, Reply) else reply


@asynccontextmanager
async def open_webhook(settings: WebhookSettings) -> AsyncIterator[WebhookChannel]:
    """The channel; connects for each message anew."""
    connector = aiohttp.TCPConnector(
        force_close=True,
        use_dns_cache=False,
        socket_factory=None if settings.allow_private else public_socket,
    )
    async with open_session(settings.timeout_s, connector) as session:
        yield WebhookChannel(session, settings)


def check_webhook_url(text: str, *, allow_private: bool) -> URL:
    """The URL of a subscription; raises `BadWebhook`.

    Needs no look-up, so it finds private addresses only where the URL spells one out; the others
    are refused when a message is sent.
    """
    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        raise BadWebhook(f"a URL has at most {MAX_URL} characters, without spaces or controls")
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError as error:
        raise BadWebhook("not a URL") from error
    if url.scheme not in (("https", "http") if allow_private else ("https",)) or not host:
        raise BadWebhook("a webhook's URL begins with https:// and names a host")
    if url.user is not None or url.password is not None:
        raise BadWebhook("a webhook's URL holds no user name or password: requests are signed")
    if port == 0:
        raise BadWebhook("port 0 is none to connect to")
    if not allow_private and _is_private_literal(host):
        raise BadWebhook("the host's address is not public")
    return url


def new_secret() -> str:
    """A fresh signing secret for one subscription: `whsec_` and base64 of 32 random bytes."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, time_s: int, body: bytes) -> str:
    """The header webhook-signature: `v1,` and base64 of HMAC-SHA256; raises `BadWebhook`."""
    if not secret.startswith(SECRET_PREFIX):
        raise BadWebhook(f"a signing secret begins with {SECRET_PREFIX}")
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (Base64Error, ValueError) as error:
        raise BadWebhook("the signing secret is not base64") from error
    if not 24 <= len(key) <= 64:
        raise BadWebhook("a signing secret has 24 to 64 bytes")
    signed = f"{message_id}.{time_s}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def _signed(message: Message, time_s: int) -> tuple[dict[str, str], bytes]:
    if message.event is None or message.secret is None:
        raise BadWebhook("the message holds no event, or no secret to sign it with")
    if not _ID.match(message.id):
        raise BadWebhook("the message id is none that a webhook can have")
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(time_s),
        "webhook-signature": signature(message.secret, message.id, time_s, message.event),
    }
    return headers, message.event


def _is_private_literal(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not is_public(host)
    except ValueError:  # a name
        return False


def _outcome(reply: Reply) -> Outcome:
    reason = f"the subscriber answered {reply.status}"
    if 200 <= reply.status < 300:
        return Accepted()
    if reply.status == HTTPStatus.GONE:
        return Rejected(GONE)
    if reply.status in _AGAIN or reply.status >= 500:
        return Retry(reason, reply.retry_after_s)
    return Rejected(reason)
