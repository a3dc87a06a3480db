"""Messages on their way through the running service and a real mail server that fails."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest
from msgspec.structs import replace

from services.notify import backoff, store
from services.notify.settings import Settings
from tests.editions import EditionBuilder
from tests.integration.notify.stage import (
    BRISK,
    BallotHost,
    add_subscribers,
    open_service,
    states,
    until,
)
from tests.integration.notify_channels.mail_server import MailServer, open_mail_server
from tests.servers import query

READERS = [f"reader{number}@example.org" for number in range(20)]


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server that accepts everything, until a test says otherwise."""
    async with open_mail_server() as server:
        yield server


@pytest.fixture
async def mailing(
    settings: Settings,
    mail_server: MailServer,
    host: BallotHost,
    edition: EditionBuilder,
    admin: str,
) -> Settings:
    """Settings with that server, twenty subscribers, and a shortlist to tell them of."""
    await add_subscribers(admin, settings, READERS)
    edition.publish_shortlist()
    host.show(edition)
    return replace(
        settings,
        smtp_host="127.0.0.1",
        smtp_port=mail_server.port,
        smtp_tls="none",
        smtp_sender="notify@vote.example",
    )


async def test_everyone_gets_one_mail(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder
) -> None:
    """Each subscriber gets one mail."""
    async with open_service(mailing) as service:
        view = await service.announced(edition.edition, "shortlist")
    assert (view.total, view.sent, view.pending) == (20, 20, 0)
    assert Counter(mail_server.recipients) == Counter(READERS)


async def test_mails_offer_to_leave_by_one_click(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder
) -> None:
    """Each mail has the headers of RFC 8058, with a link of its own."""
    async with open_service(replace(mailing, public_url="https://notify.example")) as service:
        await service.announced(edition.edition, "shortlist")
    links = {
        line
        for mail in mail_server.mails
        for line in mail.decode().splitlines()
        if line.startswith("List-Unsubscribe: <https://notify.example/leave/")
    }
    assert len(links) == 20
    assert all(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in m for m in mail_server.mails)


async def test_what_was_not_sent_is_tried_again(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder
) -> None:
    """Mails that a server is too busy for are sent when it is not, once each."""
    mail_server.replies["RCPT"] = "451 4.3.2 busy"
    async with open_service(mailing) as service:
        await until(lambda: _failed(mailing), "nothing was tried")
        mail_server.replies.clear()
        view = await service.announced(edition.edition, "shortlist")
    assert view.sent == 20
    assert Counter(mail_server.recipients) == Counter(READERS)


def _came(server: MailServer, count: int) -> bool:
    return len(server.recipients) >= count


async def _failed(settings: Settings) -> bool:
    return (await states(settings.database_url))["failed"] > 0


async def test_a_refusal_is_a_dead_letter(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder
) -> None:
    """Mails that the server refuses for good are listed with the reason, and without an address."""
    mail_server.replies["RCPT"] = "550 5.1.1 no such mailbox reader1@example.org"
    async with open_service(mailing) as service:
        view = await service.announced(edition.edition, "shortlist")
        trouble = (await service.status()).trouble
    assert (view.dead, len(trouble)) == (20, 20)
    assert {(one.state, one.attempts) for one in trouble} == {("dead", 1)}
    assert "550" in trouble[0].reason
    assert "example.org" not in str(trouble)


async def test_what_never_works_is_given_up(
    mailing: Settings,
    mail_server: MailServer,
    edition: EditionBuilder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the last attempt a mail is a dead letter."""
    monkeypatch.setattr(backoff, "MAX_ATTEMPTS", 2)
    monkeypatch.setattr(backoff, "RESTS_AFTER", 10**6)
    mail_server.replies["RCPT"] = "451 4.3.2 busy"
    async with open_service(mailing) as service:
        view = await service.announced(edition.edition, "shortlist")
        trouble = (await service.status()).trouble
    assert (view.dead, trouble[0].attempts) == (20, 2)


async def test_a_lost_reply_is_unknown(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder
) -> None:
    """Mails whose reply was lost are listed as unknown and not sent again."""
    mail_server.broken = "content"
    async with open_service(mailing) as service:
        view = await service.announced(edition.edition, "shortlist")
        mail_server.broken = ""
        await asyncio.sleep(5 * BRISK.poll_s)
        trouble = (await service.status()).trouble
    assert (view.unknown, {one.state for one in trouble}) == (20, {"unknown"})
    assert mail_server.recipients == []


async def test_an_orderly_stop_leaves_nothing_unknown(
    mailing: Settings, mail_server: MailServer, admin: str
) -> None:
    """A service that is told to stop finishes and records what is under way, and begins no more."""
    slow = replace(mailing, smtp_rate=4.0)
    async with open_service(slow):
        await until(lambda: len(mail_server.recipients) >= 3, "nothing was sent")
    found = await states(admin)
    assert found["sent"] == len(mail_server.recipients) < 20
    assert (found["sending"], found["unknown"]) == (0, 0)


async def test_two_processes_tell_nobody_twice(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder
) -> None:
    """Two services with one database announce a milestone once and share its mails."""
    async with open_service(mailing) as first, open_service(mailing):
        await first.announced(edition.edition, "shortlist")
    assert Counter(mail_server.recipients) == Counter(READERS)


async def test_a_database_that_was_away_tells_nobody_twice(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder, admin: str
) -> None:
    """When the service's connections are cut again and again, all mails go out once."""
    async with open_service(replace(mailing, smtp_rate=4.0)) as service:
        for count in (2, 6, 12):
            await until(partial(_came, mail_server, count), "it stopped")
            query(
                admin,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'huimin_notify'",
            )
        view = await service.announced(edition.edition, "shortlist")
    assert view.sent + view.unknown == 20
    assert max(Counter(mail_server.recipients).values()) == 1
    assert len(mail_server.recipients) >= view.sent


async def test_an_address_sealed_under_another_key_is_dead(
    mailing: Settings, edition: EditionBuilder, mail_server: MailServer
) -> None:
    """With another key than before no address can be read, and the desk is told why."""
    other = replace(mailing, key="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    async with open_service(other) as service:
        view = await service.announced(edition.edition, "shortlist")
        trouble = (await service.status()).trouble
    assert (view.dead, trouble[0].reason) == (20, "the address was sealed under another key")


async def test_who_leaves_meanwhile_is_not_written_to(
    mailing: Settings, mail_server: MailServer, edition: EditionBuilder, admin: str
) -> None:
    """Someone who leaves while an announcement goes out slowly gets none of it."""
    pool = await store.open_pool(admin)
    async with open_service(replace(mailing, smtp_rate=2.0)) as service:
        await until(lambda: bool(mail_server.recipients), "nothing was sent")
        for row in await pool.fetch("SELECT recipient FROM subscriptions"):
            await store.leave(pool, row["recipient"])
        view = await service.announced(edition.edition, "shortlist")
    await pool.close()
    assert view.sent == view.total == len(mail_server.recipients) < 20
