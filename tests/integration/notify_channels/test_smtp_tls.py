"""How the channel and a mail server come to trust each other."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.notify.channels.channel import Accepted, Outcome, Retry
from services.notify.channels.smtp import SmtpSettings, open_smtp
from shared.service.settings import BadSettings
from tests.integration.notify_channels.certificates import server_context
from tests.integration.notify_channels.mail_server import MailServer, open_mail_server
from tests.integration.notify_channels.messages import message, reason

PASSWORD = "correct horse battery"  # noqa: S105 - the test server's


async def send_one(server: MailServer, **changes: Any) -> Outcome:
    basis = SmtpSettings(host="localhost", port=server.port, sender="vote@example.org")
    async with open_smtp(msgspec.structs.replace(basis, **changes)) as channel:
        return await channel.send(message())


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    return str(tmp_path / "ca.pem")


async def test_starttls_is_the_default(tmp_path: Path, ca_file: str) -> None:
    """With a certificate of a trusted CA the mail goes over STARTTLS."""
    async with open_mail_server(starttls=server_context(tmp_path)) as server:
        assert await send_one(server, ca_file=ca_file) == Accepted()
        assert server.encrypted == [True]


async def test_tls_from_the_start(tmp_path: Path, ca_file: str) -> None:
    """With `tls="tls"` the first byte is TLS already."""
    async with open_mail_server(tls=server_context(tmp_path)) as server:
        assert await send_one(server, tls="tls", ca_file=ca_file) == Accepted()
        assert server.encrypted == [True]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_certificate_of_nobody_known(tmp_path: Path, mode: str) -> None:
    """A certificate that the system's store does not vouch for: nothing is sent, retry."""
    context = server_context(tmp_path)
    listening = {mode: context}
    async with open_mail_server(**listening) as server:
        outcome = await send_one(server, tls=mode)
        assert isinstance(outcome, Retry)
        assert "certificate" in reason(outcome)
        assert server.mails == []


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_certificate_of_another_host(tmp_path: Path, ca_file: str, mode: str) -> None:
    """A trusted certificate for another name: nothing is sent, retry."""
    context = server_context(tmp_path, name="mail.example.net")
    listening = {mode: context}
    async with open_mail_server(**listening) as server:
        outcome = await send_one(server, tls=mode, ca_file=ca_file)
        assert isinstance(outcome, Retry)
        assert "certificate" in reason(outcome)
        assert server.mails == []


async def test_a_server_without_starttls() -> None:
    """A server that offers no STARTTLS gets no mail: somebody may have taken the offer out."""
    async with open_mail_server() as server:
        outcome = await send_one(server)
        assert isinstance(outcome, Retry)
        assert "STARTTLS" in reason(outcome)
        assert server.mails == []


async def test_a_login(tmp_path: Path, ca_file: str) -> None:
    """A server that asks for a login gets the one of the settings."""
    async with open_mail_server(starttls=server_context(tmp_path)) as server:
        server.password = PASSWORD.encode()
        login = {"username": "huimin", "password": PASSWORD}
        assert await send_one(server, ca_file=ca_file, **login) == Accepted()
        assert server.logins == [b"huimin"]


async def test_a_refused_login(tmp_path: Path, ca_file: str) -> None:
    """A wrong password is the operator's to mend: retry later, the password not named."""
    async with open_mail_server(starttls=server_context(tmp_path)) as server:
        server.password = b"another"
        outcome = await send_one(server, ca_file=ca_file, username="huimin", password=PASSWORD)
        assert isinstance(outcome, Retry)
        assert outcome.after_s >= 60
        assert reason(outcome) == "the mail server refused the login (535)"


async def test_a_password_in_clear() -> None:
    """A password without TLS is refused before anything is sent."""
    async with open_mail_server() as server:
        with pytest.raises(BadSettings, match="password"):
            await send_one(server, tls="none", username="huimin", password=PASSWORD)


async def test_a_ca_file_that_is_not_there(tmp_path: Path) -> None:
    """A CA file that cannot be read is an error of the settings, not a wider trust."""
    async with open_mail_server() as server:
        with pytest.raises(BadSettings, match="CA file"):
            await send_one(server, ca_file=str(tmp_path / "none.pem"))


def test_the_password_is_not_printed() -> None:
    """The settings' repr shows no password."""
    settings = SmtpSettings(host="localhost", sender="a@example.org", password=PASSWORD)
    assert PASSWORD not in repr(settings)
