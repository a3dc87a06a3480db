"""The voting page where a browser keeps nothing, or not enough, or gives it no cryptography."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.conftest import ARGUMENTS, SIZES, Complaints, Language, chromium
from tests.browser.looks import look
from tests.browser.vote_fixtures import NewBooth
from tests.browser.voting import Answers, VoteAt

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = r"Failed to load resource|ERR_FAILED|ERR_INTERNET_DISCONNECTED"
NO_STORAGE = "Object.defineProperty(window, 'indexedDB', { value: undefined })"
UNSAVED = {
    "zh": {
        "refused": "这个浏览器不能保存您的记录",
        "anyway": "我知道，仍要在这里投票",
        "stay open": "本页什么也存不下",
        "unreachable": "暂时连不上票箱",
        "stay": "请不要关闭本页：这个浏览器什么也不保存",
        "kept": "保存在这部设备上",
        "save now": "请现在就保存恢复卡和回执",
        "only here": "只能用这部设备改投",
        "card": "打开恢复卡",
        "full": "这部设备存不下您的记录",
    },
    "en": {
        "refused": "This browser keeps nothing",
        "anyway": "I understand; vote here anyway",
        "stay open": "This page keeps nothing",
        "unreachable": "The ballot box cannot be reached",
        "stay": "Do not close this page: this browser keeps nothing",
        "kept": "kept on this device",
        "save now": "Save recovery card and receipt now",
        "only here": "only from this device",
        "card": "Open the recovery card",
        "full": "This device cannot keep your record",
    },
}
"""What is said where nothing is kept, and what is not."""

FULL = """() => {
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
}"""
"""From now on the device is full."""


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_browser_that_keeps_nothing(
    new_booth: NewBooth, complaints: Complaints, language: Language
) -> None:
    """Who insists is told to stay, all the way, and in the end to save card and receipt now."""
    complaints.expect(LOST)
    booth = await new_booth("phone", language)
    page, said, name = booth.page, UNSAVED[language], f"phone-{language}"
    await page.add_init_script(NO_STORAGE)
    await booth.enter()
    await expect(page.get_by_role("heading", name=said["refused"])).to_be_visible()
    await look(page, f"vote-no-storage-{name}", whole=False)
    await booth.button(said["anyway"]).click()
    await expect(page.locator(".hero")).to_be_visible()
    await look(page, f"vote-unsaved-1-identify-{name}", whole=False)
    await booth.identify()
    await booth.enter_code()
    await booth.choose(2)
    await booth.review()
    await expect(page.get_by_text(said["stay open"])).to_be_visible()
    answers = Answers(page)
    await answers.lose()
    await booth.cast()
    await expect(page.locator(".notice.warn").last).to_contain_text(said["unreachable"])
    await expect(page.get_by_text(said["stay"])).to_be_visible()
    await expect(page.get_by_text(said["kept"])).to_have_count(0)
    await look(page, f"vote-unsaved-4-casting-{name}", whole=False)
    await answers.arrive()
    await booth.is_counted()
    await expect(page.get_by_role("alert")).to_contain_text(said["save now"])
    await expect(page.get_by_text(said["only here"])).to_have_count(0)
    await look(page, f"vote-unsaved-5-counted-{name}")
    await booth.button(said["card"]).click()
    await expect(page.locator(".recovery .qr")).to_be_visible()


async def test_no_connection_where_nothing_is_kept(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """The page says that the ballot is in this page only, and sends it when the network is back."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.page.add_init_script(NO_STORAGE)
    await booth.enter()
    await booth.button(UNSAVED["zh"]["anyway"]).click()
    await booth.identify()
    await booth.enter_code()
    await booth.choose(2)
    await booth.review()
    await booth.page.context.set_offline(True)
    await booth.cast()
    await expect(booth.page.locator(".notice.warn").last).to_contain_text("它只在本页里")
    await booth.page.context.set_offline(False)
    await booth.is_counted()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_device_that_is_full(new_booth: NewBooth, language: Language) -> None:
    """What cannot be saved is said, the vote goes on, and in the end all is saved by hand."""
    booth = await new_booth("phone", language)
    page, said = booth.page, UNSAVED[language]
    await booth.register()
    await page.evaluate(FULL)
    await booth.choose(1)
    await expect(page.get_by_role("alert")).to_contain_text(said["full"])
    await page.evaluate("scrollTo(0, 0)")
    await look(page, f"vote-not-saved-phone-{language}", whole=False)
    await booth.review()
    await booth.cast()
    await booth.is_counted()
    await expect(page.get_by_role("alert")).to_contain_text(said["save now"])


@pytest_asyncio.fixture(loop_scope="session")
async def somewhere() -> AsyncIterator[Browser]:
    """A browser for which `vote.example` is this machine: an origin that is not secure."""
    async with chromium([*ARGUMENTS, "--host-resolver-rules=MAP vote.example 127.0.0.1"]) as one:
        yield one


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_page_without_https(
    somewhere: Browser, by_roll: VoteAt, language: Language
) -> None:
    """Without cryptography nobody can vote: the page says what is missing."""
    context = await somewhere.new_context(locale="zh-CN", **SIZES["phone"])
    page = await context.new_page()
    port = urlsplit(by_roll.url).port
    await page.goto(f"http://vote.example:{port}/vote#{by_roll.edition}")
    if language == "en":
        await page.get_by_role("button", name="English").click()
    await expect(page.locator(".notice.bad")).to_contain_text("https")
    await look(page, f"vote-insecure-phone-{language}", whole=False)
    await context.close()
