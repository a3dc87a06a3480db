"""Milestones of an edition on their way to subscribers, over a real log and database."""

import asyncio
from datetime import UTC, datetime, timedelta

import nats
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from cli.embedded.nats import NatsServer
from services.notify.pace import Pace
from services.notify.settings import Settings
from tests.editions import EditionBuilder
from tests.integration.notify.stage import BRISK, BallotHost, Service, open_service, until
from tests.servers import query, seed_file

WHO = "reader@example.org"


async def test_the_shortlist_is_announced(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """A subscriber hears of the shortlist, with the edition's title and page."""
    await service.confirmed(WHO, language="en")
    edition.publish_shortlist()
    host.show(edition)
    message = (await service.inbox(WHO, 2))[-1]
    assert (message.kind, message.subject) == (
        "shortlist",
        "The shortlist is out: Ten actions for the people",
    )
    assert f"https://live.example/board#{edition.edition}" in message.text


async def test_the_language_is_the_subscribers(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """A subscriber who asked for Chinese is told in Chinese."""
    await service.confirmed(WHO, language="zh")
    edition.publish_shortlist()
    host.show(edition)
    message = (await service.inbox(WHO, 2))[-1]
    assert message.subject == "候选事项已公布：惠民十大行动"


async def test_winners_are_named_from_the_certificate(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """The result names those whom the officers certified in the log, in order."""
    await service.confirmed(WHO, language="en")
    edition.publish_shortlist()
    edition.commit_roll()
    edition.open()
    for number, choice in enumerate(("i02", "i02", "i04")):
        edition.cast(number, [choice])
    edition.finish()
    host.show(edition)
    message = next(one for one in await service.inbox(WHO, 2) if one.kind == "result")
    assert "1. Initiative i02\n2. Initiative i04" in message.text
    assert f"https://live.example/board#{edition.edition}" in message.text


async def test_an_opening_leads_to_the_vote(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """Who hears that voting is open gets the page to vote on."""
    await service.confirmed(WHO)
    edition.publish_shortlist()
    edition.commit_roll()
    edition.open()
    host.show(edition)
    message = next(one for one in await service.inbox(WHO, 2) if one.kind == "opening")
    assert f"https://vote.example/vote#{edition.edition}" in message.text


async def test_without_settings_announcements_lead_to_the_voting_page(
    settings: Settings, host: BallotHost, edition: EditionBuilder
) -> None:
    """It is the ballot service's, which is a page for people."""
    edition.publish_shortlist()
    host.show(edition)
    async with open_service(replace(settings, voting_url="", board_url="")) as service:
        await service.confirmed(WHO, edition=edition.edition)
        edition.commit_roll()
        edition.open()
        host.show(edition)
        message = (await service.inbox(WHO, 2))[-1]
    assert f"{settings.ballot_url}/vote#{edition.edition}" in message.text


async def test_everyone_hears_once(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """Someone who subscribed to the edition and to all editions hears once, as the edition's."""
    await service.confirmed(WHO, language="zh")
    await service.confirmed(WHO, language="en", edition=edition.edition)
    edition.publish_shortlist()
    host.show(edition)
    view = await service.announced(edition.edition, "shortlist")
    message = (await service.inbox(WHO))[-1]
    assert (view.total, message.subject[:8]) == (1, "The shor")


async def test_only_those_of_the_edition_hear(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """Someone who subscribed to another edition hears nothing."""
    await service.confirmed(WHO, edition="another-edition")
    edition.publish_shortlist()
    host.show(edition)
    assert (await service.announced(edition.edition, "shortlist")).total == 0


async def test_a_restart_announces_nothing_again(
    settings: Settings, host: BallotHost, edition: EditionBuilder
) -> None:
    """A milestone that was announced is not announced after a restart."""
    edition.publish_shortlist()
    host.show(edition)
    async with open_service(settings) as service:
        await service.announced(edition.edition, "shortlist")
        await service.confirmed(WHO)
    edition.commit_roll()
    edition.open()
    host.show(edition)
    async with open_service(settings) as service:
        await service.announced(edition.edition, "opening")
        assert [one.kind for one in await service.inbox(WHO)] == ["opening"]


async def test_a_stale_milestone_is_skipped(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """An edition first seen when voting is open has its shortlist recorded as skipped."""
    edition.publish_shortlist()
    edition.commit_roll()
    edition.open()
    host.show(edition)
    await service.announced(edition.edition, "opening")
    view = await service.announced(edition.edition, "shortlist")
    assert (view.skipped, view.total) == (True, 0)


def closing_in(hours: float) -> tuple[EditionBuilder, datetime]:
    """An edition that is open and announced when it will close; and when that is."""
    builder = EditionBuilder("soon-over")
    closes_at = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
    builder.manifest = replace(builder.manifest, closes_at=closes_at)
    builder.prepare()
    return builder, closes_at


async def test_the_reminder_comes_a_day_before_the_close(
    service: Service, host: BallotHost, admin: str
) -> None:
    """Within the last day of voting everyone is reminded, and told when it closes."""
    builder, closes_at = closing_in(5)
    query(
        admin,
        "INSERT INTO announcements (edition, milestone, made, counts, finished)"
        " SELECT 'soon-over', one, now() - interval '2 days', '{}', now()"
        " FROM unnest(ARRAY['shortlist', 'opening']) one",
    )
    await service.confirmed(WHO, language="en")
    host.show(builder)
    await service.announced("soon-over", "reminder")
    message = (await service.inbox(WHO, 2))[-1]
    assert message.kind == "reminder"
    assert f"{closes_at + timedelta(hours=8):%H:%M} (UTC+8)" in message.text
    assert "https://vote.example/vote#soon-over" in message.text


async def test_a_short_vote_is_announced_once(service: Service, host: BallotHost) -> None:
    """When voting is open for less than a day, nobody is told so twice."""
    builder, closes_at = closing_in(5)
    await service.confirmed(WHO, language="en")
    host.show(builder)
    assert (await service.announced("soon-over", "reminder")).skipped
    await service.announced("soon-over", "opening")
    messages = await service.inbox(WHO, 2)
    assert [one.kind for one in messages] == ["confirm", "opening"]
    assert f"{closes_at + timedelta(hours=8):%H:%M} (UTC+8)" in messages[-1].text


async def test_an_edition_without_a_closing_time_is_complained_of_once(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """That nobody will be reminded is in the status, and once in the log."""
    edition.publish_shortlist()
    edition.commit_roll()
    edition.open()
    with capture_logs() as logs:
        host.show(edition)
        view = await service.announced(edition.edition, "reminder")
        edition.cast(0, ["i01"])
        host.show(edition)
        await asyncio.sleep(3 * BRISK.look_s)
    said = [one for one in logs if one.get("milestone") == "reminder"]
    assert (view.skipped, view.reason) == (True, "the manifest does not say when the vote closes")
    assert [(one["log_level"], one["reason"]) for one in said] == [("warning", view.reason)]


async def test_a_log_under_another_key_is_not_announced(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """An edition whose log is signed by another key than the settings name is passed over."""
    foreign = EditionBuilder("foreign", log_seed=b"\x07" * 32)
    foreign.announce()
    foreign.publish_shortlist()
    host.show(foreign)
    edition.publish_shortlist()
    host.show(edition)
    await service.announced(edition.edition, "shortlist")
    listed = [one.edition for one in (await service.status()).announcements]
    assert listed == [edition.edition]


@pytest.mark.parametrize("part", ["origin", "vkey", "checkpoint"])
async def test_an_edition_of_another_log_is_not_announced(
    service: Service, host: BallotHost, edition: EditionBuilder, part: str
) -> None:
    """An edition shown with another log, key or checkpoint is announced once it is right."""
    path = f"v1/editions/{edition.edition}"
    edition.publish_shortlist()
    host.show(edition)
    right = host.files[path]
    host.files[path] = right.replace(b'"%s":"vote.' % part.encode(), b'"%s":"vate.' % part.encode())
    assert host.files[path] != right
    other = EditionBuilder("the-next")
    other.announce()
    other.publish_shortlist()
    host.show(other)
    await service.announced("the-next", "shortlist")
    assert [one.edition for one in (await service.status()).announcements] == ["the-next"]
    host.files[path] = right
    await service.announced(edition.edition, "shortlist")


async def test_a_stirring_log_is_looked_at_at_once(
    settings: Settings, host: BallotHost, edition: EditionBuilder, notify_nats: NatsServer
) -> None:
    """A run on NATS wakes the service long before it would have looked."""
    host.show(edition)
    slow = replace(Pace(), look_s=3600.0, stir_s=0.02, report_s=0.1)
    async with open_service(settings, slow) as service:
        relay = await nats.connect(
            notify_nats.url, nkeys_seed=str(seed_file(notify_nats.data, "relay"))
        )
        edition.publish_shortlist()
        host.show(edition)

        async def seen() -> bool:
            await relay.publish(f"huimin.log.{edition.edition}.runs", b"a run")
            return bool((await service.status()).announcements)

        await until(seen, "it did not wake")
        await relay.close()
