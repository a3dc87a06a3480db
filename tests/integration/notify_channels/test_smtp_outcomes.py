"""What a mail server may do to one mail, and what the channel makes of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.notify.channels.channel import Accepted, Rejected, Retry, Unknown
from services.notify.channels.smtp import SmtpChannel, SmtpSettings, open_smtp
from tests.integration.notify_channels.mail_server import MailServer, open_mail_server
from tests.integration.notify_channels.messages import PERSON, message, reason


def settings(server: MailServer, **changes: Any) -> SmtpSettings:
    defaults: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "sender": "vote@example.org",
        "sender_name": "惠民投票",
        "tls": "none",
    }
    return SmtpSettings(**(defaults | changes))


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with open_mail_server() as running:
        yield running


@pytest.fixture
async def channel(server: MailServer) -> AsyncIterator[SmtpChannel]:
    async with open_smtp(settings(server, connections=2)) as opened:
        yield opened


class TestTheMail:
    async def test_arrives_whole(self, server: MailServer, channel: SmtpChannel) -> None:
        """A mail that the server takes over is accepted, and another implementation reads it."""
        assert await channel.send(message()) == Accepted()
        mail = server.parsed()
        assert mail["subject"] == "惠民十大行动：投票今天开始"
        assert mail.get_content().splitlines() == ["您好，", "投票今天开始。", ".", "谢谢。"]
        assert mail["from"].addresses[0].display_name == "惠民投票"

    async def test_goes_to_one_person(self, server: MailServer, channel: SmtpChannel) -> None:
        """The envelope names the sender of the settings and the one recipient."""
        await channel.send(message())
        assert (server.senders, server.recipients) == (["vote@example.org"], [PERSON])

    async def test_with_an_injected_recipient(
        self, server: MailServer, channel: SmtpChannel
    ) -> None:
        """An address that would start a command or header of its own never reaches the server."""
        outcome = await channel.send(message(to="a@example.org\r\nBcc: b@example.org"))
        assert isinstance(outcome, Rejected)
        assert server.sessions == []


class TestARefusal:
    async def test_of_the_recipient_is_final(
        self, server: MailServer, channel: SmtpChannel
    ) -> None:
        """5xx to RCPT: rejected, with the codes but not the address that the server quotes."""
        server.replies["RCPT"] = f"550 5.1.1 <{PERSON}>: no such user"
        outcome = await channel.send(message())
        assert isinstance(outcome, Rejected)
        assert reason(outcome) == "the mail server refused the recipient (550 5.1.1)"

    async def test_of_the_recipient_for_now(self, server: MailServer, channel: SmtpChannel) -> None:
        """4xx to RCPT (greylisting, a full mailbox): retry."""
        server.replies["RCPT"] = "450 4.2.0 greylisted"
        assert isinstance(await channel.send(message()), Retry)

    async def test_of_the_sender(self, server: MailServer, channel: SmtpChannel) -> None:
        """5xx to MAIL is the operator's to mend, so no recipient is given up for it."""
        server.replies["MAIL"] = "553 5.7.1 sender not allowed"
        outcome = await channel.send(message())
        assert isinstance(outcome, Retry)
        assert outcome.after_s >= 60

    @pytest.mark.parametrize("step", ["DATA", "content"])
    async def test_of_the_mail_is_final(
        self, server: MailServer, channel: SmtpChannel, step: str
    ) -> None:
        """5xx to DATA or to the mail itself: rejected."""
        server.replies[step] = "554 5.7.1 policy"
        assert isinstance(await channel.send(message()), Rejected)

    @pytest.mark.parametrize("step", ["DATA", "content"])
    async def test_of_the_mail_for_now(
        self, server: MailServer, channel: SmtpChannel, step: str
    ) -> None:
        """4xx to DATA or to the mail itself: the server has not taken it, so retry."""
        server.replies[step] = "451 4.3.0 try later"
        assert isinstance(await channel.send(message()), Retry)

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "content"])
    async def test_leaves_the_connection_usable(
        self, server: MailServer, channel: SmtpChannel, step: str
    ) -> None:
        """After a refusal at any step the next mail goes over the same connection."""
        server.replies[step] = "452 4.2.2 full"
        await channel.send(message())
        del server.replies[step]
        assert await channel.send(message(to="next@example.org")) == Accepted()
        assert (server.recipients, len(server.sessions)) == (["next@example.org"], 1)


class TestAnAnswerOutOfTurn:
    @pytest.mark.parametrize(
        ("step", "reply", "outcome"),
        [("RCPT", "354 go on", Retry), ("DATA", "250 OK", Retry), ("content", "354 more", Unknown)],
    )
    async def test_means_that_the_session_is_lost(
        self, server: MailServer, channel: SmtpChannel, step: str, reply: str, outcome: type
    ) -> None:
        """An answer that fits no step is neither yes nor no, and its session is given up."""
        server.replies[step] = reply
        assert isinstance(await channel.send(message()), outcome)
        server.replies.clear()
        assert await channel.send(message(to="next@example.org")) == Accepted()
        assert len(server.sessions) == 2


class TestALostConnection:
    async def test_that_never_was(self, server: MailServer) -> None:
        """Nobody listens: retry."""
        async with open_smtp(settings(server, port=1)) as channel:
            outcome = await channel.send(message())
        assert isinstance(outcome, Retry)
        assert reason(outcome) == "no connection to the mail server"

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    async def test_before_the_mail_was_sent(
        self, server: MailServer, channel: SmtpChannel, step: str
    ) -> None:
        """Lost at any step before the mail itself: retry."""
        server.broken = step
        assert isinstance(await channel.send(message()), Retry)

    async def test_after_the_mail_was_sent(self, server: MailServer, channel: SmtpChannel) -> None:
        """Lost after the end of DATA and before the reply: perhaps sent."""
        server.broken = "content"
        assert isinstance(await channel.send(message()), Unknown)

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    async def test_that_was_kept_open(
        self, server: MailServer, channel: SmtpChannel, step: str
    ) -> None:
        """A kept connection that breaks before the mail is replaced within the same attempt."""
        await channel.send(message())
        server.broken = step
        waiting = asyncio.create_task(channel.send(message(to="next@example.org")))
        await server.sessions_opened(2)
        server.broken = ""
        assert await waiting == Accepted()

    async def test_that_the_server_closed_while_idle(
        self, server: MailServer, channel: SmtpChannel
    ) -> None:
        """A connection closed between two mails costs nothing but a new one."""
        await channel.send(message())
        server.drop_sessions()
        assert await channel.send(message(to="next@example.org")) == Accepted()
        assert len(server.sessions) == 2

    async def test_with_notice(self, server: MailServer, channel: SmtpChannel) -> None:
        """421 on a kept connection: the mail goes over a new one."""
        await channel.send(message())
        server.replies["MAIL"] = "421 4.7.0 too many mails on this connection"
        waiting = asyncio.create_task(channel.send(message(to="next@example.org")))
        await server.sessions_opened(2)
        server.replies.clear()
        assert await waiting == Accepted()


class TestAServerThatHangs:
    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    async def test_before_the_mail_was_sent(self, server: MailServer, step: str) -> None:
        """No answer in time before the mail itself: retry."""
        server.hanging = step
        async with open_smtp(settings(server, timeout_s=0.2)) as channel:
            assert isinstance(await channel.send(message()), Retry)

    async def test_after_the_mail_was_sent(self, server: MailServer) -> None:
        """No answer in time after the end of DATA: perhaps sent."""
        server.hanging = "content"
        async with open_smtp(settings(server, timeout_s=0.2)) as channel:
            assert isinstance(await channel.send(message()), Unknown)

    async def test_is_not_answered_by_the_next_mail(self, server: MailServer) -> None:
        """A connection that timed out is not used again: its late answer is another mail's."""
        server.hanging = "RCPT"
        async with open_smtp(settings(server, timeout_s=0.2)) as channel:
            await channel.send(message())
            server.hanging = ""
            assert await channel.send(message(to="next@example.org")) == Accepted()
        assert len(server.sessions) == 2

    async def test_holds_up_those_who_wait_no_longer_than_agreed(self, server: MailServer) -> None:
        """Waiting for a connection counts into the bound: certainly not sent, so retry."""
        server.hanging = "content"
        async with open_smtp(settings(server, connections=1, timeout_s=0.2)) as channel:
            outcomes = await asyncio.gather(*(channel.send(message()) for _ in range(2)))
        assert [type(outcome) for outcome in outcomes] == [Unknown, Retry]

    async def test_and_a_cancelled_attempt(self, server: MailServer) -> None:
        """Cancelling gives the connection up and does not hide the cancellation."""
        server.hanging = "content"
        async with open_smtp(settings(server)) as channel:
            sending = asyncio.create_task(channel.send(message()))
            await server.sessions_opened(1)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending


class TestThePool:
    async def test_keeps_connections_open(self, server: MailServer, channel: SmtpChannel) -> None:
        """Many mails at once go over no more connections than the settings allow."""
        outcomes = await asyncio.gather(
            *(channel.send(message(to=f"p{n}@example.org")) for n in range(40))
        )
        assert outcomes == [Accepted()] * 40
        assert sorted(server.recipients) == sorted(f"p{n}@example.org" for n in range(40))
        assert len(server.sessions) <= 2

    async def test_renews_connections(self, server: MailServer) -> None:
        """No connection carries more mails than the settings allow."""
        async with open_smtp(settings(server, connections=1, mails_per_connection=2)) as channel:
            for _ in range(5):
                assert await channel.send(message()) == Accepted()
        assert len(server.sessions) == 3
