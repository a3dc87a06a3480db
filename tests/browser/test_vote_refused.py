"""The voting page when a service lies, refuses, or asks to wait."""

import json

import msgspec
import pytest
from playwright.async_api import Route, expect

from shared.edition.credential import generate_issuer_key, issuer_spki
from tests.browser.conftest import Complaints, Language, NewPage
from tests.browser.looks import look
from tests.browser.vote_fixtures import NewBooth
from tests.browser.voting import KEEP, KEPT, Booth, VoteAt

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = r"Failed to load resource: the server responded with a status of \d\d\d"
REGISTRATION = "**/registration"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_edition_that_there_is_not(
    new_page: NewPage,
    by_roll: VoteAt,
    by_phone: VoteAt,
    complaints: Complaints,
    language: Language,
) -> None:
    """The page says so, names it, and leads to those that there are."""
    complaints.expect(REFUSED)
    page = await new_page("phone", language)
    await page.goto(f"{by_roll.installation.ballot_url}/vote#ten-1926")
    await expect(page.get_by_role("alert")).to_contain_text("ten-1926")
    await look(page, f"vote-unknown-edition-phone-{language}")
    await page.locator(f"main a[href='#{by_phone.edition}']").click()
    await expect(page.locator(".hero")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_an_address_that_names_no_edition(
    new_page: NewPage, by_roll: VoteAt, by_phone: VoteAt, language: Language
) -> None:
    """Where several are open, people choose."""
    page = await new_page("phone", language, f"{by_roll.installation.ballot_url}/vote")
    await expect(page.locator(f"main a[href='#{by_roll.edition}']")).to_be_visible()
    await look(page, f"vote-choose-edition-phone-{language}")
    await page.locator(f"main a[href='#{by_phone.edition}']").click()
    await expect(page.locator(".hero")).to_be_visible()


async def test_an_issuer_key_that_is_not_the_one_in_the_log(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """Nothing is blinded, and nothing is sent to the registrar: not even who it is."""
    booth = await new_booth()
    key = issuer_spki(generate_issuer_key().public_key())

    async def lie(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        encoded = json.loads(msgspec.json.encode(key))
        await route.fulfill(response=answer, json={**told, "issuer_key": encoded})

    await booth.page.route(REGISTRATION, lie)
    await booth.enter()
    await booth.page.locator("form input").fill(booth.who.identity_number)
    await booth.submit()
    title = booth.page.get_by_role("heading", name="签发公钥不一致，已停止")
    await expect(title).to_be_visible()
    await look(booth.page, "vote-wrong-issuer-phone-zh", whole=False)
    assert booth.posted == []
    await booth.page.unroute(REGISTRATION)
    await booth.button("再试一次").click()
    await booth.identify()


async def test_an_issuer_key_that_changes_on_the_way(new_booth: NewBooth) -> None:
    """It is compared again before the blinded message is sent."""
    booth = await new_booth()
    await booth.enter()
    await booth.identify()
    key = issuer_spki(generate_issuer_key().public_key())

    async def lie(route: Route) -> None:
        answer = await route.fetch()
        encoded = json.loads(msgspec.json.encode(key))
        await route.fulfill(response=answer, json={**await answer.json(), "issuer_key": encoded})

    await booth.page.route(REGISTRATION, lie)
    await booth.enter_code()
    await expect(booth.page.get_by_role("heading", name="签发公钥不一致")).to_be_visible()
    assert booth.posts("/credentials") == []


async def test_a_log_that_does_not_prove_its_entries(new_booth: NewBooth) -> None:
    """A server that shows another roll commitment than the log has is found out."""
    booth = await new_booth()

    async def lie(route: Route) -> None:
        answer = await route.fetch()
        body = (await answer.body()).replace(b'"RollCommitted"', b'"RollCommitteD"')
        await route.fulfill(response=answer, body=body)

    await booth.page.route("**/tile/entries/**", lie)
    await booth.enter()
    await booth.page.locator("form input").fill(booth.who.identity_number)
    await booth.submit()
    title = booth.page.get_by_role("heading", name="公开日志有问题，已停止")
    await expect(title).to_be_visible()
    await look(booth.page, "vote-wrong-log-phone-zh", whole=False)
    assert booth.posted == []


async def test_a_receipt_that_proves_nothing(new_booth: NewBooth) -> None:
    """A 201 is not enough: without a proof that holds, the vote is not said to be counted."""
    booth = await new_booth()

    async def lie(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        lines = told["proof"].split("\n")
        lines[2] = f"{'B' if lines[2][0] == 'A' else 'A'}{lines[2][1:]}"
        await route.fulfill(response=answer, json={**told, "proof": "\n".join(lines)})

    await booth.to_review()
    await booth.page.route("**/ballots", lie)
    await booth.cast()
    await expect(booth.page.get_by_text("回执没有通过核验", exact=True)).to_be_visible()
    await booth.is_not_counted()
    await look(booth.page, "vote-unproven-phone-zh", whole=False)
    await booth.page.unroute("**/ballots")
    await booth.button("马上再试").click()
    await booth.is_counted()


async def test_the_receipt_of_another_ballot(new_booth: NewBooth) -> None:
    """A good receipt of somebody else's ballot does not count as one's own."""
    first, second = await new_booth(), await new_booth()
    receipts: list[str] = []

    async def keep(route: Route) -> None:
        answer = await route.fetch()
        receipts.append(await answer.text())
        await route.fulfill(response=answer)

    await first.page.route("**/ballots", keep)
    await first.vote()
    await second.to_review()
    await second.page.route(
        "**/ballots",
        lambda route: route.fulfill(status=201, content_type="application/json", body=receipts[0]),
    )
    await second.cast()
    await expect(second.page.get_by_text("回执没有通过核验", exact=True)).to_be_visible()
    await second.is_not_counted()


async def test_a_kept_receipt_of_another_ballot(new_booth: NewBooth) -> None:
    """A page that is opened again says "counted" of a ballot of the voter's own key alone."""
    first, second = await new_booth(), await new_booth()
    await first.vote()
    await second.vote()
    other = await second.page.evaluate(KEPT, second.at.edition)
    own = await first.page.evaluate(KEPT, first.at.edition)
    await first.page.evaluate(KEEP, [first.at.edition, {**own, "receipt": other["receipt"]}])
    await first.page.reload()
    await expect(first.page.get_by_text("回执没有通过核验", exact=True)).to_be_visible()
    await expect(first.page.locator(".success")).to_have_count(0)
    await look(first.page, "vote-receipt-of-another-phone-zh", whole=False)


async def test_a_ballot_box_that_is_busy(new_booth: NewBooth, complaints: Complaints) -> None:
    """503 says "send again": the page does so by itself, and says that nothing counts twice."""
    complaints.expect(REFUSED)
    booth = await new_booth()
    problem = {
        "type": "urn:huimin:problem:overloaded",
        "title": "Too many requests are waiting",
        "title_zh": "系统繁忙",
        "status": 503,
        "detail": "",
        "next": "Send the same request again",
        "next_zh": "请稍候再次提交",
        "retry_after_s": 1,
    }
    await booth.to_review()
    await booth.page.route("**/ballots", lambda route: route.fulfill(status=503, json=problem))
    await booth.cast()
    await expect(booth.page.get_by_text("现在投票的人很多", exact=True)).to_be_visible()
    await look(booth.page, "vote-busy-phone-zh", whole=False)
    await booth.page.unroute("**/ballots")
    await booth.is_counted()


async def test_a_hotel_that_answers_instead(new_booth: NewBooth, complaints: Complaints) -> None:
    """Somebody else's "no" says nothing about the ballot: it is kept and sent again."""
    complaints.expect(REFUSED)
    booth = await new_booth()
    await booth.to_review()
    await booth.page.route(
        "**/ballots", lambda route: route.fulfill(status=403, body="<h1>Welcome to our hotel</h1>")
    )
    await booth.cast()
    await expect(booth.page.get_by_text("暂时连不上票箱", exact=True)).to_be_visible()
    await booth.page.unroute("**/ballots")
    await booth.is_counted()


async def test_a_person_who_has_a_credential_already(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """On another device, the page says what happened and leads to the recovery card."""
    complaints.expect(REFUSED)
    first = await new_booth()
    await first.register()
    second: Booth = await new_booth()
    second.who = first.who
    await second.enter()
    await second.identify()
    await second.enter_code(seen=1)
    await expect(second.page.get_by_role("alert")).to_contain_text("已经有一部设备用您的名义")
    await look(second.page, "vote-issued-phone-zh", whole=False)
    await second.button("用恢复卡继续").click()
    await expect(second.page.locator("textarea")).to_be_visible()
