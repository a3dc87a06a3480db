"""What `looks.py` finds wrong in pages, and what it lets pass."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.looks import assert_accessible, assert_translated

pytestmark = pytest.mark.asyncio(loop_scope="session")

FRAME: Final = """<!doctype html><html lang="{tag}"><title>{title}</title>
<style>button, label {{ display: block; min-width: 44px; min-height: 44px }}</style>
<main><h1>{title}</h1>{body}</main></html>"""


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """An empty page."""
    page = await browser.new_page()
    yield page
    await page.close()


async def show(page: Page, body: str, tag: str = "zh-CN", title: str = "投票") -> None:
    """Fill the page, in a language."""
    await page.set_content(FRAME.format(tag=tag, title=title, body=body))


@pytest.mark.parametrize(
    "body",
    [
        '<button style="min-height: 43px">好</button>',
        '<button style="min-width: 20px; width: 20px">好</button>',
        '<a href="#x" style="display: inline-flex">好</a>',
        '<label style="min-height: 30px"><input type="checkbox">好</label>',
    ],
)
async def test_a_target_that_is_too_small_is_found(page: Page, body: str) -> None:
    """Whichever side is short; of a field within its label the label counts."""
    await show(page, body)
    with pytest.raises(AssertionError, match="smaller than 44 px"):
        await assert_accessible(page)


async def test_targets_that_are_near_one_another_are_found_by_axe(page: Page) -> None:
    """The rule is off unless it is asked for."""
    small = '<button style="{}">好</button>'.format("min-width: 0; min-height: 0; font-size: 8px")
    await show(page, small * 3)
    with pytest.raises(AssertionError, match="target-size"):
        await assert_accessible(page)


async def test_links_in_a_text_and_large_labels_pass(page: Page) -> None:
    """WCAG exempts the former, and the latter are what a finger hits."""
    await show(page, '<p>请看<a href="#x">说明</a>。</p><label><input type="checkbox">好</label>')
    await assert_accessible(page)


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("zh-CN", "<p>发现 ballot</p>"),
        ("zh-CN", '<button aria-label="Close">×</button>'),
        ("en", "<p>Found 选票</p>"),
        ("en", '<p lang="en">Found（</p>'),
    ],
)
async def test_a_foreign_word_is_found(page: Page, tag: str, body: str) -> None:
    """In what is seen and in what is only read out."""
    await show(page, body, tag, {"zh-CN": "投票", "en": "Vote"}[tag])
    with pytest.raises(AssertionError, match="not in"):
        await assert_translated(page)


async def test_names_data_and_what_is_marked_pass(page: Page) -> None:
    """A proper name has no translation; a screen reader is told of another language."""
    body = '<p>用 huimin audit 核验 <span class="mono">abcd</span> <b lang="en">Vote</b></p>'
    await show(page, body)
    await assert_translated(page)
