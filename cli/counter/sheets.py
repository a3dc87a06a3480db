"""Counter codes on A4 sheets, as PDF: four slips to a sheet, each folded in three and sealed.

A slip is printed on one side and has three panels. The right one folds over the code and hides it,
printed side down; the left one folds back and is what one sees. A pattern on the cover keeps light
from showing the code through the paper. The typefaces are those that every PDF viewer brings:
Helvetica, Courier, and for Chinese the Adobe-GB1 face STSong-Light, which is not embedded.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final

from msgspec import Struct
from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfgen.canvas import Canvas

from cli.progress import Progress

SLIPS_PER_SHEET: Final = 4
MAX_URL: Final = 200

_CHINESE: Final = "STSong-Light"
_LATIN: Final = "Helvetica"
_BOLD: Final = "Helvetica-Bold"
_CODE: Final = "Courier-Bold"

_PANEL: Final = 66 * mm
_HEIGHT: Final = 68 * mm
_LEFT: Final = (A4[0] - 3 * _PANEL) / 2
_BOTTOM: Final = (A4[1] - SLIPS_PER_SHEET * _HEIGHT) / 2
_PAD: Final = 4 * mm
_SEAL: Final = 7 * mm
_QR: Final = 33 * mm
_HATCH: Final = 1.6 * mm
_GREY: Final = 0.55

_FORM: Final = "slip"

_TITLE: Final = ("惠民投票 现场码", "Huimin vote: counter code")
_OUTSIDE: Final = (
    (
        "1. 本人凭身份证领取，封口完好方可接收。",
        "2. 拆开后扫描二维码，或在投票页面输入验证码。",
        "3. 只能使用一次；请勿告诉任何人，工作人员不会索要。",
        "4. 遗失或封口破损，请凭编号到领取处更换。",
    ),
    (
        "1. Handed to you in person against your identity card.",
        "    Take it only if the seal is unbroken.",
        "2. Open it; scan the QR code or type the code where you vote.",
        "3. It works once. Tell nobody: no official will ask for it.",
        "4. Lost, or the seal is broken? Bring the number back here.",
    ),
)
_COVER: Final = (
    ("① 沿右侧折线向内折，盖住验证码", "Fold this panel over the code"),
    ("② 沿左侧折线向后折，说明朝外", "Fold the left panel back, text outside"),
    ("③ 用封签封住左边", "Seal the open edge with a sticker"),
)


class Sheets(Struct, frozen=True, kw_only=True):
    """What the slips say besides code and number; `voting_url` makes the QR code a link."""

    edition: str
    batch: str
    voting_url: str | None = None


def print_sheets(
    sheets: Sheets, first_serial: int, codes: Sequence[str], progress: Progress
) -> bytes:
    """A PDF with one slip for each code; code i has the number `first_serial` + i."""
    registerFont(UnicodeCIDFont(_CHINESE))
    data = BytesIO()
    # Nothing in the file says when or where it was made.
    canvas = Canvas(data, pagesize=A4, pageCompression=1, invariant=1, lang="zh-CN")
    canvas.setTitle(f"惠民投票 现场码 Huimin counter codes {sheets.edition} {sheets.batch}")
    _define_slip(canvas, sheets)
    progress.begin("Printing counter codes", len(codes))
    for number, code in enumerate(codes):
        place = number % SLIPS_PER_SHEET
        if place == 0 and number:
            canvas.showPage()
        canvas.saveState()
        canvas.translate(_LEFT, _BOTTOM + (SLIPS_PER_SHEET - 1 - place) * _HEIGHT)
        canvas.doForm(_FORM)
        _draw_number(canvas, first_serial + number)
        _draw_code(canvas, sheets, code)
        canvas.restoreState()
        progress.advance()
    canvas.save()
    return data.getvalue()


def qr_text(sheets: Sheets, code: str) -> str:
    """What a slip's QR code says: the code, or a link to the voting page with it.

    No server is sent the fragment, and the page takes it out of the address bar at once.
    """
    if sheets.voting_url is None:
        return code
    return f"{sheets.voting_url}#edition={sheets.edition}&counter={code}"


def _define_slip(canvas: Canvas, sheets: Sheets) -> None:
    """What all slips have in common, stored once in the file."""
    canvas.beginForm(_FORM, 0, 0, 3 * _PANEL, _HEIGHT)
    _draw_lines(canvas)
    _draw_outside(canvas, sheets)
    _draw_inside(canvas, sheets)
    _draw_cover(canvas)
    canvas.endForm()


def _draw_lines(canvas: Canvas) -> None:
    canvas.setLineWidth(0.4)
    canvas.setStrokeGray(_GREY)
    canvas.setDash(4, 2)
    canvas.rect(0, 0, 3 * _PANEL, _HEIGHT)
    canvas.setDash(0.5, 2)
    for fold in (_PANEL, 2 * _PANEL):
        canvas.line(fold, 0, fold, _HEIGHT)
    canvas.line(_SEAL, 0, _SEAL, _HEIGHT)
    canvas.setDash()
    canvas.saveState()
    canvas.translate(_SEAL / 2 + 1, _HEIGHT / 2)
    canvas.rotate(90)
    canvas.setFillGray(_GREY)
    canvas.setFont(_CHINESE, 8)
    canvas.drawCentredString(0, -2, "封 签 处   SEAL HERE")
    canvas.restoreState()


def _draw_outside(canvas: Canvas, sheets: Sheets) -> None:
    left, width = _SEAL + 3 * mm, _PANEL - _SEAL - 3 * mm - 2 * mm
    top = _HEIGHT - 6.5 * mm
    canvas.setFont(_CHINESE, 13)
    canvas.drawString(left, top, _TITLE[0])
    canvas.setFont(_BOLD, 8.5)
    canvas.drawString(left, top - 4 * mm, _TITLE[1])
    y = top - 8.5 * mm
    for label, text in (("活动 Edition", sheets.edition), ("批次 Batch", sheets.batch)):
        for line in _wrapped(f"{label}  {text}", _CHINESE, 7.5, width)[:2]:
            canvas.setFont(_CHINESE, 7.5)
            canvas.drawString(left, y, line)
            y -= 3.2 * mm
    y = _HEIGHT - 34 * mm
    for lines, font, size, step in (
        (_OUTSIDE[0], _CHINESE, 6.5, 3.3 * mm),
        (_OUTSIDE[1], _LATIN, 5.4, 2.7 * mm),
    ):
        for line in lines:
            canvas.setFont(font, min(size, size * width / stringWidth(line, font, size)))
            canvas.drawString(left, y, line)
            y -= step
        y -= 1 * mm


def _draw_number(canvas: Canvas, serial: int) -> None:
    canvas.setFont(_BOLD, 12)
    canvas.drawString(_SEAL + 3 * mm, _HEIGHT - 28.5 * mm, f"No. {serial:06}")
    canvas.setFont(_LATIN, 6.5)
    canvas.drawRightString(2 * _PANEL - _PAD, 2.5 * mm, f"No. {serial:06}")


def _draw_inside(canvas: Canvas, sheets: Sheets) -> None:
    middle = 1.5 * _PANEL
    canvas.setFont(_CHINESE, 9)
    canvas.drawCentredString(middle, _HEIGHT - 7 * mm, "验证码 Code")
    canvas.setFont(_CHINESE, 6.5)
    y = _HEIGHT - 52.5 * mm
    canvas.drawCentredString(middle, y, "只能使用一次，请勿告诉任何人  Works once; tell nobody")
    canvas.setFont(_LATIN, 6)
    for line in _wrapped(sheets.voting_url or "", _LATIN, 6, _PANEL - 2 * _PAD)[:3]:
        y -= 2.8 * mm
        canvas.drawCentredString(middle, y, line)


def _draw_code(canvas: Canvas, sheets: Sheets, code: str) -> None:
    middle = 1.5 * _PANEL
    _draw_qr(canvas, qr_text(sheets, code), middle - _QR / 2, _HEIGHT - 9 * mm - _QR)
    widest = _PANEL - 2 * _PAD
    canvas.setFont(_CODE, min(12, 12 * widest / stringWidth(code, _CODE, 12)))
    canvas.drawCentredString(middle, _HEIGHT - 47.5 * mm, code)


def _draw_qr(canvas: Canvas, text: str, left: float, bottom: float) -> None:
    """A QR code (ISO/IEC 18004) without its quiet zone, which is the empty paper around it."""
    qr = QRCode(None, QRErrorCorrectLevel.M)
    qr.addData(text)
    qr.make()
    count = qr.getModuleCount()
    size = _QR / count
    path = canvas.beginPath()
    for row in range(count):
        y = bottom + (count - 1 - row) * size
        for start, end in _dark_runs([qr.isDark(row, column) for column in range(count)]):
            path.rect(left + start * size, y, (end - start) * size, size)
    canvas.drawPath(path, stroke=0, fill=1)


def _dark_runs(row: Sequence[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for column, dark in enumerate([*row, False]):
        if dark and start is None:
            start = column
        elif not dark and start is not None:
            yield start, column
            start = None


def _draw_cover(canvas: Canvas) -> None:
    """Crossed lines over all that lies on the code, and below how to fold."""
    left, words = 2 * _PANEL, 21.5 * mm
    canvas.saveState()
    area = canvas.beginPath()
    area.rect(left + 1 * mm, words, _PANEL - 2 * mm, _HEIGHT - words - 1 * mm)
    canvas.clipPath(area, stroke=0)
    canvas.setStrokeGray(_GREY)
    canvas.setLineWidth(0.55 * mm)
    reach = _PANEL + _HEIGHT
    steps = int(2 * reach / _HATCH)
    for step in range(steps):
        x = left - reach + step * _HATCH
        canvas.line(x, 0, x + reach, reach)
        canvas.line(x, reach, x + reach, 0)
    canvas.restoreState()
    y = words - 4.5 * mm
    for zh, en in _COVER:
        canvas.setFont(_CHINESE, 7)
        canvas.drawString(left + _PAD, y, zh)
        canvas.setFont(_LATIN, 5.6)
        canvas.drawString(left + _PAD + 9, y - 2.4 * mm, en)
        y -= 5.9 * mm


def _wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    """The text in lines of at most this width, broken at any character."""
    lines = [""]
    for one in text:
        if stringWidth(lines[-1] + one, font, size) > width:
            lines.append("")
        lines[-1] += one
    return lines
