"""The voting page in a browser: the whole way, in both languages, by hand and by keyboard."""

import re

import msgspec
import pypdfium2
import pytest
import zxingcpp
from playwright.async_api import Page, expect

from cli.counter.sheets import Sheets, print_sheets
from cli.progress import Silent
from shared.client.receipt import decode_receipt, verify_receipt
from shared.edition.events import BallotCast
from shared.log.note import Verifier
from tests.browser.conftest import Complaints, Language, NewPage, Size
from tests.browser.looks import look
from tests.browser.vote_fixtures import NewBooth, NewVote
from tests.browser.voting import VoteAt

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = r"Failed to load resource: the server responded with a status of 4\d\d"
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
SIZE_LIMIT = 100_000

ROOM = """input => {
  const style = getComputedStyle(input);
  const brush = document.createElement("canvas").getContext("2d");
  brush.font = style.font;
  const words = brush.measureText(input.placeholder).width;
  const clear = 1.5 * parseFloat(style.fontSize);  // the cross that clears the field
  const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  return input.clientWidth - padding - clear - words;
}"""
"""The pixels to the right of a search field's example."""


def read_slips(data: bytes) -> list[str]:
    """What the QR codes on the first page of a PDF say."""
    with pypdfium2.PdfDocument(data) as document:
        page = document[0].render(scale=3).to_pil()
    return [one.text for one in zxingcpp.read_barcodes(page)]


async def shown_texts(page: Page) -> str:
    """All that a sighted or a blind person is told, but for the switch to the other language."""
    text: str = await page.evaluate(
        """() => {
          const copy = document.body.cloneNode(true);
          copy.querySelectorAll("script, noscript, [lang]").forEach((one) => one.remove());
          const said = [...copy.querySelectorAll("[aria-label], [placeholder]")].map(
            (one) => `${one.getAttribute("aria-label")} ${one.getAttribute("placeholder")}`);
          return [document.title, copy.textContent, ...said].join(" ");
        }"""
    )
    return text


@pytest.mark.parametrize(
    ("size", "language"), [("phone", "zh"), ("phone", "en"), ("desktop", "zh")]
)
async def test_the_whole_way(
    new_booth: NewBooth, complaints: Complaints, size: Size, language: Language
) -> None:
    """Each screen says "not counted" until the one that says that it is; all are accessible."""
    booth = await new_booth(size, language)
    page, name = booth.page, f"{size}-{language}"
    await booth.enter()
    await look(page, f"vote-1-identify-{name}")
    await booth.is_not_counted()
    await booth.identify()
    await look(page, f"vote-2-code-{name}")
    await booth.is_not_counted()
    await booth.enter_code()
    await expect(page.locator(".choices")).to_be_visible()
    await booth.choose(7)
    await page.locator("h1").scroll_into_view_if_needed()
    await look(page, f"vote-3-select-{name}", whole=False)
    await booth.is_not_counted()
    await booth.review()
    await look(page, f"vote-4-review-{name}", whole=False)
    await booth.is_not_counted()
    await booth.cast()
    await booth.is_counted()
    await look(page, f"vote-5-counted-{name}")
    if language == "en":
        assert CHINESE.findall(await shown_texts(page)) == []


async def test_nothing_is_left_untranslated(new_booth: NewBooth, complaints: Complaints) -> None:
    """In English no screen has a Chinese word but the switch."""
    booth = await new_booth("phone", "en")
    seen: list[str] = []

    async def read() -> None:
        seen.extend(CHINESE.findall(await shown_texts(booth.page)))

    complaints.expect(REFUSED)
    await booth.enter()
    await read()
    for name in ("I have no phone, but a sealed code from a counter", "I have a new phone"):
        await booth.page.get_by_role("button", name=name).click()
        await expect(booth.page.locator("textarea, form input").first).to_be_visible()
        await read()
        await booth.button("Back").click()
        await expect(booth.page.locator(".hero")).to_be_visible()
    await booth.identify()
    await booth.enter_code("000000")
    await expect(booth.page.get_by_role("alert")).to_be_visible()
    await read()
    await booth.enter_code()
    await booth.choose(11)
    await read()
    await booth.review()
    await read()
    assert seen == []


async def test_the_receipt_is_good_for_anyone(new_booth: NewBooth, by_roll: VoteAt) -> None:
    """The file that the page gives out verifies under the log's key, by other software."""
    booth = await new_booth()
    await booth.vote()
    async with booth.page.expect_download() as downloading:
        await booth.button("下载回执").click()
    download = await downloading.value
    receipt = decode_receipt((await download.path()).read_bytes())
    proven = verify_receipt(receipt, Verifier.parse((await by_roll.view()).vkey))
    assert isinstance(proven.event, BallotCast)
    assert download.suggested_filename == f"huimin-receipt-{by_roll.edition}-{receipt.index}.json"
    assert (await booth.receipt_code()).startswith(f"{receipt.index}-")


async def test_the_receipt_leads_to_the_receipt_check(new_booth: NewBooth) -> None:
    """The link, which the QR code holds too, has the whole proof in it."""
    booth = await new_booth()
    await booth.vote()
    link = await booth.page.get_by_role("link", name="核验回执").first.get_attribute("href")
    assert link is not None
    assert re.search(r"/check#r=\d{300,}$", link)


async def test_a_voter_changes_their_mind(new_booth: NewBooth, by_roll: VoteAt) -> None:
    """The next ballot has the same key and the next seq; until it counts, the last one does."""
    booth = await new_booth()
    await booth.vote(2)
    first = await booth.receipt_code()
    await booth.button("我要改投").click()
    await expect(booth.page.locator(".chosen-count")).to_contain_text("2/10")
    await expect(booth.page.locator(".standing")).to_contain_text("上次的选票仍然有效")
    await booth.choose(3, first=5)
    await look(booth.page, "vote-change-phone-zh", whole=False)
    await booth.review()
    await booth.cast()
    await booth.is_counted()
    assert await booth.receipt_code() != first
    [one, other] = [msgspec.json.decode(post.post_data or "") for post in booth.posts("/ballots")]
    assert (one["seq"], other["seq"], one["key"]) == (1, 2, other["key"])


async def test_a_wrong_code_and_then_the_right_one(
    new_booth: NewBooth, complaints: Complaints
) -> None:
    """A wrong one says how many attempts are left."""
    complaints.expect(REFUSED)
    booth = await new_booth()
    await booth.enter()
    await booth.identify()
    code = await booth.at.code(booth.who.phone)
    await booth.enter_code(f"{(int(code) + 1) % 10**6:06}")
    await expect(booth.page.get_by_role("alert")).to_contain_text("还可以试 4 次")
    await look(booth.page, "vote-wrong-code-phone-zh")
    await booth.enter_code(code)
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_a_code_that_was_tried_too_often(new_booth: NewBooth, complaints: Complaints) -> None:
    """It is void; a new one, which can be sent a minute after the first, works."""
    complaints.expect(REFUSED)
    booth = await new_booth()
    await booth.page.clock.install()
    await booth.enter()
    await booth.identify()
    code = await booth.at.code(booth.who.phone)
    for attempt in range(1, 6):
        await booth.enter_code(f"{(int(code) + attempt) % 10**6:06}")
        said = f"还可以试 {5 - attempt} 次" if attempt < 5 else "已经失效"
        await expect(booth.page.get_by_role("alert")).to_contain_text(said)
    await look(booth.page, "vote-code-used-up-phone-zh")
    waiting = booth.page.get_by_role("button", name=re.compile(r"^\d+ 秒后可以重新发送$"))
    await expect(waiting).to_have_attribute("aria-disabled", "true")
    await booth.page.clock.fast_forward(60_000)
    await booth.button("重新发送验证码").click()
    await expect(booth.page.get_by_role("alert")).to_have_count(0)
    await expect(booth.page.locator("details[open]")).to_have_count(0)
    await booth.enter_code(seen=1)
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_a_number_that_is_none(new_booth: NewBooth, complaints: Complaints) -> None:
    """The page says so beside the field, and an empty one does not leave it."""
    complaints.expect(REFUSED)
    booth = await new_booth()
    await booth.enter()
    await booth.submit()
    await expect(booth.page.get_by_text("请先填写。")).to_be_visible()
    await booth.page.locator("form input").fill("330502199001011234")
    await booth.submit()
    await expect(booth.page.get_by_role("alert")).to_contain_text("身份证号码有误")
    await look(booth.page, "vote-bad-number-phone-zh")


async def test_a_counter_code(new_booth: NewBooth, complaints: Complaints) -> None:
    """Who has no phone votes with a sealed code; a wrong one is refused."""
    complaints.expect(REFUSED)
    booth = await new_booth()
    await booth.enter()
    await booth.button("我没有手机，有窗口发的密封代码").click()
    code, number = booth.page.locator("form input").nth(0), booth.page.locator("form input").nth(1)
    await code.fill("AAAA-AAAA-AAAA")
    await number.fill(booth.who.identity_number)
    await booth.submit()
    await expect(booth.page.get_by_role("alert")).to_be_visible()
    await look(booth.page, "vote-counter-phone-zh")
    await code.fill(await booth.at.counter_code())
    await booth.submit()
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_a_counters_slip(new_booth: NewBooth, by_roll: VoteAt) -> None:
    """The QR code leads to where its code is filled in, and leaves it in no address or history."""
    booth = await new_booth()
    code = await by_roll.counter_code()
    sheets = Sheets(
        edition=by_roll.edition,
        batch="1",
        voting_url=by_roll.url.removesuffix(f"#{by_roll.edition}"),
    )
    [slip] = read_slips(print_sheets(sheets, 1, [code], Silent()))
    await booth.enter(slip)
    typed, number = booth.page.locator("form input").nth(0), booth.page.locator("form input").nth(1)
    await expect(typed).to_have_value(code)
    assert booth.page.url == by_roll.url
    visited = await booth.page.evaluate("navigation.entries().map((one) => one.url).join()")
    assert code not in visited
    await look(booth.page, "vote-slip-phone-zh", whole=False)
    await number.fill(booth.who.identity_number)
    await booth.submit()
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_a_slip_that_is_scanned_where_somebody_else_votes(
    new_booth: NewBooth, by_roll: VoteAt
) -> None:
    """It waits for its owner: the vote that was begun stays, and "somebody else" leads to it."""
    booth = await new_booth()
    await booth.register()
    await booth.choose(1)
    code = await by_roll.counter_code()
    fragment = f"edition={by_roll.edition}&counter={code}"
    await booth.page.evaluate("(fragment) => { location.hash = fragment; }", fragment)
    await expect(booth.page).to_have_url(by_roll.url)
    await expect(booth.page.locator(".choice input:checked")).to_have_count(1)
    await booth.button("另一位选民用这部手机").click()
    await expect(booth.page.locator("form input").first).to_have_value(code)


async def test_an_edition_for_phones(new_booth: NewBooth, by_phone: VoteAt) -> None:
    """It asks for the phone, and sends the code there."""
    booth = await new_booth(at=by_phone)
    await booth.enter()
    await look(booth.page, "vote-by-phone-phone-zh")
    await booth.page.get_by_label("手机号码").fill("138 0013 7001")
    await booth.submit()
    await booth.enter_code(await by_phone.code("+8613800137001"))
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_by_keyboard_alone(new_booth: NewBooth, by_roll: VoteAt) -> None:
    """Every step can be done without a pointer, and a new screen begins at its heading."""
    booth = await new_booth("desktop")
    page = booth.page
    await booth.enter()

    async def tab_to(selector: str) -> None:
        for _ in range(60):
            await page.keyboard.press("Tab")
            if await page.evaluate("(s) => document.activeElement?.matches(s)", selector):
                return
        raise AssertionError(f"the keyboard does not lead to {selector}")

    async def heading_has_focus() -> None:
        await expect(page.locator("h1")).to_be_focused()

    await heading_has_focus()
    await tab_to("form input")
    await page.keyboard.type(booth.who.identity_number)
    await page.keyboard.press("Enter")
    await expect(page.locator("input.code")).to_be_visible()
    await heading_has_focus()
    await tab_to("input.code")
    await page.keyboard.type(await by_roll.code(booth.who.phone))
    await page.keyboard.press("Enter")
    await expect(page.locator(".choices")).to_be_visible()
    await heading_has_focus()
    for _ in range(2):
        await tab_to(".choice input:not(:checked)")
        await page.keyboard.press("Space")
    await page.locator(".chosen-bar button").focus()
    await page.keyboard.press("Enter")
    await heading_has_focus()
    await tab_to("button.cast")
    await page.keyboard.press("Enter")
    await booth.is_counted()
    await heading_has_focus()


async def test_finding_in_the_shortlist(new_booth: NewBooth) -> None:
    """Search, department, only the chosen, and the published order one tap away."""
    booth = await new_booth()
    await booth.register()
    page, choices = booth.page, booth.page.locator(".choice")
    own = await choices.locator(".choice-title").all_inner_texts()
    await booth.button("公布顺序").click()
    published = await choices.locator(".choice-title").all_inner_texts()
    assert published[0] == "为无户口人员办理户口登记"
    assert own != published
    assert sorted(own) == sorted(published)
    await page.get_by_label("搜索").fill("电梯")
    await expect(choices).to_have_count(1)
    await booth.choose(1)
    await page.get_by_label("搜索").fill("没有这样的事")
    await booth.button("显示全部").click()
    await page.get_by_label("部门").select_option("公安局")
    await expect(choices).to_have_count(3)
    await choices.first.locator(".more").click()
    await look(page, "vote-find-phone-zh", whole=False)
    await page.get_by_label("部门").select_option("")
    await booth.button("只看已选").click()
    await expect(choices).to_have_count(1)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [320, 390])
async def test_the_search_says_what_to_type(
    new_booth: NewBooth, language: Language, width: int
) -> None:
    """Its example is there to be read whole."""
    booth = await new_booth("phone", language, viewport={"width": width, "height": 700})
    await booth.register()
    left_over = await booth.page.locator("input[type=search]").evaluate(ROOM)
    assert left_over >= 0


async def test_two_voters_see_two_orders(new_booth: NewBooth) -> None:
    """And each sees the same again in a tab that is opened anew."""
    one, other = await new_booth(), await new_booth()
    orders = []
    for booth in (one, other):
        await booth.register()
        titles = booth.page.locator(".choice-title")
        orders.append(await titles.all_inner_texts())
        await booth.page.reload()
        await expect(titles).to_have_count(30)
        assert await titles.all_inner_texts() == orders[-1]
    assert orders[0] != orders[1]


async def test_no_more_than_ten(new_booth: NewBooth) -> None:
    """An eleventh is not taken, and the page says why."""
    booth = await new_booth()
    await booth.register()
    await booth.choose(11)
    await expect(booth.page.locator(".chosen-count")).to_contain_text("10/10")
    await expect(booth.page.locator(".full")).to_be_visible()
    await expect(booth.page.locator(".choice input:checked")).to_have_count(10)
    await look(booth.page, "vote-full-phone-zh", whole=False)


async def test_a_small_screen(new_booth: NewBooth) -> None:
    """At 320 px, which is 200 % zoom of a phone's width, nothing is cut off in any step."""
    booth = await new_booth("phone", "en", viewport={"width": 320, "height": 640})
    await booth.enter()
    await look(booth.page, "vote-1-identify-small-en")
    await booth.identify()
    await look(booth.page, "vote-2-code-small-en")
    await booth.enter_code()
    await booth.choose(3)
    await look(booth.page, "vote-3-select-small-en", whole=False)
    await booth.review()
    await look(booth.page, "vote-4-review-small-en", whole=False)
    await booth.cast()
    await booth.is_counted()
    await look(booth.page, "vote-5-counted-small-en")


async def test_the_receipt_and_the_card_on_paper(new_booth: NewBooth) -> None:
    """The receipt is printed alone, and the recovery card too."""
    booth = await new_booth("desktop")
    await booth.vote()
    page = booth.page
    await page.emulate_media(media="print")
    await expect(page.locator(".receipt-code")).to_be_visible()
    for hidden in (".success", ".steps", ".bar", "form", ".footer", ".buttons"):
        await expect(page.locator(hidden).first).to_be_hidden()
    await page.emulate_media(media="screen")
    await booth.button("打开恢复卡").click()
    await page.emulate_media(media="print")
    await expect(page.locator(".recovery .qr")).to_be_visible()
    await expect(page.locator(".steps")).to_be_hidden()


async def test_an_announcement_that_is_not_open_yet(
    new_page: NewPage, new_vote: NewVote, complaints: Complaints
) -> None:
    """It says that voting has not begun, and shows the shortlist."""
    complaints.expect(REFUSED)  # the registrar knows nothing of it yet
    vote = new_vote()
    await vote.announce()
    page = await new_page(url=vote.url)
    await expect(page.get_by_role("heading", name="投票还没有开始")).to_be_visible()
    await page.locator("summary").click()
    await look(page, "vote-not-yet-phone-zh", whole=False)


async def test_the_page_is_small(new_page: NewPage, by_roll: VoteAt) -> None:
    """All that it loads at first takes less than 100 kB on the wire."""
    page = await new_page()
    await page.goto(by_roll.url)
    await expect(page.locator("form input")).to_be_visible()
    sizes: dict[str, int] = await page.evaluate(
        """() => Object.fromEntries(
          ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
            .filter((one) => one.name.startsWith(location.origin))
            .map((one) => [one.name, one.encodedBodySize]))"""
    )
    assert sum(sizes.values()) < SIZE_LIMIT
    assert sum(sizes.values()) > 10_000
