"""A real SMTP server (aiosmtpd) that keeps what it is sent and fails where a test says.

It runs in the test's own event loop. `replies` overrides its answer to a step, `broken` names the
step at which it drops the connection, `hanging` the step at which it says nothing more. Steps are
"MAIL", "RCPT", "DATA" (the command) and "content" (the whole mail).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class MailServer:
    """What the server was sent, and what it is to do next."""

    def __init__(self) -> None:
        self.port = 0
        self.replies: dict[str, str] = {}
        self.broken = ""
        self.hanging = ""
        self.password = b""
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.logins: list[bytes] = []
        self.sessions: list[Connection] = []
        self.encrypted: list[bool] = []
        self.session_opened = asyncio.Event()

    async def sessions_opened(self, count: int) -> None:
        """Wait until so many sessions were opened."""
        async with asyncio.timeout(10):
            while len(self.sessions) < count:
                self.session_opened.clear()
                await self.session_opened.wait()

    def parsed(self) -> EmailMessage:
        """The only mail that came, as another implementation reads it."""
        (mail,) = self.mails
        message = BytesParser(policy=default).parsebytes(mail)
        assert isinstance(message, EmailMessage)
        return message

    def drop_sessions(self) -> None:
        for session in self.sessions:
            if session.transport is not None:
                session.transport.close()

    async def step(self, name: str, session: "Connection") -> str | None:
        """The answer that the test asked for at this step, if any."""
        if self.broken == name:
            cast("asyncio.WriteTransport", session.transport).abort()
            await asyncio.Event().wait()
        if self.hanging == name:
            await asyncio.Event().wait()
        return self.replies.get(name)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: "Connection", _s: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        reply = await self.step("MAIL", server)
        if reply is None:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: "Connection", _s: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        reply = await self.step("RCPT", server)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: "Connection", _s: Session, envelope: Envelope
    ) -> str:
        reply = await self.step("content", server)
        if reply is None:
            assert isinstance(envelope.content, bytes)
            self.mails.append(envelope.content)
            self.recipients.extend(envelope.rcpt_tos)
            self.senders.append(envelope.mail_from or "")
            assert server.transport is not None
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return reply or "250 2.0.0 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == self.password, handled=False)


class Connection(SMTP):
    """One session, which asks its server what to do at the command DATA as well."""

    def __init__(self, server: MailServer, **options: Any) -> None:
        super().__init__(server, hostname="localhost", **options)
        self._mail_server = server
        server.sessions.append(self)
        server.session_opened.set()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        reply = await self._mail_server.step("DATA", self)
        if reply is not None:
            await self.push(reply)
        else:
            await super().smtp_DATA(arg)


@asynccontextmanager
async def open_mail_server(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """The server on a free port of 127.0.0.1; it asks for a login once `password` is set."""
    server = MailServer()

    def connection() -> Connection:
        return Connection(
            server,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=server.authenticate,
            auth_required=bool(server.password),
            auth_require_tls=starttls is not None,
        )

    listener = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.drop_sessions()
        await listener.wait_closed()
