"""The receipt check in a browser: good receipts, bad ones, no network, and a log that lies."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Final

import msgspec
import pytest
import pytest_asyncio
import zxingcpp
from PIL import Image, ImageFilter
from playwright.async_api import BrowserContext, FilePayload, Page, Route, expect

from cli.installation import Installation
from shared.edition.views import Receipt
from shared.log.checkpoint import open_checkpoint
from shared.log.merkle import leaf_hash
from shared.log.note import Signer, Verifier
from shared.log.proofs import verify_consistency
from shared.log.tlog_proof import TlogProof, verify
from tests.browser.conftest import (
    ARGUMENTS,
    SIZES,
    Complaints,
    Language,
    NewContext,
    NewPage,
    NewWebPoll,
    chromium,
)
from tests.browser.looks import look, until_true
from tests.editions import EditionBuilder
from tests.polls import Poll

pytestmark = pytest.mark.asyncio(loop_scope="session")

EDITION: Final = "check-2027"
OFFLINE: Final = "ERR_INTERNET_DISCONNECTED"
KEEP_RECEIPT: Final = """([edition, receipt]) => new Promise((resolve, reject) => {
  const asked = indexedDB.open("huimin");
  asked.onerror = () => reject(asked.error);
  asked.onsuccess = () => {
    const change = asked.result.transaction("voters", "readwrite");
    change.objectStore("voters").put({ receipt: JSON.parse(receipt) }, edition);
    change.oncomplete = () => { asked.result.close(); resolve(); };
  };
})"""
"""Keeps a receipt in the device's database as the voting page does."""

GOOD: Final = {
    "zh": "您的选票原样写在公开记录里。",
    "en": "Your ballot stands unchanged in the public record.",
}


class Evidence(msgspec.Struct, frozen=True):
    """What the page saves of a log that contradicts itself; `root` is that at the size before."""

    before: str
    now: str
    root: bytes
    consistency: tuple[bytes, ...]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def poll(new_web_poll: NewWebPoll) -> Poll:
    """An open edition with some ballots."""
    poll = await new_web_poll(EDITION)
    for number in range(20):
        await poll.vote(number, "i01", "i02")
    return poll


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def receipt(poll: Poll) -> Receipt:
    """The receipt of a ballot; the log has grown since."""
    receipt = await poll.vote(1000, "i03")
    for number in range(1001, 1008):
        await poll.vote(number, "i01")
    return receipt


@pytest.fixture
def url(installation: Installation) -> str:
    """The page's address."""
    return f"{installation.ballot_url}/check"


def text_of(receipt: Receipt) -> str:
    """The receipt as it is saved."""
    return msgspec.json.encode(receipt).decode()


def digits_of(receipt: Receipt, verifier: Verifier) -> str:
    """The digits of a receipt's link, written down from the format's description."""
    proof = TlogProof.decode(receipt.proof.encode())
    checkpoint = verify(proof, receipt.entry, verifier)
    line = next(one for one in proof.checkpoint.decode().splitlines() if one.startswith("\u2014"))
    signature = b64decode(line.split(" ")[2])[4:]
    parts = [
        b"\x01",
        _leb128(len(checkpoint.origin)) + checkpoint.origin.encode(),
        _leb128(proof.index) + _leb128(checkpoint.size) + leaf_hash(receipt.entry),
        _leb128(len(proof.path)) + b"".join(proof.path),
        signature,
    ]
    return str(int.from_bytes(b"".join(parts)))


def _leb128(number: int) -> bytes:
    low, rest = number % 128, number // 128
    return bytes([low + 128]) + _leb128(rest) if rest else bytes([low])


def code_of(receipt: Receipt) -> str:
    """The short code of a receipt, written down from its description."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = int.from_bytes(leaf_hash(receipt.entry)[:8]) >> 4
    text = "".join(letters[bits >> shift & 31] for shift in range(55, -5, -5))
    return f"{receipt.index}-{text[:4]}-{text[4:8]}-{text[8:]}"


async def hand_in(page: Page, text: str) -> None:
    """Paste a receipt and have it checked."""
    await page.locator("#receipt").fill(text)
    await page.locator("button[type=submit]").click()


async def verdict(page: Page, title: str) -> None:
    """Wait for this verdict; the focus is on it."""
    heading = page.get_by_role("heading", name=title, level=1)
    await expect(heading).to_be_visible()
    await expect(heading).to_be_focused()


async def test_the_page_before_a_receipt_is_handed_in(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """It says what it does, works offline soon, and shows how many checks were made today."""
    page = await new_page(url=url)
    await expect(page.get_by_text("已可离线使用")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"今天已有 \d+ 次核验"))).to_be_visible()
    await look(page, "check-phone-zh")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_good_receipt_is_verified(
    new_page: NewPage, url: str, receipt: Receipt, language: Language
) -> None:
    """With what that proves, what it does not, and that the log has only grown since."""
    page = await new_page("phone", language, url=url)
    await hand_in(page, text_of(receipt))
    await verdict(page, {"zh": "核验通过", "en": "Verified"}[language])
    await expect(page.get_by_text(GOOD[language])).to_be_visible()
    sizes = {"zh": "投票时 25 条，现在 32 条", "en": "25 entries then, 32 now"}[language]
    await expect(page.get_by_text(sizes)).to_be_visible()
    tag = {"zh": "zh-CN", "en": "en"}[language]
    await expect(page.locator("html")).to_have_attribute("lang", tag)
    await look(page, f"check-verified-phone-{language}")


async def test_key_and_fingerprints_can_be_compared_by_eye(
    new_page: NewPage, url: str, poll: Poll, receipt: Receipt
) -> None:
    """The key in full and as groups of digits; the roots at the receipt's size and now."""
    page = await new_page("desktop", url=url)
    await hand_in(page, text_of(receipt))
    await verdict(page, "核验通过")
    await page.locator("summary").click()
    await expect(page.get_by_text(poll.builder.verifier.vkey)).to_be_visible()
    root = (await poll.checkpoint()).root.hex()
    groups = " ".join(root[i : i + 4] for i in range(0, 64, 4))
    await expect(page.locator("details")).to_contain_text(groups)
    await look(page, "check-compare-desktop-zh")


async def test_a_receipt_is_read_from_a_file(
    new_page: NewPage, url: str, receipt: Receipt, tmp_path: Path
) -> None:
    """As the voting page and `huimin vote` save it."""
    file = tmp_path / "receipt.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(receipt)))
    page = await new_page(url=url)
    await page.locator("input[type=file]").set_input_files(file)
    await verdict(page, "核验通过")


async def test_a_receipts_link_is_verified_and_leaves_the_address(
    new_page: NewPage, url: str, poll: Poll, receipt: Receipt
) -> None:
    """The link holds the proof; the entry itself is read from the log, and must be the same."""
    page = await new_page(url=f"{url}#r={digits_of(receipt, poll.builder.verifier)}")
    await verdict(page, "核验通过")
    await expect(page.get_by_text("第 1 次投票")).to_be_visible()
    assert page.url == url


async def test_a_receipts_short_code_is_looked_up_in_the_log(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """It finds the entry, and says that a code proves less than a receipt."""
    page = await new_page(url=f"{url}#{EDITION}")
    await hand_in(page, code_of(receipt).lower().replace("-", " "))
    await verdict(page, "核验通过")
    await expect(page.get_by_text("公开记录里有与此编号相符的选票。")).to_be_visible()
    await expect(page.get_by_text(re.compile("当时收到的回执"))).to_be_visible()
    await look(page, "check-code-phone-zh")


async def test_a_short_code_with_a_slip_is_not_verified(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """The entry there is another."""
    code = code_of(receipt)
    page = await new_page(url=f"{url}#{EDITION}")
    await hand_in(page, code[:-1] + ("A" if code[-1] != "A" else "B"))
    await verdict(page, "核验未通过")
    await expect(page.get_by_text("请逐字核对编号")).to_be_visible()


async def test_a_short_code_beyond_the_log_is_said_to_be_that(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """There is no such entry."""
    page = await new_page("phone", "en", url=f"{url}#{EDITION}")
    await hand_in(page, "999999-7K3M-9QPD-2XTA")
    await verdict(page, "There is no such entry")
    await look(page, "check-no-entry-phone-en")


TAMPERED: Final[dict[str, Callable[[Receipt], Receipt]]] = {
    "entry": lambda one: msgspec.structs.replace(
        one, entry=one.entry.replace(b'"seq":1', b'"seq":2')
    ),
    "index": lambda one: msgspec.structs.replace(one, index=one.index - 1),
    "signature": lambda one: msgspec.structs.replace(
        one, proof=one.proof.replace("\n25\n", "\n26\n")
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_a_tampered_receipt_is_refused(
    new_page: NewPage, url: str, receipt: Receipt, what: str
) -> None:
    """Whatever in it was changed, and it says what to do."""
    page = await new_page(url=url)
    await hand_in(page, text_of(TAMPERED[what](receipt)))
    await verdict(page, "核验未通过")
    await expect(page.get_by_text("请保存好原件")).to_be_visible()
    await look(page, f"check-tampered-{what}-phone-zh")


async def test_what_is_no_receipt_is_said_to_be_none(new_page: NewPage, url: str) -> None:
    """In words, not in a programmer's."""
    page = await new_page("phone", "en", url=url)
    await hand_in(page, "hello")
    await verdict(page, "Not verified")
    await expect(page.get_by_text("This is not a ballot receipt")).to_be_visible()
    await page.get_by_role("button", name="Check another").click()
    await expect(page.locator("#receipt")).to_have_value("")


async def test_nothing_handed_in_is_asked_for(new_page: NewPage, url: str) -> None:
    """An alert beside the field."""
    page = await new_page("phone", "en", url=url)
    await page.locator("button[type=submit]").click()
    await expect(page.get_by_role("alert")).to_contain_text("Paste a receipt first")
    await look(page, "check-empty-phone-en")


async def test_a_receipt_of_another_installation_is_not_judged(
    new_page: NewPage, url: str, complaints: Complaints
) -> None:
    """Its log's key is not known here."""
    complaints.expect("404")
    builder = EditionBuilder("elsewhere-2027", origin="other-city.example/votes")
    builder.prepare()
    receipt = builder.receipt(builder.cast(1, ["i01"]))
    page = await new_page(url=url)
    await hand_in(page, text_of(receipt))
    await verdict(page, "无法核验：不是这里的回执")
    await expect(page.get_by_text("other-city.example/votes/elsewhere-2027")).to_be_visible()
    await look(page, "check-elsewhere-phone-zh")


async def test_a_receipt_of_another_edition_is_verified_as_what_it_is(
    new_page: NewPage, url: str, receipt: Receipt, new_web_poll: NewWebPoll
) -> None:
    """And the page says that its address names another vote."""
    await new_web_poll("check-other")
    page = await new_page(url=f"{url}#check-other")
    await hand_in(page, text_of(receipt))
    await verdict(page, "核验通过")
    await expect(page.get_by_text("这张回执属于另一届投票")).to_be_visible()


async def test_a_receipt_that_names_another_edition_than_its_entry_is_refused(
    new_page: NewPage, url: str, receipt: Receipt, new_web_poll: NewWebPoll
) -> None:
    """The one in the entry is what was signed."""
    page = await new_page(url=url)
    await hand_in(page, text_of(msgspec.structs.replace(receipt, edition="check-other")))
    await verdict(page, "核验未通过")
    await expect(page.get_by_text("里面的选票却属于另一届")).to_be_visible()


async def test_without_a_network_a_receipt_is_verified_once_the_page_is_loaded(
    new_context: NewContext, url: str, receipt: Receipt, complaints: Complaints
) -> None:
    """By itself, and it says that the comparison with the newest record is missing."""
    complaints.expect(OFFLINE)
    context = await new_context()
    page = await context.new_page()
    await page.goto(url)
    await expect(page.get_by_text(re.compile("今天已有"))).to_be_visible()
    await expect(page.get_by_text("已可离线使用")).to_be_visible()
    await context.set_offline(True)
    await expect(page.get_by_text("没有网络，仍可核验")).to_be_visible()
    await hand_in(page, text_of(receipt))
    await verdict(page, "核验通过")
    await expect(page.get_by_text("还没有与最新记录比对")).to_be_visible()
    await look(page, "check-offline-phone-zh")


async def test_without_a_network_and_a_key_it_does_not_say_that_it_can_check(
    new_context: NewContext, url: str, receipt: Receipt, complaints: Complaints
) -> None:
    """A device that has never seen a log's key has to be online once; it is told so beforehand."""
    complaints.expect(f"{OFFLINE}|ERR_FAILED|fetching the script")
    context = await new_context()
    await context.route("**/v1/editions*", lambda route: route.abort())
    page = await context.new_page()
    await page.goto(url)
    await expect(page.locator("#receipt")).to_be_visible()
    await context.set_offline(True)
    await expect(page.get_by_text("没有网络，联网后才能核验")).to_be_visible()
    await look(page, "check-no-key-phone-zh")
    await hand_in(page, text_of(receipt))
    await verdict(page, "现在无法核验")


async def test_the_page_opens_without_a_network_once_it_was_loaded(
    new_context: NewContext, url: str, receipt: Receipt, complaints: Complaints
) -> None:
    """From what the device kept; a tampered receipt is found out there too."""
    complaints.expect(OFFLINE)
    context = await new_context()
    page = await context.new_page()
    await page.goto(url)
    await expect(page.get_by_text(re.compile("今天已有"))).to_be_visible()
    await expect(page.get_by_text("已可离线使用")).to_be_visible()
    await context.set_offline(True)
    await page.reload()
    await expect(page.get_by_text("没有网络，仍可核验")).to_be_visible()
    await hand_in(page, text_of(TAMPERED["entry"](receipt)))
    await verdict(page, "核验未通过")


async def test_a_code_needs_the_network(
    new_context: NewContext, url: str, receipt: Receipt, complaints: Complaints
) -> None:
    """And says so, without a word against the receipt; the same may be tried again."""
    complaints.expect(OFFLINE)
    context = await new_context()
    page = await context.new_page()
    await page.goto(f"{url}#{EDITION}")
    await expect(page.get_by_text("已可离线使用")).to_be_visible()
    await context.set_offline(True)
    await hand_in(page, code_of(receipt))
    await verdict(page, "现在无法核验")
    await look(page, "check-unreachable-phone-zh")
    await context.set_offline(False)
    await page.get_by_role("button", name="重试").click()
    await verdict(page, "核验通过")


async def test_a_log_that_went_back_on_what_it_signed_raises_the_alarm(
    new_context: NewContext, installation: Installation, url: str, poll: Poll, receipt: Receipt
) -> None:
    """The receipt is good, the log does not continue it: the evidence saved proves it to others."""
    context = await new_context()
    await _show_another_history(context, installation)
    page = await context.new_page()
    await page.goto(url)
    await hand_in(page, text_of(receipt))
    await verdict(page, "警报：公开记录前后矛盾")
    await look(page, "check-alarm-phone-zh")
    async with page.expect_download() as waiting:
        await page.get_by_role("button", name="保存证据").click()
    saved = Path(await (await waiting.value).path()).read_bytes()
    evidence = msgspec.json.decode(saved, type=Evidence)
    assert evidence.before.encode() == TlogProof.decode(receipt.proof.encode()).checkpoint
    verifier = poll.builder.verifier
    before, now = (
        open_checkpoint(note.encode(), verifier) for note in (evidence.before, evidence.now)
    )
    assert evidence.root != before.root
    verify_consistency(before.size, evidence.root, now.size, now.root, evidence.consistency)


async def test_another_key_than_the_one_pinned_raises_the_alarm(
    new_context: NewContext, url: str, poll: Poll, receipt: Receipt
) -> None:
    """Once the device knows a log's key, a server cannot change it."""
    context = await new_context()
    page = await context.new_page()
    await page.goto(url)
    await expect(page.get_by_text("已可离线使用")).to_be_visible()
    other = Verifier.parse(Signer(poll.builder.verifier.name, bytes(32)).vkey)
    view = msgspec.json.decode((await poll.get(f"/v1/editions/{EDITION}")).body)
    view["vkey"], view["manifest"]["log"]["key"] = other.vkey, b64encode(other.public).decode()
    body = msgspec.json.encode(view)
    await context.route(f"**/v1/editions/{EDITION}", lambda route: route.fulfill(body=body))
    await hand_in(page, text_of(receipt))
    await verdict(page, "警报：公开记录的密钥变了")
    await look(page, "check-other-key-phone-zh")


async def test_tiles_that_cannot_be_used_are_no_reason_for_an_alarm(
    new_context: NewContext, url: str, receipt: Receipt
) -> None:
    """The receipt stands by itself; that the newest record could not be verified is said."""
    context = await new_context()
    await context.route("**/tile/**", lambda route: route.fulfill(body=b"\0" * 32))
    page = await context.new_page()
    await page.goto(url)
    await hand_in(page, text_of(receipt))
    await verdict(page, "核验通过")
    await expect(page.get_by_text("服务器给出的最新记录无法核对")).to_be_visible()
    await look(page, "check-unusable-phone-zh")


async def test_an_older_record_than_one_seen_is_no_alarm(
    new_context: NewContext, installation: Installation, url: str, poll: Poll, receipt: Receipt
) -> None:
    """A cache may serve it, and it contradicts nothing: receipts stand, codes have to wait."""
    context = await new_context()
    page = await context.new_page()
    older = TlogProof.decode(receipt.proof.encode()).checkpoint
    await page.goto(f"{url}#{EDITION}")
    wrong = await _wrong_checks(poll, installation)
    await hand_in(page, text_of(receipt))
    await verdict(page, "核验通过")
    await context.route("**/checkpoint", lambda route: route.fulfill(body=older))
    await page.get_by_role("button", name="核验另一张").click()
    await hand_in(page, text_of(receipt))
    await verdict(page, "核验通过")
    await expect(page.get_by_text("服务器给出的记录比您见过的旧")).to_be_visible()
    await look(page, "check-older-phone-zh")
    await page.get_by_role("button", name="核验另一张").click()
    await hand_in(page, code_of(receipt))
    await verdict(page, "现在无法核验")
    await expect(page.get_by_text("也不说明记录被改过")).to_be_visible()
    await look(page, "check-older-code-phone-zh")
    assert await _wrong_checks(poll, installation) == wrong


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_receipt_is_read_from_a_picture_of_its_code(
    new_page: NewPage, url: str, poll: Poll, receipt: Receipt, language: Language
) -> None:
    """A photograph: turned a little, out of focus, darker than paper."""
    page = await new_page("phone", language, url=url)
    picture = _photograph(f"{url}#r={digits_of(receipt, poll.builder.verifier)}")
    await page.locator("input[type=file]").set_input_files([picture])
    await verdict(page, {"zh": "核验通过", "en": "Verified"}[language])


async def test_a_picture_without_a_code_is_said_to_have_none(new_page: NewPage, url: str) -> None:
    """And what kind of picture is needed."""
    page = await new_page("phone", "en", url=url)
    await page.locator("input[type=file]").set_input_files([_png(Image.new("L", (600, 600), 200))])
    await expect(page.get_by_role("alert")).to_contain_text("No receipt's QR code was found")
    await look(page, "check-no-code-phone-en")


async def test_a_code_of_another_entry_is_refused(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """A slip in the code is the likely reason, so the page says to compare letter by letter."""
    page = await new_page(url=f"{url}#{EDITION}")
    code = code_of(receipt)
    await hand_in(page, code[:-1] + ("0" if code[-1] != "0" else "1"))
    await verdict(page, "核验未通过")
    await expect(page.get_by_text("请逐字核对编号")).to_be_visible()
    await look(page, "check-wrong-code-phone-zh")


async def test_a_code_beyond_the_log_has_no_entry(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """The page says how many entries there are."""
    page = await new_page(url=f"{url}#{EDITION}")
    await hand_in(page, "9" + code_of(receipt))
    await verdict(page, "没有这一条记录")
    await look(page, "check-no-entry-phone-zh")


async def test_a_code_needs_a_vote_to_be_looked_up_in(
    new_page: NewPage, url: str, receipt: Receipt, new_web_poll: NewWebPoll
) -> None:
    """Where several are open and none is chosen, the page asks for one; then it finds the code."""
    await new_web_poll("check-second")
    page = await new_page(url=url)
    await expect(page.locator("#vote")).to_be_visible()
    await hand_in(page, code_of(receipt))
    await verdict(page, "请先选择投票")
    await look(page, "check-no-edition-phone-zh")
    await page.get_by_role("button", name="核验另一张").click()
    await page.locator("#vote").select_option(EDITION)
    await hand_in(page, code_of(receipt))
    await verdict(page, "核验通过")


async def test_receipts_kept_on_the_device_are_one_tap_away(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """What the voting page has kept is offered by the vote's title."""
    page = await new_page(url=url)
    await expect(page.locator("#receipt")).to_be_visible()
    await page.evaluate(KEEP_RECEIPT, [EDITION, text_of(receipt)])
    await page.reload()
    kept = page.get_by_role("group", name="此设备保存的回执").get_by_role("button")
    await expect(kept).to_contain_text(f"第 {receipt.index} 条")
    await look(page, "check-kept-phone-zh")
    await kept.click()
    await verdict(page, "核验通过")


async def test_a_receipt_is_scanned_with_the_camera(
    url: str, poll: Poll, receipt: Receipt, tmp_path: Path
) -> None:
    """The page that a link opens is this one: a code held before the camera is checked at once."""
    video = tmp_path / "camera.y4m"
    _film(video, f"{url}#r={digits_of(receipt, poll.builder.verifier)}")
    arguments = [*ARGUMENTS, f"--use-file-for-fake-video-capture={video}"]
    async with chromium(arguments) as own:
        context = await own.new_context(permissions=["camera"], **SIZES["phone"])
        page = await context.new_page()
        await page.goto(url)
        await page.get_by_role("button", name="用摄像头扫描").click()
        await verdict(page, "核验通过")


async def test_the_camera_can_be_stopped(url: str, receipt: Receipt) -> None:
    """While it finds nothing the page says what to do, and the way back takes the focus."""
    async with chromium(ARGUMENTS) as own:
        context = await own.new_context(permissions=["camera"], **SIZES["phone"])
        page = await context.new_page()
        await page.goto(url)
        await page.get_by_role("button", name="用摄像头扫描").click()
        stop = page.get_by_role("button", name="停止扫描")
        await expect(stop).to_be_focused()
        await expect(page.get_by_text("请将二维码对准画面")).to_be_visible()
        await until_true(page, "document.querySelector('video').videoWidth")
        await look(page, "check-camera-phone-zh")
        await stop.click()
        await expect(page.locator("#receipt")).to_be_visible()


async def test_without_permission_for_the_camera_a_picture_is_offered(
    url: str, receipt: Receipt
) -> None:
    """The page says why it cannot scan, and goes back."""
    arguments = [one for one in ARGUMENTS if "media-stream" not in one]
    async with chromium([*arguments, "--deny-permission-prompts"]) as own:
        page = await own.new_page(**SIZES["phone"])
        await page.goto(url)
        await page.get_by_role("button", name="用摄像头扫描").click()
        await expect(page.get_by_role("alert")).to_contain_text("您可以改为选择图片")
        await look(page, "check-no-camera-phone-zh")
        await page.get_by_role("button", name="返回").click()
        await expect(page.locator("#receipt")).to_be_visible()


async def test_the_page_works_by_keyboard_alone(
    new_page: NewPage, url: str, receipt: Receipt
) -> None:
    """Field, button and verdict in order; the verdict takes the focus."""
    page = await new_page("desktop", "en", url=url)
    await expect(page.locator("#receipt")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("Skip to the content")).to_be_focused()
    for _ in range(2):
        await page.keyboard.press("Tab")
    await expect(page.locator("#receipt")).to_be_focused()
    await page.keyboard.insert_text(text_of(receipt))
    await page.keyboard.press("Tab")
    if await page.locator("#vote").count():
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await verdict(page, "Verified")
    await look(page, "check-verified-desktop-en")


async def test_a_small_screen(
    new_page: NewPage, url: str, receipt: Receipt, installation: Installation
) -> None:
    """At 320 px, which is 200 % zoom of a phone's width, nothing is cut off or scrolls sideways."""
    page = await new_page("phone", "en", url=url, viewport={"width": 320, "height": 640})
    await expect(page.locator("#receipt")).to_be_visible()
    await look(page, "check-small-en")
    await hand_in(page, text_of(receipt))
    await verdict(page, "Verified")
    await page.locator("summary").click()
    await look(page, "check-verified-small-en")
    await page.get_by_role("button", name="Check another").click()
    await hand_in(page, text_of(TAMPERED["entry"](receipt)))
    await verdict(page, "Not verified")
    await look(page, "check-tampered-small-en")
    await page.get_by_role("button", name="Check another").click()
    await _show_another_history(page.context, installation)
    await hand_in(page, text_of(receipt))
    await verdict(page, "Alarm: the public record contradicts itself")
    await look(page, "check-alarm-small-en")


async def test_the_number_of_checks_grows(new_page: NewPage, url: str, receipt: Receipt) -> None:
    """By those that ended in a verdict."""
    page = await new_page("phone", "en", url=url)
    shown = page.get_by_text(re.compile(r"checks made today"))
    before = _number(await shown.inner_text())
    await hand_in(page, text_of(receipt))
    await verdict(page, "Verified")
    await page.get_by_role("button", name="Check another").click()
    await expect(shown).to_have_text(re.compile(rf"^{before + 1:,} checks"))


async def _wrong_checks(poll: Poll, installation: Installation) -> object:
    """How many checks of today found something wrong, by the tally's count."""
    return (await poll.at(installation.tally_url).get("/v1/receipt-checks")).json()["wrong"]


def _number(text: str) -> int:
    return int(text.split(" ", maxsplit=1)[0].replace(",", ""))


async def _show_another_history(context: BrowserContext, installation: Installation) -> None:
    """A server that shows another history to this device, signed with the log's real key."""
    seed, origin = installation.log_key_seed, installation.log_origin
    builder = EditionBuilder(EDITION, log_seed=seed, origin=origin)
    builder.prepare()
    for number in range(60):
        builder.cast(number + 5000, ["i02"])
    files = builder.tree().files(None)

    async def answer(route: Route) -> None:
        await route.fulfill(body=files[route.request.url.partition(f"/log/{EDITION}/")[2]])

    await context.route(f"**/log/{EDITION}/**", answer)


def _code(text: str, pixels: int) -> Image.Image:
    """A QR code of at least so many pixels, with its quiet zone."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="L")
    small = Image.fromarray(zxingcpp.write_barcode_to_image(code, add_quiet_zones=True))
    scale = -(-pixels // small.width)
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)


def _photograph(text: str) -> FilePayload:
    code = _code(text, 900).convert("L").point(lambda value: 40 + value * 2 // 3)
    turned = code.rotate(6, expand=True, fillcolor=170, resample=Image.Resampling.BICUBIC)
    return _png(turned.filter(ImageFilter.GaussianBlur(1.2)))


def _png(picture: Image.Image) -> FilePayload:
    data = BytesIO()
    picture.save(data, "PNG")
    return FilePayload(name="photo.png", mimeType="image/png", buffer=data.getvalue())


def _film(file: Path, text: str) -> None:
    """A video as Chromium's pretended camera plays it: two still frames of a code, grey."""
    width, height = 1280, 720
    frame = Image.new("L", (width, height), 190)
    code = _code(text, 500).resize((680, 680), Image.Resampling.LANCZOS)
    frame.paste(code, ((width - 680) // 2, 20))
    colours = b"\x80" * (width * height // 2)
    one = b"FRAME\n" + frame.tobytes() + colours
    file.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode() + one * 2)
