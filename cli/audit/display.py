"""An audit's report for people: the ten with their counts, what was checked, and the verdict."""

from collections.abc import Iterator

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from cli.audit.report import AuditReport, Outcome
from cli.printable import printable

_BAR_WIDTH = 16
_SHOWN_SO_FAR = 10
_MARKS: dict[Outcome, tuple[str, str]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "pending": ("·", "yellow"),
}


def show_report(report: AuditReport, console: Console) -> None:
    """Print the whole report; foreign text is made printable."""
    console.print(_heading(report))
    if report.counts is not None:
        console.print(_ranking(report, report.counts))
    console.print(_checks(report))
    if report.key_source == "first-use":
        console.print(_first_use(report))
    console.print(_verdict(report))


def _heading(report: AuditReport) -> Text:
    title = f"{report.title.zh}  {report.title.en}" if report.title else "Audit"
    edition = f"edition {report.edition}, {report.phase}" if report.edition else "no edition yet"
    return Text(printable(f"{title} ({edition}, {report.size} entries)"), style="bold")


def _ranking(report: AuditReport, counts: dict[str, int]) -> Table:
    final = bool(report.winners or report.tied)
    table = Table(title="The result" if final else "The counts so far", title_justify="left")
    table.add_column("#", justify="right")
    table.add_column("id", no_wrap=True)
    table.add_column("事项 Initiative", ratio=1)
    table.add_column("票 Ballots", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=_BAR_WIDTH)
    most = max([1, *counts.values()])
    for place, id_ in _rows(report, counts):
        title = report.titles[id_]
        bar = "█" * round(_BAR_WIDTH * counts[id_] / most)
        texts = dict.fromkeys((title.zh, title.en))  # where both are the same, once is enough
        both = Text("\n".join(printable(text) for text in texts))
        table.add_row(place, Text(printable(id_)), both, str(counts[id_]), bar)
    return table


def _rows(report: AuditReport, counts: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Place and id: the chosen and the tied, or before the close those ahead."""
    if not (report.winners or report.tied):
        ahead = sorted(counts, key=lambda id_: -counts[id_])[:_SHOWN_SO_FAR]
        yield from ((str(place), id_) for place, id_ in enumerate(ahead, 1))
        return
    yield from ((str(place), id_) for place, id_ in enumerate(report.winners, 1))
    yield from (("tied", id_) for id_ in report.tied)


def _checks(report: AuditReport) -> Group:
    lines = []
    for check in report.checks:
        mark, style = _MARKS[check.outcome]
        line = Text.assemble((mark, style), f" {check.name:<12}", printable(check.detail))
        lines.append(line)
    return Group(*lines)


def _first_use(report: AuditReport) -> Text:
    key = printable(report.vkey or "")
    return Text(
        "THE KEY IS THE LOG'S OWN WORD: nothing was given or remembered to check it against.\n"
        f"Compare it with the key that the city published:\n  {key}",
        style="bold yellow",
    )


def _verdict(report: AuditReport) -> Text:
    if report.violation is not None:
        where, why = printable(report.violation.where), printable(report.violation.why)
        return Text(f"WRONG at {where}: {why}", style="bold red")
    counted = f"{report.ballots} ballots of {report.voters} voters"
    what = f"verified: {counted} in {report.size} entries, {report.seconds:.1f} s"
    return Text(what, style="bold green")
