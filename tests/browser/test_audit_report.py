"""The audit's page in a browser: accessible, and readable on a phone as on paper."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from cli.audit.page import audit_page
from tests.audits import audited, certified
from tests.browser.conftest import NewContext
from tests.browser.looks import look

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime(2027, 4, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_the_page_of_a_verified_audit(
    new_context: NewContext, tmp_path: Path, size: str
) -> None:
    """The verdict, the ranking, the checks; nothing is fetched."""
    page = await (await new_context(size)).new_page()
    await page.set_content(audit_page(await audited(certified().write(tmp_path)), NOW))
    await expect(page.locator(".verdict.verified")).to_contain_text("核验通过")
    await look(page, f"audit-report-{size}-zh", bilingual=True)
