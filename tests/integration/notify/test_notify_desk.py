"""The desk, the inbox page, metrics, and the service as a process of its own."""

import asyncio
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cli.main import main
from services.notify.settings import Settings
from tests.command_line import CommandLine
from tests.editions import EditionBuilder
from tests.integration.notify.stage import BallotHost, Service, open_service, started

WHO = "reader@example.org"


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}])
async def test_the_desk_needs_its_token(service: Service, header: dict[str, str]) -> None:
    """Without the token, or with another, the desk shows nothing."""
    async with service.session.get(f"{service.url}/desk/v1/status", headers=header) as response:
        problem = await response.json(content_type=None)
    assert (response.status, problem["type"]) == (403, "urn:huimin:problem:desk-token-wrong")


async def test_the_desk_shows_channels(service: Service) -> None:
    """The desk says what carries each channel."""
    channels = {one.channel: one.carrier for one in (await service.status()).channels}
    assert channels == {"sms": "inbox", "email": "inbox", "webhook": "webhook"}


async def test_the_inbox_is_off_unless_it_is_on(settings: Settings) -> None:
    """Without the setting there is no inbox at either address."""
    async with open_service(replace(settings, inbox=False)) as service:
        answers = []
        for path in ("inbox", "inbox/messages"):
            async with service.session.get(f"{service.url}/{path}") as response:
                answers.append(response.status)
    assert answers == [404, 404]


async def test_the_inbox_page_escapes(service: Service) -> None:
    """What is asked for is shown as text."""
    _, page = await service.get(f"{service.url}/inbox?to=<script>alert(1)</script>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_metrics_count_messages(service: Service) -> None:
    """Deliveries are counted by channel and outcome, and no metric names an address."""
    await service.confirmed(WHO)
    _, text = await service.get(f"{service.url}/metrics")
    assert 'huimin_notify_deliveries_total{channel="email",outcome="sent"}' in text
    assert "reader" not in text


async def test_requests_are_counted_by_route(service: Service) -> None:
    """A token in a path is in no metric."""
    await service.get(f"{service.url}/leave/{'a' * 24}")
    _, text = await service.get(f"{service.url}/metrics")
    assert "aaaa" not in text


async def test_ready_says_what_is_there(service: Service) -> None:
    """A service with database and NATS is ready."""
    async with service.session.get(f"{service.url}/ready") as response:
        assert await response.json() == {"ready": True, "database": "ok", "nats": "ok"}


async def test_a_page_of_another_origin_may_subscribe(service: Service) -> None:
    """A browser's question beforehand is answered with what it may send."""
    async with service.session.options(f"{service.url}/v1/subscriptions") as response:
        allowed = response.headers["Access-Control-Allow-Headers"]
    assert (response.status, allowed) == (204, "Content-Type")


async def test_the_command_line_shows_the_status(
    service: Service, host: BallotHost, edition: EditionBuilder, settings: Settings, tmp_path: Path
) -> None:
    """`huimin notify status --json` prints what the desk shows."""
    await service.confirmed(WHO)
    edition.publish_shortlist()
    host.show(edition)
    await service.announced(edition.edition, "shortlist")
    token = tmp_path / "desk.token"
    token.write_text(settings.desk_token)
    words = ("notify", "status", "--url", service.url, "--token-file", token)
    line = CommandLine(tmp_path)
    as_json = await asyncio.to_thread(line.run, main, *words, "--json")
    for_people = await asyncio.to_thread(line.run, main, *words)
    shown = json.loads(as_json.stdout)["announcements"][0]
    assert (shown["milestone"], shown["sent"]) == ("shortlist", 1)
    assert "shortlist" in for_people.stdout


async def test_the_command_line_says_that_a_token_is_wrong(
    service: Service, tmp_path: Path
) -> None:
    """With a wrong token the command ends with 1 and says what to do."""
    token = tmp_path / "desk.token"
    token.write_text("wrong")
    words = ("notify", "status", "--url", service.url, "--token-file", token)
    result = await asyncio.to_thread(CommandLine(tmp_path).run, main, *words)
    assert (result.exit_code, "token" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"key": "bm8ga2V5"}, "HUIMIN_NOTIFY_KEY"),
        ({"log_key": "bm8ga2V5"}, "HUIMIN_NOTIFY_LOG_KEY"),
        ({"apprise_urls": "no url"}, "HUIMIN_NOTIFY_APPRISE_URLS"),
        ({"trusted_proxies": "10.0.0.0/99"}, "HUIMIN_NOTIFY_TRUSTED_PROXIES"),
    ],
)
async def test_bad_settings_end_it(settings: Settings, changes: dict[str, str], name: str) -> None:
    """A setting that cannot be used ends the process with 2, and the log names it."""
    async with started(replace(settings, **changes)) as process:
        async with asyncio.timeout(20):
            _, log = await process.communicate()
    assert (process.returncode, name in log.decode()) == (2, True)


async def test_a_provider_without_its_keys_ends_it(settings: Settings) -> None:
    """A channel that is chosen and not set up ends the process with 2, and the log says why."""
    async with started(replace(settings, codes_channel="aliyun")) as process:
        async with asyncio.timeout(20):
            _, log = await process.communicate()
    assert (process.returncode, "HUIMIN_NOTIFY_ALIYUN_" in log.decode()) == (2, True)


async def test_a_provider_without_a_template_for_codes_ends_it(settings: Settings) -> None:
    """Without one every code would be refused: the process ends with 2, and the log says why."""
    chosen = replace(
        settings,
        codes_channel="aliyun",
        aliyun_access_key_id="id",
        aliyun_access_key_secret="secret",  # noqa: S106 - none
        aliyun_sign_name="惠民",
    )
    async with started(chosen) as process:
        async with asyncio.timeout(20):
            _, log = await process.communicate()
    said = "HUIMIN_NOTIFY_ALIYUN_TEMPLATES has no template for code in zh"
    assert (process.returncode, said in log.decode()) == (2, True)


async def test_it_stops_in_order(settings: Settings) -> None:
    """SIGTERM ends the process with 0."""
    async with started(settings) as process:
        assert process.stderr is not None
        async with asyncio.timeout(20):
            while b"serving" not in await process.stderr.readline():
                pass
            process.terminate()
            await process.communicate()
    assert process.returncode == 0
