"""The registrar with the real notify service and a provider that refuses single numbers."""

import asyncio
import json
import re
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from services.notify.settings import Settings as NotifySettings
from services.registrar.settings import Settings
from tests.integration.notify.stage import Service, open_service
from tests.integration.registrar.parties import PATIENCE_S, Log, Notify
from tests.integration.registrar.site import migrated_notify
from tests.integration.registrar.stage import BRISK, Answer, Ward, open_registrar, phone
from tests.servers import fresh_database, seed_file
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

LISTED, UNLISTED, OTHER = 1, 99, 2
PROBES = 4
TEMPLATES = json.dumps({"code": {"zh": {"id": "SMS_154950909", "parameters": ["code", "minutes"]}}})


@pytest.fixture(scope="module")
def notify_database(postgres_server: Postgres) -> Iterator[str]:
    """A database with the schema of notify: its address for the service."""
    with fresh_database(postgres_server) as name:
        yield migrated_notify(postgres_server, name)


@pytest.fixture(params=[FakeAliyun, FakeTencent], ids=["aliyun", "tencent"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    """A provider that sends each number one message, and refuses the next."""
    fake = request.param()
    fake.messages_per_number = 1
    async with running(fake):
        yield fake


@pytest.fixture
async def service(
    notify_database: str, registrar_nats: NatsServer, settings: Settings, provider: Provider
) -> AsyncIterator[Service]:
    """The notify service, which sends by that provider."""
    async with open_service(
        NotifySettings(
            database_url=notify_database,
            nats_url=registrar_nats.url,
            nats_nkey_seed=seed_file(registrar_nats.data, "notify").read_text().strip(),
            key=b64encode(secrets.token_bytes(32)).decode(),
            desk_token="desk-token-of-the-tests-" + "0" * 16,
            ballot_url=settings.ballot_url,
            log_origin=settings.log_origin,
            log_key=settings.log_key,
            **_account(provider),
        )
    ) as service:
        yield service


@pytest.fixture
async def joint(settings: Settings, service: Service, log: Log) -> AsyncIterator[Ward]:
    """An open edition at a registrar that gives codes to that service, and probes all the time."""
    del service  # it listens on NATS
    pace = msgspec.structs.replace(BRISK, probe_s=BRISK.pause_s)
    async with open_registrar(settings, pace) as registrar:
        yield await Ward(registrar, log, Notify()).open()


async def until_sent(provider: Provider, person: int) -> None:
    """Return when the provider has sent a message to the person's phone."""
    async with asyncio.timeout(PATIENCE_S):
        while not any(one.number[-11:] == phone(person)[-11:] for one in provider.sent):  # noqa: ASYNC110  # over HTTP
            await asyncio.sleep(0.01)


async def until_asked(provider: Provider, requests: int) -> None:
    """Return when the provider was asked so often."""
    async with asyncio.timeout(PATIENCE_S):
        while provider.requests < requests:  # noqa: ASYNC110  # heard over HTTP
            await asyncio.sleep(0.01)


async def until_probed(service: Service) -> None:
    """Return when notify has answered some more decoys, and so the registrar has heard of it."""
    enough = await answered(service) + PROBES
    async with asyncio.timeout(PATIENCE_S):
        while await answered(service) < enough:  # noqa: ASYNC110  # over HTTP
            await asyncio.sleep(0.01)


async def answered(service: Service) -> float:
    """How many codes and decoys notify has answered."""
    _, text = await service.get(f"{service.url}/metrics")
    return sum(map(float, re.findall(r"^huimin_notify_codes_total\{.*\} (.+)$", text, re.M)))


def anonymous(answer: Answer) -> tuple[int, int]:
    """What is not random in an answer."""
    return answer.status, len(answer.body)


async def test_a_number_that_is_refused_stops_nobody(
    joint: Ward, service: Service, provider: Provider
) -> None:
    """After several codes for one person's number, refused by the provider, codes still go out."""
    for _ in range(4):
        assert (await joint.ask(LISTED)).status == 201
    await until_asked(provider, 4)
    await until_probed(service)
    assert (await joint.registration())["codes"] == "working"
    assert (await joint.ask(OTHER)).status == 201
    await until_sent(provider, OTHER)


async def test_a_refused_code_is_not_offered_again(
    joint: Ward, service: Service, provider: Provider
) -> None:
    """The provider hears of each code once, however long there would be time to repeat it."""
    for _ in range(3):
        assert (await joint.ask(LISTED)).status == 201
    await until_asked(provider, 3)
    await until_probed(service)
    assert provider.requests == 3


async def test_listed_and_unlisted_look_alike_when_the_number_is_refused(
    joint: Ward, service: Service, provider: Provider
) -> None:
    """Asking again and again for a person shows the same whether or not a phone is listed."""
    seen = []
    for person in (LISTED, UNLISTED):
        answers = [anonymous(await joint.ask(person)) for _ in range(5)]
        await until_asked(provider, 5)
        await until_probed(service)
        seen.append((answers, (await joint.registration())["codes"]))
    assert seen[0] == seen[1]


async def test_an_account_that_is_empty_is_everybodys_affair(
    joint: Ward, provider: Provider
) -> None:
    """What concerns all numbers is still told to all: the provider has no balance left."""
    provider.balance = 0
    await joint.ask(LISTED)
    async with asyncio.timeout(PATIENCE_S):
        while (await joint.registration())["codes"] != "failing":  # noqa: ASYNC110  # over HTTP
            await asyncio.sleep(0.01)
    assert (await joint.ask(UNLISTED)).slug == "code-delivery-failing"


def _account(provider: Provider) -> dict[str, Any]:
    if isinstance(provider, FakeAliyun):
        return {
            "codes_channel": "aliyun",
            "aliyun_access_key_id": KEY_ID,
            "aliyun_access_key_secret": KEY_SECRET,
            "aliyun_sign_name": SIGN_NAME,
            "aliyun_templates": TEMPLATES,
            "aliyun_endpoint": provider.endpoint,
        }
    return {
        "codes_channel": "tencent",
        "tencent_secret_id": KEY_ID,
        "tencent_secret_key": KEY_SECRET,
        "tencent_app_id": APP_ID,
        "tencent_sign_name": SIGN_NAME,
        "tencent_templates": TEMPLATES,
        "tencent_endpoint": provider.endpoint,
    }
