"""How pages look: accessible by axe-core, nothing cut off, in one language; and their pictures."""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

from tests.polls import until

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES: Final = os.environ.get("HUIMIN_PICTURES")
"""Where pictures go; `make pictures` names a directory. Without it none are made."""

_RUN: Final = """async () => {
  const rules = { "target-size": { enabled: true } };
  const found = await axe.run(document, { resultTypes: ["violations"], rules });
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
_SMALL_TARGETS: Final = """() => {
  const inline = (one) =>
    one.matches("a") && getComputedStyle(one).display === "inline" && one.closest("p, li, dd, td");
  const interactive = "a[href], button, input, select, textarea, summary, [role=button]";
  return [...document.querySelectorAll(interactive)]
    .filter((one) => one.checkVisibility() && one.type !== "hidden" && !inline(one))
    .filter((one) => !one.closest("[aria-hidden=true]")) // a button in sight opens it
    .map((one) => (one.matches("input, select, textarea") && one.closest("label")) || one)
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([_, { width, height }]) => width < 43.9 || height < 43.9)
    .map(([one, { width, height }]) => `${Math.round(width)} x ${Math.round(height)}: `
      + one.outerHTML.slice(0, 120));
}"""
"""What can be pressed and is smaller than 44 px, but for links within a text."""

_OTHERS: Final = """(own) => {
  const named = ["aria-label", "alt", "title", "placeholder"];
  const speaks = (one) => (one.closest("[lang]").lang || own).startsWith(own);
  const data = (one) => one.closest(".mono, script, noscript, style, textarea");
  const texts = [document.title];
  for (const one of document.body.querySelectorAll("*")) {
    if (!speaks(one) || data(one)) continue;
    texts.push(...named.map((name) => one.getAttribute(name) ?? ""));
    for (const node of one.childNodes) if (node.nodeType === Node.TEXT_NODE) texts.push(node.data);
  }
  return texts;
}"""
"""All texts and names of the page, but for those marked as another language's and for data."""

_CHINESE: Final = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_LATIN: Final = re.compile(r"[A-Za-z]{2,}")
_NAMES: Final = re.compile(
    r"huimin audit|Pabulib|\.pb\b|\bCSV\b|\bPNG\b|\bSHA-256\b|\bhttps\b|\d+(-[0-9A-Z]{4}){3}"
    r"|“[a-z0-9-]+”"
)
"""What has no Chinese name, codes of receipts, and an edition's id in quotation marks."""


async def assert_accessible(page: Page) -> None:
    """axe-core finds nothing, nothing scrolls sideways, and a finger hits what it can press."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    violations: list[dict[str, Any]] = await page.evaluate(_RUN)
    assert violations == [], json.dumps(violations, ensure_ascii=False, indent=1)
    assert await page.evaluate(_OVERFLOW) <= 0, "the page is wider than the screen"
    small: list[str] = await page.evaluate(_SMALL_TARGETS)
    assert small == [], "smaller than 44 px: " + "\n".join(small)


async def assert_translated(page: Page) -> None:
    """What is not marked as another language's is in the page's own, but for a few names."""
    own = str(await page.evaluate("document.documentElement.lang"))[:2]
    texts: list[str] = await page.evaluate(_OTHERS, own)
    foreign = _LATIN if own == "zh" else _CHINESE
    found = [text for text in texts if foreign.search(_NAMES.sub("", text))]
    assert found == [], f"not in {own}: {found}"


async def until_true(page: Page, expression: str) -> None:
    """Return when the expression is true. The pages' policy forbids `wait_for_function` to poll."""

    async def holds() -> bool:
        return bool(await page.evaluate(expression))

    await until(holds)


async def look(page: Page, name: str, *, whole: bool = True, bilingual: bool = False) -> None:
    """Check a state of a page, and take its picture as `<name>.png` where pictures are wanted.

    `bilingual`: the page says everything in both languages, side by side.
    """
    await assert_accessible(page)
    if not bilingual:
        await assert_translated(page)
    if PICTURES:
        directory = ROOT / PICTURES
        directory.mkdir(parents=True, exist_ok=True)
        await page.screenshot(
            path=directory / f"{name}.png", full_page=whole, animations="disabled"
        )
