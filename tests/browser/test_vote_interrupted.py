"""The voting page when something comes between: no vote is lost, none counts twice."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import Complaints, NewContext
from tests.browser.looks import look
from tests.browser.vote_fixtures import NewBooth, NewVote
from tests.browser.voting import Answers, Booth, VoteAt

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = r"Failed to load resource|ERR_FAILED|ERR_INTERNET_DISCONNECTED"


async def reopened(booth: Booth) -> Booth:
    """The same device and person, after the tab was closed."""
    context = booth.page.context
    await booth.page.close(run_before_unload=False)
    again = Booth(await context.new_page(), booth.at)
    again.who = booth.who
    await again.enter()
    return again


async def test_an_answer_that_is_lost(
    new_booth: NewBooth, by_roll: VoteAt, complaints: Complaints
) -> None:
    """The same ballot is sent again: one entry in the log, one receipt, never "counted" early."""
    complaints.expect(LOST)
    booth = await new_booth()
    answers = Answers(booth.page)
    await booth.to_review()
    size = (await by_roll.view()).size
    await answers.lose()
    await booth.cast()
    await expect(booth.page.get_by_text("暂时连不上票箱", exact=True)).to_be_visible()
    await booth.is_not_counted()
    await look(booth.page, "vote-unreachable-phone-zh", whole=False)
    await answers.arrive()
    await booth.is_counted()
    assert answers.taken > 0
    assert (await by_roll.view()).size == size + 1
    assert len({post.post_data for post in booth.posts("/ballots")}) == 1


async def test_no_connection_in_the_middle(
    new_booth: NewBooth, by_roll: VoteAt, complaints: Complaints
) -> None:
    """The ballot waits on the device and is sent by itself when the connection is back."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.to_review()
    await booth.page.context.set_offline(True)
    await booth.cast()
    await expect(booth.page.get_by_text("没有网络", exact=True)).to_be_visible()
    await booth.is_not_counted()
    await look(booth.page, "vote-offline-phone-zh", whole=False)
    await booth.page.context.set_offline(False)
    await booth.is_counted()


async def test_no_connection_at_the_code(new_booth: NewBooth, complaints: Complaints) -> None:
    """The page says so, keeps what was typed, and goes on when it is back."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.enter()
    await booth.identify()
    await booth.page.wait_for_load_state("networkidle")
    await booth.page.context.set_offline(True)
    await booth.enter_code()
    await expect(booth.page.get_by_role("alert")).to_contain_text("没有网络")
    await booth.page.context.set_offline(False)
    await booth.submit()
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_the_tab_is_closed_at_the_code(new_booth: NewBooth) -> None:
    """The code that came is still good, and nobody has to say again who they are."""
    booth = await new_booth()
    await booth.enter()
    await booth.identify()
    await booth.kept(lambda voter: voter["challenge"] is not None)
    again = await reopened(booth)
    await expect(again.page.locator("input.code")).to_be_visible()
    await again.is_not_counted()
    await again.enter_code()
    await expect(again.page.locator(".choices")).to_be_visible()


async def test_the_tab_is_closed_while_the_credential_comes(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """The registrar signed and its answer was lost: the same message gets the same answer."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.enter()
    await booth.identify()

    async def take(route: Route) -> None:
        assert (await route.fetch()).status == 201
        await route.abort()

    await booth.page.route("**/credentials", take)
    await booth.enter_code()
    await expect(booth.page.get_by_role("alert")).to_be_visible()
    again = await reopened(booth)
    await again.enter_code()
    await expect(again.page.locator(".choices")).to_be_visible()


async def test_the_tab_is_closed_while_choosing(new_booth: NewBooth) -> None:
    """What was chosen is still chosen."""
    booth = await new_booth()
    await booth.register()
    await booth.choose(4)
    await booth.kept(lambda voter: len(voter["draft"]) == 4)
    again = await reopened(booth)
    await expect(again.page.locator(".chosen-count")).to_contain_text("4/10")
    await again.is_not_counted()


async def test_the_tab_is_closed_at_the_review(new_booth: NewBooth) -> None:
    """The review is there again, and nothing was cast."""
    booth = await new_booth()
    await booth.to_review()
    await booth.kept(lambda voter: voter["place"] == "review")
    again = await reopened(booth)
    await expect(again.page.locator("button.cast")).to_be_visible()
    await again.is_not_counted()
    assert booth.posts("/ballots") == []
    await again.cast()
    await again.is_counted()


async def test_the_tab_is_closed_while_the_ballot_is_sent(
    new_booth: NewBooth, by_roll: VoteAt, complaints: Complaints
) -> None:
    """The server took the ballot and nobody saw the answer: opened again, the page gets it."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.to_review()
    size = (await by_roll.view()).size
    answers = Answers(booth.page)
    await answers.lose()
    await booth.cast()
    await expect(booth.page.get_by_text("暂时连不上票箱", exact=True)).to_be_visible()
    again = await reopened(booth)
    await again.is_counted()
    assert (await by_roll.view()).size == size + 1
    assert again.posts("/ballots")[0].post_data == booth.posts("/ballots")[0].post_data


async def test_a_ballot_that_waits_does_not_wait_for_the_registrar(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """Opened again, the page sends it without asking the registrar anything."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.to_review()
    await Answers(booth.page).lose()
    await booth.cast()
    await expect(booth.page.get_by_text("暂时连不上票箱", exact=True)).to_be_visible()
    hanging: list[Route] = []

    async def hang(route: Route) -> None:
        hanging.append(route)

    await booth.page.context.route("**/registration", hang)
    again = await reopened(booth)
    await again.is_counted()
    assert hanging == []


async def test_the_tab_is_closed_after_the_vote(new_booth: NewBooth) -> None:
    """The receipt is there again."""
    booth = await new_booth()
    await booth.vote()
    code = await booth.receipt_code()
    await booth.kept(lambda voter: voter["receipt"] is not None)
    again = await reopened(booth)
    await again.is_counted()
    assert await again.receipt_code() == code
    assert again.posts("/ballots") == []


async def test_a_double_tap(new_booth: NewBooth, by_roll: VoteAt) -> None:
    """Two taps cast one ballot."""
    booth = await new_booth()
    await booth.to_review()
    size = (await by_roll.view()).size
    await booth.page.locator("button.cast").dblclick()
    await booth.is_counted()
    assert len(booth.posts("/ballots")) == 1
    assert (await by_roll.view()).size == size + 1


async def test_the_back_button_before_the_vote(new_booth: NewBooth) -> None:
    """It leads back step by step, and forward again, as far as that is possible."""
    booth = await new_booth()
    page = booth.page
    await booth.enter()
    await booth.identify()
    await page.go_back()
    await expect(page.locator(".hero")).to_be_visible()
    await page.go_forward()
    await booth.enter_code()
    await booth.choose(3)
    await booth.review()
    await page.go_back()
    await expect(page.locator(".chosen-count")).to_contain_text("3/10")
    await page.go_back()
    await expect(page.locator(".chosen-count")).to_contain_text("3/10")
    await booth.is_not_counted()


async def test_the_back_button_after_the_vote(new_booth: NewBooth) -> None:
    """A counted vote stays counted: no way back leads to a button that seems to cast it."""
    booth = await new_booth()
    await booth.vote()
    await booth.page.go_back()
    await booth.is_counted()
    await expect(booth.page.locator("button.cast")).to_have_count(0)


async def test_the_back_button_while_the_ballot_is_sent(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """The ballot goes on being sent, and the page goes on saying that it is not counted."""
    complaints.expect(LOST)
    booth = await new_booth()
    await booth.to_review()
    answers = Answers(booth.page)
    await answers.lose_ballots()
    await booth.cast()
    await expect(booth.page.get_by_text("暂时连不上票箱", exact=True)).to_be_visible()
    await booth.page.go_back()
    await expect(booth.page.get_by_role("heading", name="正在投出您的选票")).to_be_visible()
    await booth.is_not_counted()
    await answers.arrive()
    await booth.is_counted()


async def test_two_tabs(new_booth: NewBooth) -> None:
    """One at a time; the other one may take over, where the first one was."""
    booth = await new_booth()
    await booth.to_review()
    other = Booth(await booth.page.context.new_page(), booth.at)
    await other.enter()
    await expect(other.page.get_by_role("heading", name="投票已在另一个页面打开")).to_be_visible()
    await look(other.page, "vote-elsewhere-phone-zh", whole=False)
    await other.button("在这里继续").click()
    await expect(other.page.locator("button.cast")).to_be_visible()
    await expect(booth.page.get_by_role("heading", name="投票已在另一个页面打开")).to_be_visible()
    await other.cast()
    await other.is_counted()
    await booth.button("在这里继续").click()
    await booth.is_counted()
    assert booth.posts("/ballots") == []


async def test_the_clock_is_wrong(new_booth: NewBooth) -> None:
    """A device that lives in another year votes like any other."""
    booth = await new_booth()
    await booth.page.clock.install(time=0)
    await booth.vote()


@pytest.fixture
def closing(new_vote: NewVote) -> Callable[[], Awaitable[VoteAt]]:
    """Makes an open edition that a test may close."""

    async def make() -> VoteAt:
        vote = new_vote()
        await vote.announce()
        await vote.open("roll")
        return vote

    return make


async def test_voting_closes_in_the_meantime(
    new_booth: NewBooth, closing: Callable[[], Awaitable[VoteAt]], complaints: Complaints
) -> None:
    """The ballot came too late: the page says plainly that it is not counted."""
    complaints.expect(LOST)
    booth = await new_booth(at=await closing())
    await booth.to_review()
    await booth.at.close()
    await booth.cast()
    title = booth.page.get_by_role("heading", name="投票已经截止，这张选票没有计入")
    await expect(title).to_be_visible()
    await booth.is_not_counted()
    await look(booth.page, "vote-too-late-phone-zh", whole=False)


async def test_a_change_of_mind_that_comes_too_late(
    new_booth: NewBooth, closing: Callable[[], Awaitable[VoteAt]], complaints: Complaints
) -> None:
    """The page says that the earlier vote counts, and shows its receipt."""
    complaints.expect(LOST)
    booth = await new_booth(at=await closing())
    await booth.vote()
    code = await booth.receipt_code()
    await booth.button("我要改投").click()
    await booth.review()
    await booth.at.close()
    await booth.cast()
    await expect(booth.page.get_by_text("您上次投出的选票仍然有效")).to_be_visible()
    await look(booth.page, "vote-change-too-late-phone-zh", whole=False)
    await booth.button("看上次的回执").click()
    await booth.is_counted()
    assert await booth.receipt_code() == code


async def test_the_last_ballot_of_the_day(
    new_booth: NewBooth, closing: Callable[[], Awaitable[VoteAt]], complaints: Complaints
) -> None:
    """It got in and its answer was lost; after the close the page still gets the receipt."""
    complaints.expect(LOST)
    booth = await new_booth(at=await closing())
    await booth.to_review()
    answers = Answers(booth.page)
    await answers.lose()
    await booth.cast()
    await expect(booth.page.get_by_text("暂时连不上票箱", exact=True)).to_be_visible()
    await booth.at.close()
    await answers.arrive()
    await booth.is_counted()
    again = await reopened(booth)
    await again.is_counted()
    await expect(again.button("我要改投")).to_have_count(0)
    await look(again.page, "vote-counted-closed-phone-zh")


async def test_who_comes_after_the_close(
    new_booth: NewBooth, closing: Callable[[], Awaitable[VoteAt]]
) -> None:
    """The page says that voting has closed, and where the result is."""
    booth = await new_booth(at=await closing())
    await booth.at.close()
    await booth.enter()
    await expect(booth.page.get_by_role("heading", name="投票已经截止")).to_be_visible()
    await look(booth.page, "vote-closed-phone-zh", whole=False)


async def test_another_edition_has_a_vote_of_its_own(
    new_context: NewContext, by_roll: VoteAt, by_phone: VoteAt
) -> None:
    """One device, two editions: what is kept for one is not shown in the other."""
    context = await new_context()
    booth = Booth(await context.new_page(), by_roll)
    await booth.vote()
    await booth.page.goto(by_phone.url)
    await expect(booth.page.get_by_label("手机号码")).to_be_visible()
    await booth.page.goto(by_roll.url)
    await booth.is_counted()
