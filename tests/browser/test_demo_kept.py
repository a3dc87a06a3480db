"""What `make demo ARGS=--keep` promises: the three addresses that it prints, in a browser."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.async_api import Browser, Page, expect

from cli.demo.inbox import open_inbox
from tests.browser.conftest import SIZES
from tests.demonstration import Addresses, kept_demonstration

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: Final = "13800138000"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """A demonstration with few voters that is kept up."""
    with kept_demonstration(tmp_path_factory.mktemp("kept") / "demo", voters=20) as printed:
        yield printed


async def test_a_person_votes_sees_the_bar_move_and_checks_the_receipt_without_a_network(
    addresses: Addresses, browser: Browser
) -> None:
    """At the first address, at the second, and at the third."""
    hall = await browser.new_page(**SIZES["hall"], locale="zh-CN")
    await hall.goto(addresses.board)
    await expect(hall.get_by_test_id("voters")).to_have_text("0")
    phone = await browser.new_context(**SIZES["phone"], locale="zh-CN")
    title = await vote(await phone.new_page(), addresses)
    bar = hall.locator(".bar-row", has_text=title)
    await expect(bar.locator(".bar-count")).to_contain_text("1")
    await expect(bar.locator(".bar-fill")).to_have_attribute("style", "width: 100%;")
    page = await phone.new_page()
    await page.goto(addresses.check)
    await expect(page.get_by_text("已可离线使用")).to_be_visible()
    await phone.set_offline(True)
    kept = page.get_by_role("group", name="此设备保存的回执").get_by_role("button")
    await kept.click()
    await expect(page.get_by_role("heading", name="核验通过")).to_be_visible()
    await expect(page.get_by_text("还没有与最新记录比对")).to_be_visible()
    await phone.close()
    await hall.close()


async def vote(page: Page, addresses: Addresses) -> str:
    """Vote for the first initiative on the page; gives its title."""
    await page.goto(addresses.vote)
    await page.locator("form input").fill(PHONE)
    await page.locator("form button[type=submit]").click()
    await expect(page.locator("input.code")).to_be_visible()
    async with open_inbox(addresses.inbox.removesuffix("/inbox")) as inbox:
        await page.locator("input.code").fill(await inbox.code(f"+86{PHONE}"))
    await page.locator("form button[type=submit]").click()
    choice = page.locator(".choice").first
    title = await choice.locator(".choice-title").inner_text()
    await choice.locator("input").click()
    await page.locator(".chosen-bar button").click()
    await page.locator("button.cast").click()
    await expect(page.locator(".receipt-code")).to_be_visible()
    return title
