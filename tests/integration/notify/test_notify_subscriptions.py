"""Subscribing, confirming and leaving, over HTTP and with messages in the development inbox."""

import asyncpg
import pytest
from aiohttp import web
from msgspec.structs import replace
from standardwebhooks import Webhook

from services.notify import store
from services.notify.settings import Settings
from services.notify.subscribing import ADDRESS_A_DAY, BLOCK_AN_HOUR
from tests.editions import EditionBuilder
from tests.integration.notify.stage import BallotHost, Service, link_in, open_service, until
from tests.web import serving

WHO = "reader@example.org"


async def subscribers(service: Service) -> dict[str, int]:
    """How many confirmed subscriptions each channel has."""
    return {one.channel: one.subscriptions for one in (await service.status()).channels}


async def test_who_asks_is_asked_to_confirm(service: Service) -> None:
    """A request is answered with 202, and a message with a link goes to the address."""
    status, answer = await service.subscribe(WHO)
    assert (status, answer["status"]) == (202, "confirmation-needed")
    assert "/confirm/" in link_in((await service.inbox(WHO))[0])


async def test_nothing_begins_before_it_is_confirmed(service: Service) -> None:
    """Without confirmation there is no subscription."""
    await service.subscribe(WHO)
    await service.inbox(WHO)
    assert (await subscribers(service))["email"] == 0


async def test_opening_the_link_changes_nothing(service: Service) -> None:
    """A mail scanner that opens the link does not confirm; it gets a page with a button."""
    await service.subscribe(WHO)
    status, page = await service.get(link_in((await service.inbox(WHO))[0]))
    assert (status, "<button>" in page) == (200, True)
    assert (await subscribers(service))["email"] == 0


async def test_the_button_confirms(service: Service) -> None:
    """One POST to the link begins the subscription."""
    await service.confirmed(WHO)
    assert (await subscribers(service))["email"] == 1


async def test_confirming_twice_is_confirming(service: Service) -> None:
    """A second POST to the link says the same and makes no second subscription."""
    await service.subscribe(WHO)
    link = link_in((await service.inbox(WHO))[0])
    assert [(await service.post(link))[0] for _ in range(2)] == [200, 200]
    assert (await subscribers(service))["email"] == 1


async def test_who_is_known_is_answered_alike(service: Service) -> None:
    """The answer to an address that is subscribed is the answer to one that is not."""
    first = await service.subscribe(WHO)
    await service.post(link_in((await service.inbox(WHO))[0]))
    assert await service.subscribe(WHO) == first


async def test_a_new_subscription_takes_the_place_of_the_old(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """Who subscribes again in another language hears once, in that language."""
    await service.confirmed(WHO, language="zh")
    await service.confirmed(WHO, language="en")
    edition.publish_shortlist()
    host.show(edition)
    assert (await service.announced(edition.edition, "shortlist")).total == 1
    assert (await service.inbox(WHO, 3))[-1].subject.startswith("The shortlist")


async def test_one_click_leaves(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """One POST to the link in an announcement ends everything (RFC 8058)."""
    await service.confirmed(WHO)
    edition.publish_shortlist()
    host.show(edition)
    link = link_in((await service.inbox(WHO, 2))[-1])
    assert (await service.post(link, b"List-Unsubscribe=One-Click"))[0] == 200
    assert (await subscribers(service))["email"] == 0


async def test_leaving_forgets_the_address(
    service: Service, host: BallotHost, edition: EditionBuilder, admin: str
) -> None:
    """Who leaves is deleted from the database, whatever the address had subscribed to."""
    await service.confirmed(WHO)
    await service.confirmed(WHO, edition="another")
    edition.publish_shortlist()
    host.show(edition)
    await service.post(link_in((await service.inbox(WHO, 3))[-1]))
    connection = await asyncpg.connect(admin)
    left = await connection.fetchval("SELECT count(*) FROM subscriptions")
    await connection.close()
    assert left == 0


async def test_leaving_twice_is_leaving(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """Someone who has left already is told the same."""
    await service.confirmed(WHO)
    edition.publish_shortlist()
    host.show(edition)
    link = link_in((await service.inbox(WHO, 2))[-1])
    assert await service.post(link) == await service.post(link)


async def test_a_link_from_before_a_new_subscription_leaves(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """The link of an old message still ends everything after the address subscribed anew."""
    await service.confirmed(WHO, language="zh")
    edition.publish_shortlist()
    host.show(edition)
    old = link_in((await service.inbox(WHO, 2))[-1])
    await service.confirmed(WHO, language="en")
    assert (await service.post(old, b"List-Unsubscribe=One-Click"))[0] == 200
    assert (await subscribers(service))["email"] == 0


async def test_leaving_ends_nobody_elses(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """Others stay subscribed when somebody leaves."""
    await service.confirmed(WHO)
    await service.confirmed("stays@example.org")
    edition.publish_shortlist()
    host.show(edition)
    await service.post(link_in((await service.inbox(WHO, 2))[-1]))
    assert (await subscribers(service))["email"] == 1


async def test_opening_the_link_to_leave_changes_nothing(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """A scanner that opens the link does not end a subscription."""
    await service.confirmed(WHO)
    edition.publish_shortlist()
    host.show(edition)
    await service.get(link_in((await service.inbox(WHO, 2))[-1]))
    assert (await subscribers(service))["email"] == 1


@pytest.mark.parametrize("page", ["confirm", "leave"])
async def test_a_link_that_was_made_up_is_refused(service: Service, page: str) -> None:
    """A token that the service did not make gets a page that says so."""
    status, _ = await service.post(f"{service.url}/{page}/{'a' * 24}")
    assert status == 404


async def test_a_link_to_leave_does_not_confirm(
    service: Service, host: BallotHost, edition: EditionBuilder
) -> None:
    """A token is good for its purpose alone."""
    await service.confirmed(WHO)
    edition.publish_shortlist()
    host.show(edition)
    link = link_in((await service.inbox(WHO, 2))[-1])
    status, _ = await service.post(link.replace("/leave/", "/confirm/"))
    assert status == 404


async def test_pages_let_nothing_in(service: Service) -> None:
    """Pages allow no script and no frame, and do not tell where one came from."""
    await service.subscribe(WHO)
    link = link_in((await service.inbox(WHO))[0])
    async with service.session.get(link) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "no address"),
        ("email", "two@at@example.org"),
        ("email", "a@b.cn\r\nBcc: c@d.cn"),
        ("sms", "12"),
        ("sms", "+85261234567"),
        ("webhook", "http://example.org/hook"),
        ("webhook", "https://127.0.0.1/hook"),
        ("webhook", "https://[::1]/hook"),
        ("webhook", "https://localhost/hook"),
        ("webhook", "https://169.254.169.254/latest"),
        ("webhook", "https://user:password@example.org/"),
    ],
)
async def test_what_is_no_address_is_refused(service: Service, channel: str, address: str) -> None:
    """An address that cannot be written to, or must not be, is refused without being quoted."""
    status, answer = await service.subscribe(address, channel=channel)
    assert (status, answer["type"]) == (422, "urn:huimin:problem:bad-address")
    assert address not in str(answer)


async def test_phone_numbers_have_one_form(service: Service) -> None:
    """A number typed without its country is the one in E.164."""
    await service.subscribe("138 0013 8000", channel="sms")
    assert (await service.inbox("+8613800138000"))[0].channel == "sms"


async def test_a_number_abroad_is_told_which_are_not(service: Service) -> None:
    """The refusal says where messages go, and no message goes out."""
    _, answer = await service.subscribe("+85261234567", channel="sms")
    assert answer["detail"] == "messages go to numbers that begin with +86"
    assert await service.inbox("+85261234567", 0) == []


async def test_numbers_abroad_may_be_allowed(settings: Settings) -> None:
    """An operator may add a prefix."""
    async with open_service(replace(settings, phone_prefixes="+86,+852")) as service:
        assert (await service.subscribe("+85261234567", channel="sms"))[0] == 202
        await service.inbox("+85261234567")


async def test_a_channel_without_a_provider_is_not_offered(settings: Settings) -> None:
    """Without a mail server and without the inbox nobody can subscribe by e-mail."""
    async with open_service(replace(settings, inbox=False)) as service:
        status, answer = await service.subscribe(WHO)
    assert (status, answer["type"]) == (422, "urn:huimin:problem:channel-not-offered")


async def test_an_address_is_not_asked_without_end(service: Service) -> None:
    """After some requests a day an address gets no more messages, and who asks is not told."""
    answers = [await service.subscribe(WHO) for _ in range(ADDRESS_A_DAY + 2)]
    assert [status for status, _ in answers] == [202] * len(answers)
    await service.subscribe("next@example.org")
    await service.inbox("next@example.org")
    assert len(await service.inbox(WHO, ADDRESS_A_DAY)) == ADDRESS_A_DAY


async def test_one_network_cannot_ask_for_everybody(service: Service) -> None:
    """After many requests in an hour a network is told to wait, with Retry-After."""
    for number in range(BLOCK_AN_HOUR):
        await service.subscribe(f"reader{number}@example.org")
    body = {"channel": "email", "address": WHO}
    async with service.session.post(f"{service.url}/v1/subscriptions", json=body) as response:
        assert (response.status, "Retry-After" in response.headers) == (429, True)


async def test_many_networks_cannot_make_the_city_pay(settings: Settings) -> None:
    """Each channel has a limit for the day, whoever asks; what others pay for goes on."""
    async with open_service(replace(settings, confirmations_per_day=2)) as service:
        for number in range(2):
            assert (await service.subscribe(f"reader{number}@example.org"))[0] == 202
        body = {"channel": "email", "address": WHO}
        async with service.session.post(f"{service.url}/v1/subscriptions", json=body) as response:
            problem = await response.json(content_type=None)
            assert (response.status, "Retry-After" in response.headers) == (429, True)
        assert "subscriptions by email: at most 2 in 1 day" in problem["detail"]
        assert (await service.subscribe("+8613800001111", channel="sms"))[0] == 202
        await service.inbox("reader1@example.org")
        assert await service.inbox(WHO, 0) == []


async def test_what_nobody_confirmed_is_forgotten(service: Service, admin: str) -> None:
    """After two days an address that was not confirmed is deleted, one that was is kept."""
    await service.confirmed("stays@example.org")
    await service.subscribe(WHO)
    await service.inbox(WHO)
    pool = await store.open_pool(admin)
    await until(lambda: _age(pool), "a message was not recorded")
    await store.tidy(pool)
    left = await pool.fetchval("SELECT count(*) FROM subscriptions")
    await pool.close()
    assert left == 1


async def _age(pool: store.Pool) -> bool:
    """Make everything three days older, once nothing is under way."""
    if await pool.fetchval("SELECT count(*) FROM deliveries WHERE state <> 'sent'"):
        return False
    await pool.execute("UPDATE subscriptions SET asked = asked - interval '3 days'")
    return True


async def test_addresses_are_not_in_the_database(service: Service, admin: str) -> None:
    """No table holds an address, in clear or in hex."""
    await service.confirmed(WHO)
    connection = await asyncpg.connect(admin)
    rows = str(await connection.fetch("SELECT * FROM subscriptions, deliveries, caps"))
    await connection.close()
    assert "reader" not in rows
    assert b"reader".hex() not in rows


async def test_a_webhook_confirms_and_hears(
    settings: Settings, host: BallotHost, edition: EditionBuilder
) -> None:
    """A webhook gets its secret once, then signed events: one to confirm, one for the milestone."""
    heard: list[tuple[dict[str, str], bytes]] = []

    async def hook(request: web.Request) -> web.Response:
        heard.append((dict(request.headers), await request.read()))
        return web.Response()

    async with (
        serving(hook) as url,
        open_service(replace(settings, webhooks_anywhere=True)) as service,
    ):
        _, answer = await service.subscribe(f"{url}/hook", channel="webhook")
        await until(lambda: len(heard) == 1, "no request to confirm")
        verifier = Webhook(answer["secret"])
        confirm = verifier.verify(heard[0][1], _lower(heard[0][0]))
        await service.post(confirm["data"]["confirm_url"])
        edition.publish_shortlist()
        host.show(edition)
        await until(lambda: len(heard) == 2, "no announcement")
    event = verifier.verify(heard[1][1], _lower(heard[1][0]))
    assert (event["type"], event["data"]["edition"]) == ("huimin.shortlist", edition.edition)


async def test_a_webhook_that_is_gone_ends_its_subscription(
    settings: Settings, host: BallotHost, edition: EditionBuilder
) -> None:
    """A webhook that answers 410 is not asked again."""
    heard: list[bytes] = []

    async def hook(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.Response(status=200 if len(heard) == 1 else 410)

    async with (
        serving(hook) as url,
        open_service(replace(settings, webhooks_anywhere=True)) as service,
    ):
        await service.subscribe(f"{url}/hook", channel="webhook")
        await until(lambda: len(heard) == 1, "no request to confirm")
        link = heard[0].decode().partition('"confirm_url":"')[2].partition('"')[0]
        await service.post(link)
        edition.publish_shortlist()
        host.show(edition)
        await service.announced(edition.edition, "shortlist")
        assert (await subscribers(service))["webhook"] == 0


async def test_an_operators_chat_hears(
    settings: Settings, host: BallotHost, edition: EditionBuilder
) -> None:
    """An Apprise URL in the settings hears every milestone, in the language before it."""
    heard: list[bytes] = []

    async def chat(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.Response()

    async with serving(chat) as url:
        apprise = "en " + url.replace("http://", "json://")
        async with open_service(replace(settings, apprise_urls=apprise)) as service:
            edition.publish_shortlist()
            host.show(edition)
            view = await service.announced(edition.edition, "shortlist")
    assert (view.sent, b"The shortlist is out" in heard[0]) == (1, True)


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
