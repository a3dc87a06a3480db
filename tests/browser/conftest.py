"""Chromium for tests of the web pages: one for the whole run, a fresh profile for each test.

Playwright's objects belong to one event loop, so each module says
`pytestmark = pytest.mark.asyncio(loop_scope="session")` and its async fixtures are made with
`pytest_asyncio.fixture(loop_scope="session")`. A page that asks any server but those of the
installation, that logs an error, or that breaks its own security policy fails its test.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
    expect,
)

from cli.installation import Installation
from shared.edition.manifest import Disclosure, Officer
from shared.edition.officer_keys import format_public
from shared.service.pages import BUILT
from tests.editions import OFFICERS, EditionBuilder
from tests.polls import Poll

Language = Literal["zh", "en"]
Size = Literal["phone", "desktop", "hall"]

PATIENCE_S: Final = 60

SIZES: Final[dict[str, dict[str, Any]]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "hall": {"viewport": {"width": 1920, "height": 1080}},
}
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]

# What a page says in the end is asserted, not how soon: machines that run tests are busy ones.
expect.set_options(timeout=20_000)

_CHOOSE: Final = """if (location.protocol.startsWith("http"))
  localStorage.setItem("huimin-language", localStorage.getItem("huimin-language") ?? "%s");"""

NewContext = Callable[..., Awaitable[BrowserContext]]
NewPage = Callable[..., Awaitable[Page]]
NewWebPoll = Callable[..., Awaitable[Poll]]


class Complaints:
    """What went wrong in a test's pages; `expect` says which of it the test brings about itself."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Complaints in which this regular expression is found are part of the test."""
        self._expected.append(pattern)

    def unexpected(self) -> list[str]:
        """The others."""
        return [
            one
            for one in self.all
            if not any(re.search(pattern, one) for pattern in self._expected)
        ]

    def watch(self, context: BrowserContext, hosts: set[str]) -> None:
        """Note everything that is wrong in the pages of a context."""

        def on_request(request: Request) -> None:
            url = urlsplit(request.url)
            if url.scheme not in ("data", "blob") and url.netloc not in hosts:
                self.all.append(f"asks somebody else: {request.url}")

        def on_console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.all.append(f"console: {message.text} {message.location}")

        context.on("request", on_request)
        context.on("console", on_console)
        context.on("weberror", lambda error: self.all.append(f"exception: {error.error}"))


@asynccontextmanager
async def chromium(arguments: Sequence[str]) -> AsyncIterator[Browser]:
    """Debian's Chromium, started with these arguments."""
    program = shutil.which("chromium")
    assert program, "there is no chromium: install Debian's package of that name"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A running Chromium."""
    assert (BUILT / "check.html").is_file(), "the pages are not built: run make pages"
    async with chromium(ARGUMENTS) as running:
        yield running


@pytest.fixture
def complaints() -> Complaints:
    """What went wrong in the pages of this test."""
    return Complaints()


@pytest_asyncio.fixture(loop_scope="session")
async def new_context(
    browser: Browser, installation: Installation, complaints: Complaints
) -> AsyncIterator[NewContext]:
    """Makes a device with nothing on it, of a size and a language; options are Playwright's."""
    contexts: list[BrowserContext] = []
    hosts = {
        urlsplit(url).netloc
        for url in (
            installation.ballot_url,
            installation.registrar_url,
            installation.tally_url,
            installation.notify_url,
        )
    }

    async def make(
        size: Size = "phone", language: Language = "zh", **options: Any
    ) -> BrowserContext:
        context = await browser.new_context(
            **{"locale": "zh-CN", "timezone_id": "Asia/Shanghai", **SIZES[size], **options}
        )
        contexts.append(context)
        complaints.watch(context, hosts)
        context.set_default_timeout(15_000)
        if language != "zh":
            await context.add_init_script(_CHOOSE % language)
        return context

    yield make
    for context in contexts:
        await context.close()
    assert complaints.unexpected() == []


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(new_context: NewContext) -> NewPage:
    """Makes a page on a device of its own, of a size, in a language, at an address."""

    async def make(
        size: Size = "phone", language: Language = "zh", url: str | None = None, **options: Any
    ) -> Page:
        page = await (await new_context(size, language, **options)).new_page()
        if url is not None:
            await page.goto(url)
        return page

    return make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def web_session() -> AsyncIterator[aiohttp.ClientSession]:
    """What polls ask with."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
        yield session


@pytest.fixture(scope="session")
def new_web_poll(installation: Installation, web_session: aiohttp.ClientSession) -> NewWebPoll:
    """Makes an edition that is open for voting, with voters whose keys the test has."""

    async def make(edition: str, disclosure: Disclosure = "live", **rules: Any) -> Poll:
        first = Officer(id="first", key=OFFICERS["first"].public_key().public_bytes_raw())
        (installation.announcers / "first.pub").write_text(format_public(first))
        builder = EditionBuilder(
            edition,
            disclosure=disclosure,
            log_seed=installation.log_key_seed,
            origin=installation.log_origin,
            **rules,
        )
        poll = Poll(web_session, installation.ballot_url, builder)
        await poll.prepare()
        await _counted(web_session, f"{installation.tally_url}/v1/editions/{edition}/tally")
        return poll

    return make


async def _counted(session: aiohttp.ClientSession, url: str) -> None:
    """Return when the tally has found the edition; its pages would complain of a 404 before."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get(url) as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.1)
