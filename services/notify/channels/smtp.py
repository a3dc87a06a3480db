"""E-mail through one SMTP server, over a few connections that are kept open.

The server's certificate is always verified, and STARTTLS that is asked for but not offered is an
error. One recipient a mail, one attempt a `send`; a kept connection that the server has closed
meanwhile is replaced within the same attempt, as nothing was sent over it.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Final, Literal

from aiosmtplib.errors import SMTPException
from msgspec import Struct

from services.notify.channels.channel import Message, Outcome, Rejected, Retry
from services.notify.channels.mail import BadMail, Sender, mail_bytes, sender_header
from services.notify.channels.smtp_session import Attempt, NoSession, Session, connect
from shared.service.settings import BadSettings

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


class SmtpSettings(Struct, frozen=True, kw_only=True):
    """Where mails go. `tls="none"` sends in clear and allows no password: for a server next door.

    `port` is by default that of the TLS mode. `ca_file` (PEM) replaces the system's certificate
    store. `timeout_s` bounds one `send`, the wait for a free connection included.
    """

    host: str
    sender: str
    sender_name: str = ""
    port: int | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    connections: int = 4
    mails_per_connection: int = 1000
    timeout_s: float = 30.0

    def __repr__(self) -> str:
        return f"SmtpSettings(host={self.host!r}, port={self.port}, tls={self.tls!r})"


class SmtpChannel:
    """A channel over a pool of connections; `open_smtp` makes one."""

    name = "smtp"

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._sender = Sender(settings.sender, settings.sender_name)
        try:
            self._from_header = sender_header(self._sender)
        except BadMail as error:
            raise BadSettings(f"SMTP: {error}") from error
        self._tls = _tls_context(settings)
        self._free = asyncio.Semaphore(settings.connections)
        self._idle: list[Session] = []

    async def send(self, message: Message) -> Outcome:
        """One attempt, of at most `timeout_s` seconds; see `Channel`."""
        try:
            content = mail_bytes(
                message, self._from_header, self._sender.domain, formatdate(usegmt=True)
            )
        except BadMail as error:
            return Rejected(str(error))
        attempt = Attempt(self._sender.address.encode(), message.to.encode(), content)
        try:
            async with asyncio.timeout(self._settings.timeout_s), self._free:
                return await self._deliver(attempt)
        except TimeoutError:
            return attempt.broken("no answer in time")

    async def close(self) -> None:
        """Take leave of the server on all connections that are idle."""
        sessions, self._idle = self._idle, []
        await asyncio.gather(*(session.quit() for session in sessions))

    async def _deliver(self, attempt: Attempt) -> Outcome:
        while session := await self._take_idle():
            outcome = await self._over(session, attempt)
            if not attempt.session_was_stale:
                return outcome
            attempt.session_was_stale = False
        try:
            session = await self._connect()
        except NoSession as error:
            return Retry(str(error), error.after_s)
        return await self._over(session, attempt)

    async def _over(self, session: Session, attempt: Attempt) -> Outcome:
        try:
            outcome = await session.transact(attempt)
        except (SMTPException, OSError):
            session.abort()
            return attempt.broken("the connection was lost")
        except BaseException:  # timed out or cancelled: what comes next on it answers another mail
            session.abort()
            raise
        self._idle.append(session)
        return outcome

    async def _take_idle(self) -> Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.is_open and session.mails < self._settings.mails_per_connection:
                return session
            await session.quit()
        return None

    async def _connect(self) -> Session:
        settings = self._settings
        return await connect(
            settings.host,
            settings.port or _PORTS[settings.tls],
            tls=settings.tls,
            tls_context=self._tls,
            login=(settings.username, settings.password) if settings.username else None,
            own_name=self._sender.domain,
        )


@asynccontextmanager
async def open_smtp(settings: SmtpSettings) -> AsyncIterator[SmtpChannel]:
    """The channel; connects at the first mail. Raises `BadSettings`.

    At the end no `send` may be under way any more.
    """
    channel = SmtpChannel(settings)
    try:
        yield channel
    finally:
        await channel.close()


def _tls_context(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.tls == "none":
        if settings.password:
            raise BadSettings('SMTP: a password needs TLS; tls="none" would send it in clear')
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise BadSettings(f"SMTP: the CA file cannot be read: {type(error).__name__}") from error
