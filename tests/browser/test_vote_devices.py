"""The voting page on more than one device, for more than one person, or where nothing is kept."""

from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Route, expect

from shared.client.voter import load_voter, save_voter
from tests.browser.conftest import Complaints, Language
from tests.browser.looks import look
from tests.browser.vote_fixtures import NewBooth
from tests.browser.voting import Booth, VoteAt

pytestmark = pytest.mark.asyncio(loop_scope="session")

REFUSED = r"Failed to load resource: the server responded with a status of 4\d\d"
LOST = r"Failed to load resource|ERR_FAILED|ERR_INTERNET_DISCONNECTED"
HANDED_ON = {
    "zh": {
        "else": "另一位选民用这部手机",
        "next": "下一位选民投票",
        "records": "还存有 2 位选民的记录",
        "choosing": "尚未计入 · 选择",
    },
    "en": {
        "else": "Somebody else votes on this phone",
        "next": "Next person votes",
        "records": "2 more voters have records",
        "choosing": "Not counted yet · Choose",
    },
}


async def saved_card(booth: Booth, directory: Path) -> Path:
    """The recovery card of somebody whose vote is counted, as a file."""
    await booth.button("打开恢复卡").click()
    async with booth.page.expect_download() as downloading:
        await booth.button("存为文件").click()
    file = directory / "card.json"
    await (await downloading.value).save_as(file)
    return file


async def with_card(booth: Booth, file: Path) -> None:
    """Go on with a card on another device."""
    await booth.enter()
    await booth.button("我换了手机，有恢复卡").click()
    await booth.page.locator("input[type=file]").last.set_input_files(file)
    await expect(booth.page.locator(".choices")).to_be_visible()


async def test_a_recovery_card_from_its_file(
    new_booth: NewBooth, by_roll: VoteAt, tmp_path: Path, complaints: Complaints
) -> None:
    """Another device votes with the same key; the first one's next ballot overtakes that again."""
    complaints.expect(REFUSED)
    first, second = await new_booth(), await new_booth()
    await first.vote()
    card = await saved_card(first, tmp_path)
    save_voter(card, load_voter(card))  # as the command line would go on with it
    await look(first.page, "vote-card-phone-zh")
    await with_card(second, card)
    await expect(second.page.get_by_role("alert")).to_contain_text("恢复卡已读入")
    await second.choose(2)
    await second.review()
    await second.cast()
    await second.is_counted()
    await first.page.go_back()
    await first.button("我要改投").click()
    await first.review()
    await first.cast()
    await expect(first.page.get_by_role("alert")).to_contain_text("另一部设备")
    await first.is_not_counted()
    await look(first.page, "vote-stale-phone-zh", whole=False)
    await first.cast()
    await first.is_counted()


async def test_a_recovery_card_from_a_picture(new_booth: NewBooth, tmp_path: Path) -> None:
    """The printed QR code, photographed, does the same as the file."""
    first, second = await new_booth(), await new_booth()
    await first.vote()
    await first.button("打开恢复卡").click()
    picture = tmp_path / "card.png"
    await first.page.locator(".recovery").screenshot(path=picture)
    await second.enter()
    await second.button("我换了手机，有恢复卡").click()
    await look(second.page, "vote-import-phone-zh", whole=False)
    await second.page.locator("input[type=file]").first.set_input_files(picture)
    await expect(second.page.locator(".choices")).to_be_visible()


async def test_what_is_no_recovery_card(new_booth: NewBooth, tmp_path: Path) -> None:
    """The page says so, and stays."""
    booth = await new_booth()
    file = tmp_path / "letter.json"
    file.write_text("Dear Sir or Madam")
    await booth.enter()
    await booth.button("我换了手机，有恢复卡").click()
    await booth.page.locator("input[type=file]").last.set_input_files(file)
    await expect(booth.page.get_by_role("alert")).to_contain_text("这不是恢复卡")
    await booth.page.locator("input[type=file]").first.set_input_files(file)
    await expect(booth.page.get_by_role("alert")).to_contain_text("没有找到二维码")


async def test_a_family_with_one_phone(new_booth: NewBooth, by_roll: VoteAt) -> None:
    """The next person begins with nothing of the first one's; both records are kept."""
    booth = await new_booth()
    await booth.vote()
    first = await booth.receipt_code()
    await booth.button("下一位选民投票").click()
    await expect(booth.page.locator(".hero")).to_be_visible()
    await booth.is_not_counted()
    booth.who = by_roll.somebody()
    await booth.identify()
    await booth.enter_code()
    await booth.choose(1)
    await booth.review()
    await booth.cast()
    await booth.is_counted()
    second = await booth.receipt_code()
    assert second != first
    await booth.page.get_by_text("还存有 1 位选民的记录").click()
    await booth.button("打开").click()
    await expect(booth.page.locator(".receipt-code")).to_have_text(first)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_phone_that_is_handed_on_in_the_middle(
    new_booth: NewBooth, by_roll: VoteAt, language: Language
) -> None:
    """The next person sees nothing of the first one's, who comes back to what they had chosen."""
    said = HANDED_ON[language]
    booth = await new_booth("phone", language)
    await booth.register()
    await booth.choose(3)
    await booth.page.evaluate("scrollTo(0, 0)")
    await look(booth.page, f"vote-3-handed-on-phone-{language}", whole=False)
    await booth.button(said["else"]).click()
    await expect(booth.page.locator(".hero")).to_be_visible()
    await booth.is_not_counted()
    booth.who = by_roll.somebody()
    await booth.identify()
    await booth.enter_code()
    await expect(booth.page.locator(".choice input:checked")).to_have_count(0)
    await booth.choose(1)
    await booth.review()
    await booth.cast()
    await booth.is_counted()
    await booth.button(said["next"]).click()
    await booth.page.locator("summary", has_text=said["records"]).click()
    await look(booth.page, f"vote-records-phone-{language}")
    await (
        booth.page.locator(".records .row", has_text=said["choosing"]).get_by_role("button").click()
    )
    await expect(booth.page.locator(".chosen-count")).to_contain_text("3")
    await expect(booth.page.locator(".choice input:checked")).to_have_count(3)


async def test_a_credential_whose_answer_is_lost_on_a_shared_phone(
    new_booth: NewBooth, by_roll: VoteAt, complaints: Complaints
) -> None:
    """The next person gets a key of their own, and the first one's credential is there for them."""
    complaints.expect(LOST)
    complaints.expect(REFUSED)
    booth = await new_booth()
    first = booth.who
    await booth.enter()
    await booth.identify()

    async def take(route: Route) -> None:
        assert (await route.fetch()).status == 201
        await route.abort()

    await booth.page.route("**/credentials", take)
    await booth.enter_code()
    await expect(booth.page.get_by_role("alert")).to_be_visible()
    await booth.page.unroute("**/credentials")
    await booth.page.locator("summary", has_text="没有收到验证码").click()
    await booth.button("换一个号码，或用窗口代码").click()
    for who, seen in ((by_roll.somebody(), 0), (first, 1)):
        booth.who = who
        await booth.identify()
        await booth.enter_code(seen=seen)
        await booth.choose(2)
        await booth.review()
        await booth.cast()
        await booth.is_counted()
        await booth.button("下一位选民投票").click()
    ballots = [msgspec.json.decode(post.post_data or "") for post in booth.posts("/ballots")]
    assert len({ballot["key"] for ballot in ballots}) == 2


async def test_a_device_that_is_somebody_elses(new_booth: NewBooth) -> None:
    """The record can be erased; it is asked twice."""
    booth = await new_booth()
    await booth.vote()
    await booth.button("这不是我的设备：清除我的记录").click()
    await expect(booth.button("不清除")).to_be_visible()
    await booth.page.get_by_role("alert").scroll_into_view_if_needed()
    await look(booth.page, "vote-erase-phone-zh", whole=False)
    await booth.button("确定清除").click()
    await expect(booth.page.locator(".hero")).to_be_visible()
    kept = await booth.page.evaluate(
        """() => new Promise((done) => {
          const asked = indexedDB.open("huimin");
          asked.onsuccess = () => {
            const all = asked.result.transaction("voters").objectStore("voters").getAll();
            all.onsuccess = () => done(all.result.map((one) => one.edition));
          };
        })"""
    )
    assert booth.at.edition not in kept


async def test_nothing_that_is_kept_says_who_it_is(new_booth: NewBooth) -> None:
    """Neither number, nor phone, nor code is on the device, at any step."""
    booth = await new_booth()
    await booth.vote()
    kept = await booth.page.evaluate(
        """() => new Promise((done) => {
          const asked = indexedDB.open("huimin");
          asked.onsuccess = () => {
            const stores = [...asked.result.objectStoreNames];
            const all = stores.map((name) => new Promise((read) => {
              const values = asked.result.transaction(name).objectStore(name).getAll();
              values.onsuccess = () => read(values.result);
            }));
            Promise.all(all).then((read) => done(
              JSON.stringify([read, { ...localStorage }, { ...sessionStorage }, history.state])));
          };
        })"""
    )
    code = await booth.at.code(booth.who.phone)
    assert booth.who.phone is not None
    for secret in (booth.who.identity_number, booth.who.phone.removeprefix("+86"), f'"{code}"'):
        assert secret not in kept
    assert booth.at.edition in kept


async def test_hearing_of_the_result(new_booth: NewBooth) -> None:
    """A subscription is asked for by e-mail, apart from the ballot."""
    booth = await new_booth()
    await booth.vote()
    await booth.page.get_by_label("电子邮箱").fill("voter@example.org")
    await booth.button("订阅").click()
    await expect(booth.page.get_by_text("确认邮件已发出")).to_be_visible()
