"""Subscriptions by text message, through the providers' fakes, which refuse links as they do."""

import json
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from services.notify.settings import Settings
from services.notify.sms_templates import SUBSCRIBERS
from tests.editions import EditionBuilder
from tests.integration.notify.stage import BallotHost, Service, open_service, until
from tests.sms_providers import (
    APP_ID,
    KEY_ID,
    KEY_SECRET,
    SIGN_NAME,
    FakeAliyun,
    FakeTencent,
    Provider,
    running,
)

WHO = "+8613800138000"
CODE = {"id": "SMS_154950909", "parameters": ["code", "minutes"]}
NEWS = {"id": "SMS_154950911", "parameters": ["title", "token"]}
TEMPLATES = {"code": {"zh": CODE}} | {kind: {"zh": NEWS} for kind in SUBSCRIBERS}


@pytest.fixture(params=[FakeAliyun, FakeTencent], ids=["aliyun", "tencent"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """Each provider in its turn."""
    fake = request.param()
    async with running(fake):
        yield fake


def texting(settings: Settings, provider: Provider, templates: object = TEMPLATES) -> Settings:
    """Settings to send texts through `provider`."""
    if isinstance(provider, FakeAliyun):
        return replace(
            settings,
            codes_channel="aliyun",
            aliyun_access_key_id=KEY_ID,
            aliyun_access_key_secret=KEY_SECRET,
            aliyun_sign_name=SIGN_NAME,
            aliyun_templates=json.dumps(templates),
            aliyun_endpoint=provider.endpoint,
        )
    return replace(
        settings,
        codes_channel="tencent",
        tencent_secret_id=KEY_ID,
        tencent_secret_key=KEY_SECRET,
        tencent_app_id=APP_ID,
        tencent_sign_name=SIGN_NAME,
        tencent_templates=json.dumps(templates),
        tencent_endpoint=provider.endpoint,
    )


async def link(service: Service, provider: Provider, count: int) -> str:
    """The link in the newest text, once so many came: the template's beginning, and its token."""
    await until(lambda: len(provider.sent) == count, f"{count} texts did not come")
    return f"{service.url}/s/{provider.sent[-1].parameters[1]}"


async def subscriptions(service: Service) -> int:
    """How many are confirmed by SMS."""
    (texts,) = [one for one in (await service.status()).channels if one.channel == "sms"]
    return texts.subscriptions


async def test_a_text_confirms_and_ends_a_subscription(
    settings: Settings, provider: Provider, host: BallotHost, edition: EditionBuilder
) -> None:
    """The button of a text's page begins the subscription, and that of an announcement ends it."""
    async with open_service(texting(settings, provider)) as service:
        assert (await service.subscribe(WHO, channel="sms"))[0] == 202
        assert (await service.post(await link(service, provider, 1)))[0] == 200
        assert await subscriptions(service) == 1
        edition.publish_shortlist()
        host.show(edition)
        assert (await service.announced(edition.edition, "shortlist")).sent == 1
        assert provider.sent[1].parameters[0] == "惠民十大行动"
        assert (await service.post(await link(service, provider, 2)))[0] == 200
        assert await subscriptions(service) == 0


async def test_opening_the_link_of_a_text_changes_nothing(
    settings: Settings, provider: Provider
) -> None:
    """It shows a button."""
    async with open_service(texting(settings, provider)) as service:
        await service.subscribe(WHO, channel="sms")
        status, page = await service.get(await link(service, provider, 1))
        assert (status, "<button>" in page) == (200, True)
        assert await subscriptions(service) == 0


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_short_link_that_was_made_up_is_refused(service: Service, method: str) -> None:
    """A token that the service did not make gets a page that says so."""
    ask = service.get if method == "get" else service.post
    assert (await ask(f"{service.url}/s/{'a' * 24}"))[0] == 404


@pytest.mark.parametrize(
    ("templates", "language"), [(TEMPLATES, "en"), ({"code": {"zh": CODE}}, "zh")]
)
async def test_texts_without_templates_are_not_offered(
    settings: Settings, provider: Provider, templates: object, language: str
) -> None:
    """Who would never get a text is told at once, and nothing is sent."""
    async with open_service(texting(settings, provider, templates)) as service:
        status, answer = await service.subscribe(WHO, channel="sms", language=language)
    assert (status, answer["type"]) == (422, "urn:huimin:problem:channel-not-offered")
    assert provider.requests == 0
