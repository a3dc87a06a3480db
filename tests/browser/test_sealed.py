"""While choices are sealed no answer and no page says what they are.

All voters choose the same initiative of four. So whatever knows a choice treats it otherwise than
the three that nobody chose, and that is looked for, besides figures and secrets.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from cli.installation import Installation
from shared.edition.views import Receipt
from shared.log.tiles import bundles_of
from tests.browser.conftest import Complaints, NewContext, NewWebPoll
from tests.polls import Poll

pytestmark = pytest.mark.asyncio(loop_scope="session")

EDITION: Final = "all-sealed"
CHOSEN: Final = "initiative-03"
VOTERS: Final = 8

FIGURES: Final = re.compile(r'"counts":\s*[\[{]|"result":\s*\{|"choices":|"salt":|"winners"')
"""What would say how anybody voted, or how many did."""

KEEP_ANSWERS: Final = """
  window.answers = {};
  const ask = window.fetch;
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (!answer.body) return answer;
    const [one, other] = answer.body.tee();
    (async () => {
      const text = other.pipeThrough(new TextDecoderStream()).getReader();
      window.answers[answer.url] ??= "";
      for (;;) {
        const { done, value } = await text.read();
        if (done) return;
        window.answers[answer.url] += value;
      }
    })().catch(() => undefined); // the page left the stream
    return new Response(one, answer);
  };
"""
"""Keeps every byte that the page is answered, of streams too; the page does not notice."""


def betrayals(said: Mapping[str, str], poll: Poll) -> list[str]:
    """Where a choice shows: by figures, a ballot's salt, or an initiative that stands out."""
    salts = [ballot.salt for _, ballot in poll.builder.ballots]
    secrets = [msgspec.json.encode(salt).decode().strip('"') for salt in salts]
    return [
        where
        for where, text in said.items()
        if FIGURES.search(text)
        or any(secret in text for secret in secrets)
        or len({text.count(id_) for id_ in poll.builder.ids}) > 1
    ]


@pytest_asyncio.fixture(loop_scope="session")
async def poll(new_web_poll: NewWebPoll) -> Poll:
    """An edition under seal, with ballots that all name the same initiative."""
    poll: Poll = await new_web_poll(
        EDITION, disclosure="at-close", seats=2, initiatives=4, prefix="initiative-"
    )
    for number in range(VOTERS):
        await poll.vote(number, CHOSEN)
    await poll.sync()
    return poll


async def test_sealed_choices_leak_nowhere(
    installation: Installation, new_context: NewContext, poll: Poll, complaints: Complaints
) -> None:
    """Not in any public answer, file or stream, nor in what the three pages get and show."""
    complaints.expect(r"404 .*/registration")  # its roll is the test's, not a registrar's
    receipt = (await poll.cast(poll.builder.ballots[0][1])).receipt()
    said = await public_answers(installation, poll)
    context = await new_context("desktop")
    await context.add_init_script(KEEP_ANSWERS)
    said |= await board(context, installation, poll)
    said |= await vote(context, installation)
    said |= await check(context, installation, receipt)
    kinds = {"stream", "turnout", "ballots.pb", "tally", EDITION, "CSV", "board", "vote", "check"}
    assert kinds <= {where.rpartition("/")[2].rpartition(" ")[2] for where in said}
    assert betrayals(said, poll) == []


async def public_answers(installation: Installation, poll: Poll) -> dict[str, str]:
    """What every path of the log and the tally answers to whoever asks."""
    size = await poll.size()
    bundles = [one.path for kind in ("entries", "openings") for one in bundles_of(size, kind)]
    log = ["checkpoint", f"proof/{size - 1}", *bundles]
    edition = f"/v1/editions/{EDITION}"
    tally = [f"{edition}/tally", f"{edition}/tally/turnout", f"{edition}/tally/ballots.pb"]
    said = {}
    for at, paths in (
        (poll, ["/v1/editions", edition, "/metrics", *(f"/log/{EDITION}/{one}" for one in log)]),
        (poll.at(installation.tally_url), [*tally, "/metrics", "/ready"]),
    ):
        for path in paths:
            said[f"{at.url}{path}"] = (await at.get(path)).body.decode(errors="replace")
    return said


async def board(context: BrowserContext, installation: Installation, poll: Poll) -> dict[str, str]:
    """The dashboard while a ballot arrives, and the one file that it offers."""
    page = await context.new_page()
    await page.goto(f"{installation.tally_url}/board#{EDITION}")
    await expect(page.get_by_test_id("voters")).to_have_text(str(VOTERS))
    await poll.vote(VOTERS, CHOSEN)
    await poll.sync()
    await expect(page.get_by_test_id("voters")).to_have_text(str(VOTERS + 1))
    await page.locator(".turnout button[aria-expanded]").click()
    buttons = page.locator(".downloads .button")
    await expect(buttons).to_have_text(["投票进度 CSV"])
    async with page.expect_download() as download:
        await buttons.click()
    file = Path(await (await download.value).path()).read_text(encoding="utf-8")
    said = await everything(page, "board")
    stream = next(text for where, text in said.items() if where.endswith("/stream"))
    assert f'"voters":{VOTERS + 1}' in stream
    assert await page.locator(".bar-row, .bar-fill, .bar-count").count() == 0
    shown = await page.locator(".board-main").inner_text()
    assert not re.search(rf"\b({VOTERS}|{VOTERS + 1})\b", shown), shown
    return {**said, "turnout CSV": file}


async def vote(context: BrowserContext, installation: Installation) -> dict[str, str]:
    """The voting page of somebody who has not voted."""
    page = await context.new_page()
    await page.goto(f"{installation.ballot_url}/vote#{EDITION}")
    await expect(page.locator("h1")).to_be_visible()
    return await everything(page, "vote")


async def check(
    context: BrowserContext, installation: Installation, receipt: Receipt
) -> dict[str, str]:
    """The receipt check with the receipt of a ballot: it has no choice in it either."""
    page = await context.new_page()
    await page.goto(f"{installation.ballot_url}/check")
    await page.locator("#receipt").fill(msgspec.json.encode(receipt).decode())
    await page.locator("button[type=submit]").click()
    await expect(page.get_by_role("heading", name="核验通过")).to_be_visible()
    await page.locator("summary").click()
    return await everything(page, "check")


async def everything(page: Page, name: str) -> dict[str, str]:
    """All that the page was answered, and the whole document as it stands."""
    answers: dict[str, str] = await page.evaluate("window.answers")
    return {**answers, f"page {name}": await page.content()}
