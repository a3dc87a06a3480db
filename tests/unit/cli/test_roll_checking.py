"""A roll's files, checked before anything is sent: what is read from them, and what is refused."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from cli.progress import Silent
from cli.roll.checking import MAX_SHOWN, CheckedRoll, check_roll
from cli.roll.lines import MAX_LINE
from shared.eligibility.errors import BadRollRecord
from shared.eligibility.views import RollRecord
from tests.people import identity_number, phone, roll_line, write_roll

TODAY = date(2027, 3, 1)


def checked(*files: Path) -> CheckedRoll:
    """What the files hold."""
    return check_roll(files, TODAY, Silent())


def records(roll: CheckedRoll) -> list[RollRecord]:
    """The records as they would be sent."""
    lines = b"".join(chunk.data for chunk in roll.chunks).splitlines()
    return [msgspec.json.decode(line, type=RollRecord) for line in lines]


def refused(roll: CheckedRoll) -> list[tuple[int, str]]:
    """Line and reason of what is wrong."""
    return [(bad.line, bad.why) for bad in roll.named]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a roll is written."""
    return tmp_path / "roll.csv"


def test_a_line_becomes_a_record(file: Path) -> None:
    """Numbers in their one form."""
    typed = identity_number(1)
    write_roll(file, [f"{typed[:6]} {typed[6:]},138-0013-8000, 吴兴区 "])
    record = RollRecord(identity_number=typed, phone="+8613800138000", district="吴兴区")
    assert records(checked(file)) == [record]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_the_encoding_is_found_out(file: Path, encoding: str) -> None:
    """As spreadsheets save it."""
    roll = checked(write_roll(file, [roll_line(1), roll_line(2, "南浔区")], encoding))
    assert [record.district for record in records(roll)] == ["吴兴区", "南浔区"]
    assert roll.files[0].encoding == ("utf-8" if encoding.startswith("utf") else "gb18030")


def test_the_encoding_is_found_out_below_an_english_header(file: Path) -> None:
    """By the first line that is not plain ASCII."""
    lines = f"identity_number,district\n{identity_number(1)},\n{identity_number(2)},德清县\n"
    file.write_text(lines, encoding="gb18030")
    assert [record.district for record in records(checked(file))] == ["", "德清县"]


@pytest.mark.parametrize(
    "header",
    [
        "identity_number,phone,district",
        "Identity_Number , PHONE,District",
        "公民身份号码,手机号码,辖区",
    ],
)
def test_columns_have_chinese_and_english_names(file: Path, header: str) -> None:
    """In small or large letters."""
    file.write_text(f"{header}\n{roll_line(1)}\n", encoding="utf-8")
    assert records(checked(file))[0].phone == f"+86{phone(1)}"


def test_columns_may_come_in_another_order_and_others_beside_them(file: Path) -> None:
    """What is not needed is not sent, and said to be so."""
    file.write_text(f"姓名,手机,身份证号\n某人,,{identity_number(1)}\n", encoding="utf-8")
    roll = checked(file)
    assert records(roll) == [RollRecord(identity_number=identity_number(1))]
    assert roll.files[0].ignored == ("姓名",)


@pytest.mark.parametrize(
    "header",
    ["", "手机,辖区", "身份证号,身份证号", "identity_number,身份证号", roll_line(1), '"身份证号'],
)
def test_a_first_line_that_does_not_name_the_columns_is_refused(file: Path, header: str) -> None:
    """Nothing could be told from such a file; the line itself is not quoted."""
    file.write_text(f"{header}\n{roll_line(2)}\n", encoding="utf-8")
    with pytest.raises(BadRollRecord, match="line 1") as caught:
        checked(file)
    assert identity_number(1) not in str(caught.value)


def test_a_workbook_is_not_taken_for_text(file: Path) -> None:
    """UTF-16, as some programs export it."""
    write_roll(file, [roll_line(1)], "utf-16")
    with pytest.raises(BadRollRecord):
        checked(file)


def test_empty_lines_are_passed_over(file: Path) -> None:
    """Spreadsheets leave them at the end."""
    roll = checked(write_roll(file, ["", roll_line(1), ",,", "  "]))
    assert (roll.records, roll.bad) == (1, 0)


def test_bad_lines_are_named_by_number_and_reason(file: Path) -> None:
    """Each with what is wrong with it, and the others are right."""
    wrong = identity_number(3)[:-1] + ("0" if identity_number(3)[-1] != "0" else "1")
    lines = [
        roll_line(1),
        f"{wrong},{phone(3)},吴兴区",
        f"{identity_number(4)},010-88886666,吴兴区",
        f",{phone(5)},吴兴区",
        f"{identity_number(6)},{phone(6)}",
        f'{identity_number(7)},"{phone(7)},吴兴区',
        f"{identity_number(8)},{phone(8)},{'区' * 101}",
        f"{identity_number(9)},{phone(9)},{'x' * MAX_LINE}",
        f"{identity_number(10)},{phone(10)},\0",
        roll_line(11),
    ]
    roll = checked(write_roll(file, lines))
    reasons = [
        "check digit",
        "mobile",
        "17 digits",
        "2 columns",
        "quotation",
        "district",
        "longer than 4096 bytes",
        "no text",
    ]
    assert [line for line, _ in refused(roll)] == list(range(3, 11))
    assert all(part in why for (_, why), part in zip(refused(roll), reasons, strict=True))
    assert [record.identity_number for record in records(roll)] == [
        identity_number(1),
        identity_number(11),
    ]


def test_a_line_in_another_encoding_is_named(file: Path) -> None:
    """Two files that were put together without care."""
    write_roll(file, [roll_line(1)])
    with file.open("ab") as stream:
        stream.write(f"{roll_line(2)}\n".encode("gb18030"))
    assert refused(checked(file)) == [(3, "it is no text in UTF-8")]


def test_who_is_not_born_yet_is_refused(file: Path) -> None:
    """As of today."""
    roll = check_roll([write_roll(file, [roll_line(1)])], date(1989, 1, 1), Silent())
    assert roll.bad == 1


def test_a_person_who_is_there_twice_is_named(file: Path) -> None:
    """After normalisation, with the line where the person was first."""
    again = identity_number(2)[:6] + "  " + identity_number(2)[6:].lower()
    roll = checked(write_roll(file, [roll_line(1), roll_line(2), f"{again},,"]))
    assert refused(roll) == [(4, "it is the same person as line 3")]
    assert roll.records == 2


def test_a_person_who_is_in_two_files_is_named(tmp_path: Path) -> None:
    """With the file where the person was first; the line there stands."""
    first = write_roll(tmp_path / "a.csv", [roll_line(1)])
    second = write_roll(tmp_path / "b.csv", [roll_line(2), f"{identity_number(1)},,"])
    roll = checked(first, second)
    assert refused(roll) == [(3, f"it is the same person as line 2 of {first}")]
    assert records(roll)[0].phone == f"+86{phone(1)}"


def test_people_may_share_a_phone(file: Path) -> None:
    """A family does."""
    lines = [f"{identity_number(person)},{phone(1)}," for person in (1, 2)]
    assert checked(write_roll(file, lines)).bad == 0


def test_no_reason_quotes_what_is_in_a_line(file: Path) -> None:
    """It may come to a screen or a mail."""
    wrong = identity_number(1)[:-2] + "00"
    lines = [
        f"{wrong},{phone(1)},",
        f"{identity_number(2)},{phone(2)}1,",
        roll_line(3),
        roll_line(3),
    ]
    roll = checked(write_roll(file, lines))
    told = msgspec.json.encode((roll.named, roll.files)).decode() + repr(roll.chunks)
    assert roll.bad == 3
    for secret in (wrong, identity_number(2), identity_number(3), phone(1), phone(2), phone(3)):
        assert secret[:8] not in told


def test_very_many_bad_lines_are_counted_and_some_of_them_named(file: Path) -> None:
    """A wrong file altogether does not fill the screen or the memory."""
    roll = checked(write_roll(file, ["x,,"] * (MAX_SHOWN + 5)))
    assert (roll.bad, len(roll.named)) == (MAX_SHOWN + 5, MAX_SHOWN)


def test_many_records_are_kept_in_order(file: Path) -> None:
    """Over the bounds of what is sent at a time."""
    roll = checked(write_roll(file, (roll_line(person) for person in range(2000))))
    assert len(roll.chunks) > 2
    assert [one.identity_number for one in records(roll)] == [
        identity_number(person) for person in range(2000)
    ]
