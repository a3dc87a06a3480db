"""Counter codes on paper: each page is rendered and read again, as a phone's camera reads it.

The renderer has no Chinese typeface to put in place of the one that viewers bring, so these tests
look at codes, numbers and places; how the pages look is for people to see.
"""

import io
from functools import cache

import pypdfium2
import pytest
import zxingcpp
from PIL.Image import Image

from cli.counter.sheets import SLIPS_PER_SHEET, Sheets, print_sheets
from cli.progress import Silent

SCALE = 3
"""Pixels for each point: 216 dpi, less than a cheap printer has."""

MARGIN_MM = 5
CODES = tuple(f"7KQ2-M4TX-9WDE-{number:04}" for number in range(6))
SHEETS = Sheets(edition="huzhou-2027", batch="吴兴区 爱山街道 1")
URL = "https://vote.huzhou.example/2027/"


@cache
def printed(sheets: Sheets = SHEETS, codes: tuple[str, ...] = CODES) -> bytes:
    """The PDF of these codes."""
    return print_sheets(sheets, 101, codes, Silent())


def pages(data: bytes) -> list[Image]:
    """The pages as one sees them."""
    with pypdfium2.PdfDocument(data) as document:
        return [page.render(scale=SCALE).to_pil() for page in document]


def texts(data: bytes) -> list[str]:
    """The text on each page."""
    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_range() for page in document]


def read_codes(page: Image) -> list[str]:
    """What the QR codes on a page say, from top to bottom."""
    found = zxingcpp.read_barcodes(page)
    return [one.text for one in sorted(found, key=lambda one: one.position.top_left.y)]


def ink(page: Image) -> tuple[float, float, float, float]:
    """The margins that are left white, in millimetres: left, top, right, bottom."""
    box = page.convert("L").point(lambda shade: 255 if shade < 250 else 0).getbbox()
    assert box is not None
    left, top, right, bottom = box
    margins = (left, top, page.width - right, page.height - bottom)
    return tuple(one / SCALE / 72 * 25.4 for one in margins)  # type: ignore[return-value]  # four


def test_each_qr_code_says_its_code() -> None:
    """In the order in which the registrar gave them, four to a sheet."""
    assert [read_codes(page) for page in pages(printed())] == [
        list(CODES[:SLIPS_PER_SHEET]),
        list(CODES[SLIPS_PER_SHEET:]),
    ]


def test_a_voting_url_makes_each_qr_code_a_link() -> None:
    """The code stands in the fragment, which no server is sent."""
    sheets = Sheets(edition="huzhou-2027", batch="1", voting_url=URL)
    (first, _) = pages(printed(sheets))
    assert read_codes(first)[0] == f"{URL}#edition=huzhou-2027&counter={CODES[0]}"


def test_the_longest_link_can_be_read() -> None:
    """Its QR code has smaller modules."""
    sheets = Sheets(edition="e" * 63, batch="b" * 60, voting_url=URL.ljust(200, "x"))
    (page,) = pages(printed(sheets, CODES[:1]))
    fragment = f"#edition={sheets.edition}&counter={CODES[0]}"
    assert read_codes(page) == [f"{sheets.voting_url}{fragment}"]


def test_number_and_code_are_printed_to_be_read() -> None:
    """The number twice, outside and inside; the code once."""
    first, second = texts(printed())
    for number, code in enumerate(CODES):
        page = first if number < SLIPS_PER_SHEET else second
        assert page.count(f"No. {101 + number:06}") == 2
        assert page.count(code) == 1


@pytest.mark.parametrize(
    "sheets",
    [
        SHEETS,
        Sheets(edition="e" * 63, batch="街" * 60, voting_url=URL.ljust(200, "x")),
        Sheets(edition="W" * 63, batch="W" * 60),
    ],
)
def test_nothing_runs_off_the_page(sheets: Sheets) -> None:
    """Printers leave five millimetres white on all sides."""
    for page in pages(printed(sheets)):
        assert min(ink(page)) >= MARGIN_MM


@pytest.mark.parametrize("batch", ["W" * 60, "街" * 60, "1"])
def test_each_panel_keeps_its_text(batch: str) -> None:
    """The code and everything beside it stands between the folds, and no text crosses one."""
    data = printed(Sheets(edition="W" * 63, batch=batch, voting_url=URL.ljust(200, "W")))
    with pypdfium2.PdfDocument(data) as document:
        page = document[0]
        text = page.get_textpage()
        folds = [page.get_width() / 2 + side * 33 / 25.4 * 72 for side in (-1, 1)]
        for index in range(text.count_rects()):
            left, _, right, _ = text.get_rect(index)
            assert not any(left < fold < right for fold in folds), text.get_text_bounded(
                *text.get_rect(index)
            )


def test_a_sheet_is_a4() -> None:
    """210 by 297 millimetres."""
    with pypdfium2.PdfDocument(io.BytesIO(printed())) as document:
        size = [round(side / 72 * 25.4) for side in document[0].get_size()]
    assert size == [210, 297]


def test_the_chinese_typeface_is_the_viewers_own() -> None:
    """The file names it and brings none."""
    assert b"STSong-Light" in printed()
    assert b"FontFile" not in printed()


def test_the_same_codes_make_the_same_file() -> None:
    """Nothing in it says when or where it was made."""
    assert print_sheets(SHEETS, 101, CODES, Silent()) == printed()
