"""Findings as people read them: the worst first, what is well in one line each."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.doctor.findings import LEVELS, Finding, Level
from cli.printable import printable

_MARKS: Final[dict[Level, tuple[str, str]]] = {
    "fail": ("✗ 故障 fail", "bold red"),
    "warn": ("! 注意 warn", "yellow"),
    "unchecked": ("? 未查 not checked", "cyan"),
    "ok": ("✓ 正常 ok", "green"),
}


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print them, and how many of each level there are."""
    for finding in findings:
        mark, style = _MARKS[finding.level]
        head = Text.assemble((mark, style), f"  {finding.check}", f"  {printable(finding.subject)}")
        console.print(head, soft_wrap=True)
        _line(console, f"{finding.found.zh} / {finding.found.en}", finding.evidence)
        if finding.next is not None:
            _line(console, f"→ {finding.next.zh}")
            _line(console, f"→ {finding.next.en}")
        for statement in finding.run:
            _line(console, f"    {statement}")
    counts = {level: sum(one.level == level for one in findings) for level in LEVELS}
    console.print("  ".join(f"{_MARKS[level][0]}: {count}" for level, count in counts.items()))


def _line(console: Console, text: str, evidence: str = "") -> None:
    said = printable(text) + (f" [{printable(evidence)}]" if evidence else "")
    console.print(Text(f"    {said}"), soft_wrap=True)
