"""The report as a page: what it shows, and that nothing from a log becomes markup."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from msgspec.structs import replace

from cli.audit.evidence import Violation
from cli.audit.page import audit_page
from cli.audit.report import AuditReport
from shared.edition.manifest import Text
from tests.audits import audited, certified, started

NOW = datetime(2027, 4, 1, 9, 30, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\u202e\"'&"


class Reader(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


async def report_of(tmp_path: Path) -> AuditReport:
    """That of a certified edition."""
    return await audited(certified().write(tmp_path))


async def test_the_page_shows_every_initiative_with_its_ballots(tmp_path: Path) -> None:
    """Those chosen in their colour, each with a bar and a figure."""
    report = await report_of(tmp_path)
    assert report.counts is not None
    page = audit_page(report, NOW)
    text = Reader(page).text
    for id_, count in report.counts.items():
        assert report.titles[id_].en in text
        assert f"{count:,}" in text
    assert page.count('<rect class="chosen"') >= len(report.winners)


async def test_the_page_names_all_that_another_auditor_needs(tmp_path: Path) -> None:
    """Log, key, size, root, time."""
    report = await report_of(tmp_path)
    text = Reader(audit_page(report, NOW)).text
    assert report.root is not None
    for needed in (report.source, report.vkey, report.root.hex(), "2027-04-01T09:30:00+00:00"):
        assert str(needed) in text


async def test_nothing_from_the_log_becomes_markup(tmp_path: Path) -> None:
    """Titles and reasons are text, with what could reorder or hide it replaced."""
    report = await report_of(tmp_path)
    title = Text(zh=HOSTILE, en=HOSTILE + "en")
    hostile = replace(
        report,
        source=HOSTILE,
        edition=HOSTILE,
        title=title,
        titles=dict.fromkeys(report.titles, title),
        checks=tuple(replace(check, detail=HOSTILE) for check in report.checks),
    )
    for one in (hostile, replace(hostile, violation=Violation(HOSTILE, HOSTILE))):
        page = audit_page(one, NOW)
        assert "script" not in Reader(page).tags
        assert "\u202e" not in page


async def test_a_wrong_log_is_said_to_be_wrong_and_nothing_is_counted(tmp_path: Path) -> None:
    """Where and why stand at the top."""
    report = await report_of(tmp_path)
    violation = Violation("entry 7", "its signature does not verify")
    wrong = replace(report, verdict="wrong", violation=violation, counts=None)
    page = audit_page(wrong, NOW)
    text = Reader(page).text
    assert text.index("entry 7") < text.index("What was checked")
    assert "rect" not in Reader(page).tags
    assert "Verified" not in text


async def test_a_key_that_is_the_logs_own_word_is_warned_of(tmp_path: Path) -> None:
    """And one that was given is not."""
    report = await report_of(tmp_path)
    warning = "own word"
    assert warning in audit_page(replace(report, key_source="first-use"), NOW)
    assert warning not in audit_page(replace(report, key_source="given"), NOW)


async def test_a_sealed_edition_has_no_counts_on_its_page(tmp_path: Path) -> None:
    """There is no ranking before the close."""
    report = await audited(started(disclosure="at-close").write(tmp_path))
    assert "Ballots" not in Reader(audit_page(report, NOW)).text
