"""Kill -9 of the service while an announcement goes out, again and again: nobody hears twice.

The mail server is a real one and outlives the service; what it was handed is compared with what the
database says in the end.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping

import asyncpg
import pytest
from msgspec.structs import replace

from services.notify.settings import Settings, identity
from services.notify.vault import Vault
from tests.editions import EditionBuilder
from tests.integration.notify.stage import BallotHost, add_subscribers, started, states, until
from tests.integration.notify_channels.mail_server import MailServer, open_mail_server

SUBSCRIBERS = 1000
KILLS = 6
WAITING = ("pending", "sending", "failed")


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A mail server that accepts everything."""
    async with open_mail_server() as server:
        yield server


@pytest.fixture
def mailing(settings: Settings, mail_server: MailServer) -> Settings:
    """Settings that send mail to that server."""
    return replace(
        settings,
        smtp_host="127.0.0.1",
        smtp_port=mail_server.port,
        smtp_tls="none",
        smtp_sender="notify@vote.example",
        inbox=False,
    )


async def test_kills_at_any_point_tell_nobody_twice(
    mailing: Settings,
    mail_server: MailServer,
    host: BallotHost,
    edition: EditionBuilder,
    admin: str,
) -> None:
    """Each of a thousand subscribers got exactly one message, or is listed as unknown."""
    addresses = [f"reader{number}@example.org" for number in range(SUBSCRIBERS)]
    await add_subscribers(admin, mailing, addresses)
    edition.publish_shortlist()
    host.show(edition)
    chance = random.Random()
    for kill in range(KILLS):
        early = kill % 4 == 0
        await (_kill_early if early else _kill_while_sending)(mailing, mail_server, chance)
    async with started(mailing):
        await until(lambda: _all_done(admin), "it did not come to an end")
    got, listed = Counter(mail_server.recipients), await _listed(admin, mailing, addresses)
    assert set(listed) == set(addresses)
    assert not [one for one, state in listed.items() if state == "sent" and got[one] != 1]
    assert not [one for one, state in listed.items() if state == "unknown" and got[one] > 1]
    assert set(listed.values()) == {"sent", "unknown"}, "no kill met a message under way"


async def _kill_early(mailing: Settings, _server: MailServer, chance: random.Random) -> None:
    """Start the service, and kill it while it starts, or claims, or sends its first mails."""
    async with started(mailing) as process:
        await asyncio.sleep(chance.uniform(0.5, 2.5))
        await _kill(process)


async def _kill_while_sending(mailing: Settings, server: MailServer, chance: random.Random) -> None:
    """Start the service, and kill it when it has sent some more."""
    enough = len(server.recipients) + chance.randrange(1, SUBSCRIBERS // (2 * KILLS))
    async with started(mailing) as process:
        await until(lambda: len(server.recipients) >= enough, "nothing was sent")
        await asyncio.sleep(chance.uniform(0, 0.01))
        await _kill(process)


async def _kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def _all_done(admin: str) -> bool:
    found = await states(admin)
    return sum(found.values()) == SUBSCRIBERS and not any(found[state] for state in WAITING)


async def _listed(admin: str, settings: Settings, addresses: list[str]) -> Mapping[str, str]:
    """What the database says of each address."""
    vault = Vault(identity(settings).key)
    by_recipient = {vault.fingerprint("email", one): one for one in addresses}
    connection = await asyncpg.connect(admin)
    rows = await connection.fetch("SELECT recipient, state FROM deliveries")
    await connection.close()
    return {by_recipient[row["recipient"]]: row["state"] for row in rows}
