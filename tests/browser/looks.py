"""How pages look: accessibility by axe-core, nothing cut off, and pictures of them."""

import json
import os
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES: Final = os.environ.get("HUIMIN_PICTURES")
"""Where pictures go; `make pictures` puts them into docs/pictures. Without it none are made."""

_RUN: Final = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.map((one) => ({
    rule: one.id,
    help: one.help,
    nodes: one.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`),
  }));
}"""
_OVERFLOW: Final = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth - clientWidth;
}"""


async def assert_accessible(page: Page) -> None:
    """No rule of axe-core is broken, and nothing makes the page scroll sideways."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    violations: list[dict[str, Any]] = await page.evaluate(_RUN)
    assert violations == [], json.dumps(violations, ensure_ascii=False, indent=1)
    assert await page.evaluate(_OVERFLOW) <= 0, "the page is wider than the screen"


async def look(page: Page, name: str, *, whole: bool = True) -> None:
    """Check a state of a page, and take its picture as `<name>.png` where pictures are wanted."""
    await assert_accessible(page)
    if PICTURES:
        directory = ROOT / PICTURES
        directory.mkdir(parents=True, exist_ok=True)
        await page.screenshot(
            path=directory / f"{name}.png", full_page=whole, animations="disabled"
        )
