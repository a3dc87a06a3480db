"""The voting page where many ask for codes, and where no codes go out."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from cli.demo.officials import Officials
from cli.demo.registration import await_codes
from cli.installation import Installation
from shared.client.registrar import open_registrar
from shared.eligibility.views import ChallengeRequest
from tests.browser.conftest import Complaints, Language
from tests.browser.looks import look
from tests.browser.vote_fixtures import NewBooth
from tests.browser.voting import VoteAt
from tests.polls import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = r"Failed to load resource: the server responded with a status of \d\d\d"
OTHERS = "asks somebody else"
AT_A_COUNTER = {
    "zh": "我没有手机，有窗口发的密封代码",
    "en": "I have no phone, but a sealed code from a counter",
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose registrar has low caps, and puzzles."""
    caps = {
        "block_per_hour": "1",
        "person_per_hour": "2",
        "proof_of_work": "true",
        "proof_of_work_cost": "50",
    }
    with Installation(
        tmp_path_factory.mktemp("strict"),
        processes={"ballot": 1, "notify": 1, "registrar": 1},
        settings={"registrar": caps},
    ) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded(
    strict: Installation, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[VoteAt]:
    """An open edition there."""
    officials = Officials(tmp_path_factory.mktemp("officers"), strict.announcers)
    vote = VoteAt(strict, officials, "crowded")
    await vote.announce()
    await vote.open("roll")
    yield vote


async def test_puzzles_and_waiting(
    new_booth: NewBooth, crowded: VoteAt, complaints: Complaints
) -> None:
    """The first code is free, the second costs a puzzle, the third has to wait, so long."""
    complaints.expect(REFUSED)
    complaints.expect("asks somebody else")
    booth = await new_booth(at=crowded)
    await booth.enter()
    await booth.identify()
    assert booth.posts("/puzzles") == []
    for _ in range(2):
        await booth.page.go_back()
        await booth.page.locator("form input").fill(booth.who.identity_number)
        await booth.submit()
        await expect(booth.page.locator("input.code, [role=alert]")).to_be_visible()
    assert len(booth.posts("/puzzles")) >= 1
    await expect(booth.page.get_by_role("alert")).to_contain_text("请求太频繁了")
    await expect(booth.page.get_by_role("alert")).to_contain_text("分")
    button = booth.button("获取验证码")
    await expect(button).to_have_attribute("aria-disabled", "true")
    await look(booth.page, "vote-429-phone-zh", whole=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def puzzling(crowded: VoteAt) -> VoteAt:
    """The same edition once the free code of the hour was asked for."""
    somebody = ChallengeRequest(identity_number=crowded.somebody().identity_number)
    async with open_registrar(crowded.installation.registrar_url) as registrar:
        await registrar.challenge(crowded.edition, somebody)
    return crowded


async def test_a_puzzle_that_takes_its_time(
    new_booth: NewBooth, puzzling: VoteAt, complaints: Complaints
) -> None:
    """While it is solved the page says why, and how long that may take."""
    complaints.expect(REFUSED)
    complaints.expect(OTHERS)
    booth = await new_booth(at=puzzling)
    solving = asyncio.Event()

    async def hold(route: Route) -> None:
        await solving.wait()
        await route.continue_()

    await booth.page.route("**/puzzles", hold)
    await booth.enter()
    await booth.page.locator("form input").fill(booth.who.identity_number)
    await booth.submit()
    await expect(booth.page.get_by_role("status")).to_contain_text(["正在做一道计算题"])
    await look(booth.page, "vote-puzzling-phone-zh", whole=False)
    solving.set()
    await expect(booth.page.locator("input.code")).to_be_visible()


async def test_a_puzzle_that_is_not_solved(
    new_booth: NewBooth, puzzling: VoteAt, complaints: Complaints
) -> None:
    """The page says so, and the next attempt may succeed."""
    complaints.expect(REFUSED)
    complaints.expect(OTHERS)
    booth = await new_booth(at=puzzling)

    async def unknown(route: Route) -> None:
        answer = await route.fetch()
        puzzle = await answer.json()
        parameters = {**puzzle["parameters"], "algorithm": "SUDOKU"}
        await route.fulfill(response=answer, json={**puzzle, "parameters": parameters})

    await booth.page.route("**/puzzles", unknown)
    await booth.enter()
    await booth.page.locator("form input").fill(booth.who.identity_number)
    await booth.submit()
    await expect(booth.page.get_by_role("alert")).to_contain_text("计算题没有做出来")
    await look(booth.page, "vote-unsolved-phone-zh", whole=False)
    await booth.page.unroute("**/puzzles")
    await booth.submit()
    await expect(booth.page.locator("input.code")).to_be_visible()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def without_codes(crowded: VoteAt) -> AsyncIterator[VoteAt]:
    """The same edition while notify is down, and the registrar knows it."""
    notify = crowded.installation.services["notify-0"]
    async with open_registrar(crowded.installation.registrar_url) as registrar:

        async def failing() -> bool:
            return (await registrar.registration(crowded.edition)).codes == "failing"

        await asyncio.to_thread(notify.stop)
        # What becomes of a message has the registrar look at once, and not in half a minute.
        somebody = ChallengeRequest(identity_number=crowded.somebody().identity_number)
        await registrar.challenge(crowded.edition, somebody)
        await until(failing)
        yield crowded
        notify.start()
        await asyncio.to_thread(notify.wait_ready)
        await await_codes(registrar, crowded.edition)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_codes_go_out(
    new_booth: NewBooth, without_codes: VoteAt, complaints: Complaints, language: Language
) -> None:
    """Everybody is told before they ask, and again when they do; a counter's code works."""
    complaints.expect(REFUSED)
    complaints.expect(OTHERS)
    booth = await new_booth("phone", language, at=without_codes)
    await booth.enter()
    await expect(booth.page.locator(".notice.warn")).to_be_visible()
    await booth.page.locator("form input").fill(booth.who.identity_number)
    await booth.submit()
    await expect(booth.page.get_by_role("alert")).to_be_visible()
    await look(booth.page, f"vote-no-codes-phone-{language}")
    await booth.button(AT_A_COUNTER[language]).click()
    code, number = booth.page.locator("form input").nth(0), booth.page.locator("form input").nth(1)
    await code.fill(await without_codes.counter_code())
    await number.fill(booth.who.identity_number)
    await booth.submit()
    await expect(booth.page.locator(".choices")).to_be_visible()
