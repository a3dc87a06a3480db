"""One session with a mail server, and how the outcome follows from where a mail breaks off.

Until the line that ends DATA is written a mail was certainly not sent; from then until the reply it
was perhaps sent. Follows RFC 5321, with STARTTLS (RFC 3207) or TLS from the start (RFC 8314).
"""

import asyncio
import re
import ssl
from typing import Final, Literal, cast

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.response import SMTPResponse

from services.notify.channels.channel import Accepted, Outcome, Rejected, Retry, Unknown

OPERATOR_RETRY_S: Final = 60.0
"""Wait after a fault that somebody has to mend: login, certificate, sender refused."""

QUIT_TIMEOUT_S: Final = 2.0

_CLOSING: Final = 421
_ENHANCED_CODE: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")


class NoSession(Exception):
    """No session came about; `after_s`: how long it is likely to stay so."""

    def __init__(self, reason: str, after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Attempt:
    """One mail on its way, and how far it got."""

    def __init__(self, sender: bytes, recipient: bytes, content: bytes) -> None:
        self.sender = sender
        self.recipient = recipient
        self.content = content
        self.handed_over = False
        self.session_was_stale = False

    def broken(self, why: str) -> Retry | Unknown:
        """What became of a mail whose connection ended or whose time was up."""
        if self.handed_over:
            return Unknown(f"{why} after the whole mail was sent")
        return Retry(f"{why} before the mail was sent")


class Session:
    """An SMTP session after its greeting, and for how many mails it has been used."""

    def __init__(self, client: SMTP) -> None:
        self.mails = 0
        self._client = client
        self._mail_open = False

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def transact(self, attempt: Attempt) -> Outcome:
        """The commands of one mail; raises `SMTPException` or `OSError` when the session breaks."""
        self.mails += 1
        first = self.mails == 1
        try:
            refusal = await self._envelope(attempt)
        except (SMTPServerDisconnected, OSError):
            attempt.session_was_stale = not first
            raise
        if refusal is not None:
            attempt.session_was_stale = not first and refusal.code == _CLOSING
            return _outcome(refusal)
        return _outcome(await self._content(attempt))

    async def _envelope(self, attempt: Attempt) -> "_Refusal | None":
        """Everything up to the server's word to go on; what it refused otherwise."""
        if self._mail_open:
            await self._client.execute_command(b"RSET")
        self._mail_open = True
        for step, command in (
            ("sender", b"MAIL FROM:<" + attempt.sender + b">"),
            ("recipient", b"RCPT TO:<" + attempt.recipient + b">"),
            ("mail", b"DATA"),
        ):
            reply = await self._client.execute_command(command)
            if _is_no(reply, agreed=3 if step == "mail" else 2):
                return _Refusal(step, reply)
        return None

    async def _content(self, attempt: Attempt) -> "_Refusal | None":
        protocol = self._client.protocol
        if protocol is None:
            raise SMTPServerDisconnected("closed before the content")
        protocol.write(attempt.content + b".\r\n")
        attempt.handed_over = True
        reply = await protocol.read_response()
        self._mail_open = False
        return _Refusal("mail", reply) if _is_no(reply, agreed=2) else None

    async def quit(self) -> None:
        if not self.is_open:
            return
        try:
            async with asyncio.timeout(QUIT_TIMEOUT_S):
                await self._client.quit()
        except (SMTPException, OSError):  # it was to end anyway; a timeout is an OSError
            self.abort()

    def abort(self) -> None:
        """End the connection without waiting for what is still to be written."""
        if self._client.transport is not None:
            cast("asyncio.WriteTransport", self._client.transport).abort()
        self._client.close()


async def connect(
    host: str,
    port: int,
    *,
    tls: Literal["starttls", "tls", "none"],
    tls_context: ssl.SSLContext | None,
    login: tuple[str, str] | None,
    own_name: str,
) -> Session:
    """A session after greeting, TLS and login; raises `NoSession`. The caller bounds the time."""
    username, password = login or (None, None)
    client = SMTP(
        hostname=host,
        port=port,
        username=username,
        password=password,
        local_hostname=own_name,
        timeout=None,
        use_tls=tls == "tls",
        start_tls=tls == "starttls",
        tls_context=tls_context,
    )
    try:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
    except (SMTPException, OSError) as error:
        client.close()
        raise _no_session(error) from error
    return Session(client)


class _Refusal:
    """The server's no to one step of a mail."""

    def __init__(self, step: str, reply: SMTPResponse) -> None:
        self.step = step
        self.code = reply.code
        # The text of a reply often quotes the address: only its enhanced status code is kept.
        enhanced = _ENHANCED_CODE.match(reply.message)
        code = f"{reply.code} {enhanced[0]}" if enhanced else f"{reply.code}"
        self.reason = f"the mail server refused the {step} ({code})"


def _is_no(reply: SMTPResponse, *, agreed: int) -> bool:
    """Whether a reply refuses; one that neither agrees nor refuses means that we lost step."""
    if reply.code // 100 in (4, 5):
        return True
    if reply.code // 100 != agreed:
        raise SMTPResponseException(reply.code, "out of turn")
    return False


def _outcome(refusal: _Refusal | None) -> Outcome:
    if refusal is None:
        return Accepted()
    if refusal.step == "sender" and refusal.code >= 500:
        return Retry(refusal.reason, OPERATOR_RETRY_S)  # not this recipient's fault
    if refusal.code >= 500:
        return Rejected(refusal.reason)
    return Retry(refusal.reason)


def _no_session(error: Exception) -> NoSession:
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    if isinstance(error, SMTPAuthenticationError):
        return NoSession(f"the mail server refused the login ({error.code})", OPERATOR_RETRY_S)
    if isinstance(error, SMTPResponseException):
        return NoSession(f"the mail server refused the session ({error.code})")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NoSession(
            f"the mail server's certificate is not valid ({cause.verify_message})", OPERATOR_RETRY_S
        )
    if isinstance(cause, ssl.SSLError):
        return NoSession("no TLS with the mail server", OPERATOR_RETRY_S)
    if isinstance(error, OSError):
        return NoSession("no connection to the mail server")
    return NoSession("the mail server offers no STARTTLS, or no login", OPERATOR_RETRY_S)
