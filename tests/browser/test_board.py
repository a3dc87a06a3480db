"""The dashboard in a browser: every state, live while votes arrive, sealed while it must be."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import Page, expect

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.installation import Installation
from services.tally.pace import Pace
from services.tally.settings import Settings
from shared.pabulib import parse_pb
from shared.service.server import bind
from tests.browser.board_stage import (
    COMING,
    OVER,
    CityEdition,
    CityHost,
    Times,
    open_city_host,
    tally_settings,
)
from tests.browser.conftest import Complaints, NewContext, NewPage, NewWebPoll
from tests.browser.looks import assert_accessible, assert_translated, look, until_true
from tests.integration.tally.stage import Tally, open_tally
from tests.integration.tally.test_tally_process import serving
from tests.polls import Poll

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAST_PX = 23
"""The smallest type on the big screen of 1080 px; on 75 inches its capitals are 1.4 cm high."""


class Stage(NamedTuple):
    """A tally that has counted editions in many states, and the host of their logs."""

    tally: Tally
    host: CityHost
    settings: Settings
    editions: dict[str, CityEdition]


def editions() -> Iterator[CityEdition]:
    """One edition for each state, named for it."""
    announced = CityEdition("announced")
    announced.announce()
    yield announced
    soon = CityEdition("soon", times=Times(opens_in=timedelta(minutes=29, seconds=50)))
    soon.announce()
    yield soon
    shortlisted = CityEdition("shortlisted")
    shortlisted.announce()
    shortlisted.publish_shortlist()
    yield shortlisted
    due = CityEdition("due", times=Times(opens_in=timedelta(minutes=-1)))
    due.announce()
    yield due
    names = ("empty", "live", "sealed", "over", "closed", "certified", "tied", "drawn")
    for name in (*names, "contradiction"):
        sealed = name in ("sealed", "closed")
        times = OVER if name in ("over", "closed") else COMING
        edition = CityEdition(name, "at-close" if sealed else "live", times=times)
        edition.prepare()
        _proceed(edition, name)
        yield edition


def _proceed(edition: CityEdition, name: str) -> None:
    match name:
        case "live" | "sealed" | "over":
            edition.vote(600)
        case "closed":
            edition.vote(300)
            edition.close()
        case "certified":
            edition.vote(300)
            edition.finish()
        case "tied":
            edition.vote_for_a_tie()
            edition.close()
        case "drawn":
            edition.vote_for_a_tie()
            edition.finish()
        case "contradiction":
            edition.vote(20)
            edition.record(edition.ballot(0, [edition.ids[0]], seq=1))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(postgres_server: Postgres, nats_server: NatsServer) -> AsyncIterator[Stage]:
    """The stage, everything counted."""
    async with (
        open_city_host() as host,
        tally_settings(postgres_server, nats_server, host) as settings,
    ):
        made = {edition.edition: edition for edition in editions()}
        for edition in made.values():
            host.show(edition)
        async with open_tally(settings, Pace()) as tally:
            for edition in made.values():
                if edition.edition == "contradiction":
                    await tally.contradicted(edition.edition)
                else:
                    await tally.counted(edition)
            yield Stage(tally, host, settings, made)


@pytest.fixture
def allow(complaints: Complaints) -> Callable[..., None]:
    """Says that a page asks a tally or a host of this test's own."""

    def expect_requests(*urls: str) -> None:
        for url in urls:
            complaints.expect(re.escape(f"asks somebody else: {url}/"))

    return expect_requests


OpenBoard = Callable[..., Awaitable[Page]]


@pytest.fixture
def open_board(stage: Stage, new_page: NewPage, allow: Callable[..., None]) -> OpenBoard:
    """Opens the dashboard of an edition on the stage; in hall mode if the screen is the hall's."""

    async def make(
        edition: str, size: str = "phone", language: str = "zh", **options: object
    ) -> Page:
        allow(stage.tally.url, stage.host.url)
        hall = f"#edition={edition}&screen=hall"
        fragment = hall if size == "hall" else f"#{edition}"
        url = f"{stage.tally.url}/board{fragment}"
        return await new_page(size, language, url=url, **options)

    return make


# What each state shows.

SHOWS = {
    "announced": ("距投票开始", "候选项目公布后将显示在这里"),
    "due": ("已到开始时间，等待工作人员正式开启投票", "候选项目公布后将显示在这里"),
    "shortlisted": ("距投票开始", "每人最多选 10 项"),
    "empty": ("距投票截止", "还没有选票"),
    "live": ("距投票截止", "入选线：前 10 项入选"),
    "sealed": ("选项密封中", "现在公开的只有投票人数"),
    "over": ("已到截止时间，等待工作人员正式关闭投票", "入选线：前 10 项入选"),
    "closed": ("投票已结束，等待确认结果", "入选线：前 10 项入选"),
    "certified": ("结果已确认", "入选线：前 10 项入选"),
    "tied": ("5 项并列，争 4 个名额，等待公开抽签", "以上 6 项领先"),
    "drawn": ("结果已确认", "最后的名额由公开抽签决定"),
    "contradiction": ("日志自相矛盾，已停止计票", "第 24 条（一张选票）"),
}


PICTURES = {(state, "hall") for state in SHOWS} | {
    (state, "phone") for state in ("live", "sealed", "over", "closed", "tied", "contradiction")
}
"""Of each state one picture, and of some a second."""


@pytest.mark.parametrize("size", ["phone", "desktop", "hall"])
@pytest.mark.parametrize("state", SHOWS)
async def test_every_state_says_what_it_is(open_board: OpenBoard, state: str, size: str) -> None:
    """In Chinese on a phone, a desk and the big screen; accessible, and nothing sideways."""
    page = await open_board(state, size)
    for text in SHOWS[state]:
        await expect(page.get_by_text(text).first).to_be_visible()
    if state in ("live", "sealed", "certified"):
        await expect(page.locator(".plot canvas")).to_be_visible()
    if size == "hall":
        await assert_one_screen(page)
    if (state, size) in PICTURES:
        await look(page, f"board-{state}-{size}", whole=size != "hall")
    else:
        await assert_accessible(page)
        await assert_translated(page)


async def assert_one_screen(page: Page) -> None:
    """Nothing on the big screen is cut off or on top of something: there is nobody to scroll."""
    below = await page.evaluate(
        """() => [...document.querySelectorAll(".board *:not(.visually-hidden *)")]
          .filter((one) => !one.closest(".visually-hidden, .hall-button"))
          .filter((one) => one.getBoundingClientRect().bottom > innerHeight + 1)
          .map((one) => one.className)"""
    )
    assert below == []
    crowded = await page.evaluate(
        """() => [...document.querySelectorAll(".bar-row .names, .shortlist .names")]
          .filter((one) => one.scrollHeight > one.parentElement.clientHeight + 4)
          .concat([...document.querySelectorAll(".board .card")]
            .filter((one) => one.scrollWidth > one.clientWidth + 1))
          .map((one) => one.textContent)"""
    )
    assert crowded == [], "titles run into one another"
    cut_off = await page.evaluate(
        """() => [...document.querySelectorAll(".first, .second")]
          .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
          .map((one) => one.textContent)"""
    )
    assert cut_off == [], "texts are cut off"
    small = await page.evaluate(
        """(least) => [...document.querySelectorAll(".board *:not(.hall-button)")]
          .filter((one) => [...one.childNodes].some((node) => node.data?.trim()))
          .filter((one) => one.checkVisibility() && !one.closest(".visually-hidden"))
          .filter((one) => parseFloat(getComputedStyle(one).fontSize) < least)
          .map((one) => one.textContent)""",
        LEAST_PX,
    )
    assert small == [], "too small to be read from five metres"


@pytest.mark.parametrize("state", SHOWS)
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nothing_is_untranslated(open_board: OpenBoard, state: str, language: str) -> None:
    """In English there is no Chinese, in Chinese no English word but names; tables included."""
    page = await open_board(state, "desktop", language)
    title = {"zh": "2027 年惠民十大行动", "en": "Ten actions for the people, 2027"}[language]
    await expect(page.locator(".board h1")).to_have_text(title)
    if state == "live":
        await expect(page.locator(".plot canvas")).to_be_visible()
        await look(page, f"board-live-desktop-{language}", whole=False)
    for card in (".ranking", ".turnout"):
        button = page.locator(f"{card} button[aria-expanded]")
        if await button.count():
            await button.click()
            await expect(page.locator(f"{card} table")).to_be_visible()
    for summary in await page.locator("summary").all():
        await summary.click()
    tag = {"zh": "zh-CN", "en": "en"}[language]
    await expect(page.locator("html")).to_have_attribute("lang", tag)
    await assert_translated(page)
    await assert_accessible(page)


@pytest.mark.parametrize("state", SHOWS)
async def test_a_small_screen(open_board: OpenBoard, state: str) -> None:
    """At 320 px, which is 200 % zoom of a phone's width, nothing is cut off or scrolls sideways."""
    page = await open_board(state, "phone", "en", viewport={"width": 320, "height": 640})
    await expect(page.locator(".board h1")).to_have_text("Ten actions for the people, 2027")
    for button in await page.locator(".board button[aria-expanded]").all():
        await button.click()
    await look(page, f"board-{state}-small-en")


async def test_without_a_tally_it_says_that_it_tries_again(
    postgres_server: Postgres,
    nats_server: NatsServer,
    stage: Stage,
    new_page: NewPage,
    allow: Callable[..., None],
    complaints: Complaints,
) -> None:
    """A tally that has not read the log yet has nothing to show; when it has, the page shows it."""
    complaints.expect("503|ERR_CONNECTION_REFUSED")
    edition = stage.editions["live"]
    async with own_tally(postgres_server, nats_server, edition) as (host, settings):
        host.cut = "/v1/editions"
        async with open_tally(replace(settings, ballot_url=stage.host.url), Pace()) as tally:
            allow(tally.url, stage.host.url)
            page = await new_page(url=f"{tally.url}/board#live")
            await expect(page.get_by_role("alert")).to_contain_text("正在自动重试")
            await look(page, "board-no-tally-phone")
            host.cut = None
            await expect(page.locator(".board h1")).to_be_visible()


async def test_without_an_edition_it_says_so(
    stage: Stage, new_page: NewPage, allow: Callable[..., None]
) -> None:
    """Before anything is announced there is nothing to choose, and the page says that."""
    async with open_city_host() as empty:
        settings = replace(stage.settings, ballot_url=empty.url)
        async with open_tally(settings, Pace()) as tally:
            allow(tally.url, empty.url)
            page = await new_page(url=f"{tally.url}/board")
            await expect(page.get_by_text("还没有公布任何一届投票")).to_be_visible()
            await look(page, "board-none-phone")


async def test_an_unknown_edition_is_said_to_be(
    open_board: OpenBoard, complaints: Complaints
) -> None:
    """A wrong name in the address leads to the editions that there are."""
    complaints.expect("404")
    page = await open_board("nowhere", "phone")
    await expect(page.get_by_text("计票服务里还没有这一届投票")).to_be_visible()
    await look(page, "board-unknown-phone")
    await page.locator("a.button", has_text="投票进行中").first.click()
    await expect(page.locator(".board h1")).to_be_visible()


# What it shows is what was counted.


async def test_bars_and_tables_say_the_same(open_board: OpenBoard, stage: Stage) -> None:
    """Each initiative has its count beside its bar and in the table, highest first."""
    page = await open_board("live", "desktop")
    await page.locator(".ranking").get_by_role("button", name="显示表格").click()
    await expect(page.locator(".ranking table")).to_be_visible()
    counted = stage.editions["live"].count().counts
    rows = await page.locator(".ranking tbody tr").all_inner_texts()
    bars = await page.locator(".bar-row").evaluate_all(
        """rows => rows.map(
            (row) => [row.dataset.id, row.querySelector(".bar-count").firstChild.data])"""
    )
    assert {id_: int(count) for id_, count in bars} == counted
    assert [int(count) for _, count in bars] == sorted(counted.values(), reverse=True)
    assert [row.split("\t")[3] for row in rows] == [count for _, count in bars]


async def test_the_turnout_table_adds_up(open_board: OpenBoard, stage: Stage) -> None:
    """The hours of the table have all voters, the newest on top."""
    page = await open_board("sealed", "desktop")
    await page.locator(".turnout").get_by_role("button", name="显示表格").click()
    await expect(page.locator(".turnout table")).to_be_visible()
    cells = [row.split("\t") for row in await page.locator(".turnout tbody tr").all_inner_texts()]
    voters = stage.editions["sealed"].count().voters
    assert sum(int(row[1]) for row in cells) == int(cells[0][3]) == voters
    assert len(cells) > 20


async def test_the_draw_is_done_again(open_board: OpenBoard) -> None:
    """The browser orders the tied by itself, and says that it agrees."""
    page = await open_board("drawn", "desktop")
    await page.locator("summary").click()
    await expect(page.get_by_text("与公布的结果一致")).to_be_visible()
    await look(page, "board-draw-desktop")


async def test_figures_can_be_taken_along(open_board: OpenBoard, stage: Stage) -> None:
    """As CSV, as a picture, and all ballots as a Pabulib file, which add up to the counts."""
    page = await open_board("certified", "desktop")
    saved = {name: await save(page, name) for name in ("得票 CSV", "投票进度 CSV", ".pb", "PNG")}
    counted = stage.editions["certified"].count()
    rows = saved["得票 CSV"].decode("utf-8-sig").splitlines()[1:]
    assert {row.split(",")[1]: int(row.split(",")[4]) for row in rows} == counted.counts
    hours = saved["投票进度 CSV"].decode("utf-8-sig").splitlines()[1:]
    assert sum(int(hour.split(",")[1]) for hour in hours) == counted.voters
    read = parse_pb(saved[".pb"], "certified.pb")
    assert {one.id: one.votes for one in read.projects} == counted.counts
    with Image.open(BytesIO(saved["PNG"])) as picture:
        assert (picture.format, picture.width) == ("PNG", 1920)


async def save(page: Page, name: str) -> bytes:
    """What the button with this name saves."""
    async with page.expect_download() as download:
        await page.locator(".downloads .button", has_text=name).click()
    return Path(await (await download.value).path()).read_bytes()


# How it is operated.


async def test_the_big_screen_is_entered_and_left(open_board: OpenBoard) -> None:
    """By its button, in both languages at once, and left with it again."""
    page = await open_board("live", "desktop")
    await page.get_by_role("button", name="大屏模式").click()
    await expect(page.get_by_text("Ten actions for the people, 2027")).to_be_visible()
    await page.locator(".hall-button").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Ten actions for the people, 2027")).to_have_count(0)


async def test_keys_alone_open_a_table(open_board: OpenBoard) -> None:
    """Tab reaches the button, which shows its focus, and Enter opens the table."""
    page = await open_board("live", "desktop")
    button = page.locator(".ranking").get_by_role("button", name="显示表格")
    await expect(button).to_be_visible()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await button.evaluate("one => one === document.activeElement"):
            break
    outline = await button.evaluate("one => getComputedStyle(one).outlineStyle")
    await page.keyboard.press("Enter")
    await expect(page.locator(".ranking table")).to_be_visible()
    assert outline == "solid"


# Live.


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def poll(new_web_poll: NewWebPoll) -> Poll:
    """An open edition at the installation whose counts are public at once."""
    poll: Poll = await new_web_poll("board-live", seats=3, initiatives=6, max_choices=6)
    await poll.vote(0, "i01")
    return poll


def board_url(installation: Installation, edition: str) -> str:
    return f"{installation.tally_url}/board#{edition}"


def count_of(page: Page, id_: str) -> str:
    return f".bar-row[data-id={id_}] .bar-count"


async def test_bars_move_while_votes_arrive(
    installation: Installation, new_page: NewPage, poll: Poll
) -> None:
    """A ballot that is cast shows by itself, and who has most goes to the top."""
    page = await new_page("desktop", url=board_url(installation, poll.edition))
    await expect(page.locator(count_of(page, "i05"))).to_contain_text("0")
    for number in range(100, 112):
        await poll.vote(number, "i05", "i06")
    await expect(page.locator(count_of(page, "i05"))).to_contain_text("12")
    await expect(page.locator(".bar-row").first).to_have_attribute("data-id", "i05")
    await expect(page.locator('[data-state="live"]')).to_be_visible()
    await until_true(page, "document.querySelector('.bar-fill').getBoundingClientRect().width")


async def test_without_consent_nothing_moves(
    installation: Installation, new_page: NewPage, poll: Poll
) -> None:
    """Who asks for reduced motion sees new figures without any animation."""
    url = board_url(installation, poll.edition)
    page = await new_page("desktop", url=url, reduced_motion="reduce")
    await expect(page.locator(count_of(page, "i02"))).to_contain_text("0")
    await page.evaluate(
        """() => {
          window.ran = 0;
          Element.prototype.animate = () => { window.ran += 1; };
          for (const kind of ["transitionrun", "animationstart"])
            document.addEventListener(kind, () => { window.ran += 1; });
        }"""
    )
    for number in range(200, 230):
        await poll.vote(number, "i02")
    await expect(page.locator(".bar-row").first).to_have_attribute("data-id", "i02")
    assert await page.evaluate("window.ran") == 0


CLOCK_FAST_BY = """
  window.Date = class extends Date {
    constructor(...given) { super(...(given.length > 0 ? given : [Date.now()])); }
    static now() { return super.now() + %d; }
  };
"""
"""A device whose clock is so many milliseconds fast."""


async def test_a_device_whose_clock_is_wrong_counts_down_by_the_tallys(
    stage: Stage, new_context: NewContext, allow: Callable[..., None]
) -> None:
    """An hour fast, half an hour before the opening, on a night when nothing else is sent."""
    allow(stage.tally.url, stage.host.url)
    context = await new_context("phone")
    await context.add_init_script(CLOCK_FAST_BY % 3_600_000)
    page = await context.new_page()
    await page.goto(f"{stage.tally.url}/board#soon")
    await expect(page.get_by_role("timer")).to_have_text(re.compile(r"^00:2\d:\d\d$"))
    opens = stage.editions["soon"].manifest.opens_at
    assert opens is not None
    assert await page.evaluate("Date.now()") > opens.timestamp() * 1000


async def test_the_seal_opens_by_itself_after_the_close(
    postgres_server: Postgres,
    nats_server: NatsServer,
    new_page: NewPage,
    allow: Callable[..., None],
) -> None:
    """First that it is being opened, then the result that waits, then the certified one."""
    edition = CityEdition("opened", "at-close", times=OVER)
    edition.prepare()
    edition.vote(200)
    async with (
        own_tally(postgres_server, nats_server, edition) as (host, settings),
        open_tally(settings, Pace()) as tally,
    ):
        await tally.counted(edition)
        allow(tally.url, host.url)
        page = await new_page("hall", url=f"{tally.url}/board#edition=opened&screen=hall")
        await expect(page.get_by_text("选项密封中")).to_be_visible()
        assert await page.locator(".bar-row").count() == 0
        edition.close()
        host.cut = "/openings/"
        host.show(edition)
        await expect(page.get_by_text("正在启封计票").first).to_be_visible()
        assert await page.locator(".bar-row").count() == 0
        await assert_one_screen(page)
        await look(page, "board-opening-hall", whole=False)
        host.cut = None
        await expect(page.get_by_text("投票已结束，等待确认结果")).to_be_visible()
        winners = edition.current.result(edition.count().counts).winners
        await assert_leads(page, winners)
        edition.report_issuance()
        edition.certify()
        host.show(edition)
        await expect(page.get_by_text("结果已确认").first).to_be_visible()
        await assert_leads(page, winners)


async def assert_leads(page: Page, winners: Sequence[str]) -> None:
    """The bars above the line are these, in this order."""
    shown = await page.locator(".bar-row.in").evaluate_all("rows => rows.map(r => r.dataset.id)")
    assert shown == list(winners)


# Trouble.


@asynccontextmanager
async def own_tally(
    postgres: Postgres, nats: NatsServer, edition: CityEdition
) -> AsyncIterator[tuple[CityHost, Settings]]:
    """Host and settings of a tally process that may be ended."""
    async with open_city_host() as host, tally_settings(postgres, nats, host) as settings:
        host.show(edition)
        yield host, settings


async def test_it_goes_on_by_itself_after_a_restart(
    postgres_server: Postgres,
    nats_server: NatsServer,
    new_page: NewPage,
    allow: Callable[..., None],
    complaints: Complaints,
) -> None:
    """While the tally is away the page says how old its figures are; then it catches up."""
    complaints.expect(
        "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET"
    )
    edition = CityEdition("restarted")
    edition.prepare()
    edition.vote(150)
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    async with own_tally(postgres_server, nats_server, edition) as (host, settings):
        async with serving(settings, port) as (process, tally):
            await tally.counted(edition)
            allow(tally.url, host.url)
            url = f"{tally.url}/board#edition=restarted&screen=hall"
            page = await new_page("hall", url=url)
            await expect(page.get_by_test_id("voters")).to_have_text("150")
            await expect(page.locator(".plot canvas")).to_be_visible()
            process.kill()
            await process.wait()
        await expect(page.locator('[data-state="late"]')).to_contain_text("数据延迟")
        await look(page, "board-late-hall", whole=False)
        edition.cast_many(10, first=1000)
        host.show(edition)
        async with serving(settings, port) as (_, tally):
            await tally.counted(edition)
            await expect(page.get_by_test_id("voters")).to_have_text("160", timeout=30_000)
            await expect(page.locator('[data-state="live"]')).to_be_visible()


async def test_it_says_when_the_tally_is_behind(
    postgres_server: Postgres,
    nats_server: NatsServer,
    new_page: NewPage,
    allow: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While entries are still being verified it says how many are left."""
    monkeypatch.setattr("services.tally.evidence.CHUNK", 256)
    edition = CityEdition("behind")
    edition.prepare()
    edition.vote(400)
    async with own_tally(postgres_server, nats_server, edition) as (host, settings):
        host.cut = "/entries/001"
        async with open_tally(settings, Pace()) as tally:
            allow(tally.url, host.url)
            await tally.until("behind", lambda now: now.size == 256)
            page = await new_page("desktop", url=f"{tally.url}/board#behind")
            await expect(page.locator('[data-state="catching-up"]')).to_contain_text("还差 148 条")
            await look(page, "board-behind-desktop")
            host.cut = None
            await expect(page.locator('[data-state="live"]')).to_be_visible()


async def test_the_clock_of_the_vote_is_the_citys(open_board: OpenBoard, stage: Stage) -> None:
    """The closing time is shown as the clock of the city hall has it, wherever the reader is."""
    page = await open_board("live", "desktop", timezone_id="America/New_York")
    closes = stage.editions["live"].manifest.closes_at
    assert closes is not None
    there = (closes.replace(tzinfo=None) + timedelta(hours=8)).strftime("%H:%M")
    await expect(page.locator(".board-when")).to_contain_text(there)
