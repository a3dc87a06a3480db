"""An audit's report as one HTML page: for paper, for a newspaper, for whoever would rather look.

The page holds all that it needs: no script, no picture, nothing from elsewhere, and a policy that
forbids them. What comes from the log is escaped and printable. Chinese first, English second.
"""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Final

from cli.audit.evidence import CheckName
from cli.audit.report import AuditReport, Outcome
from cli.printable import printable
from shared.edition.manifest import Text
from shared.version import VERSION

_BAR: Final = 100
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_MARKS: Final[dict[Outcome, str]] = {"passed": "✓", "failed": "✗", "pending": "·"}

# What each check is about, for people who have not read how the log is made.
_MEANS: Final[dict[CheckName, Text]] = {
    "checkpoint": Text(zh="检查点由日志的密钥签名", en="The checkpoint is signed by the log's key"),
    "history": Text(zh="日志延续了上次核对的内容", en="The log continues what was verified before"),
    "entries": Text(
        zh="每个事件合法，每个签名和凭证有效", en="Every event is lawful, every signature valid"
    ),
    "tiles": Text(zh="公布的树与条目相符", en="The published tree is that of the entries"),
    "root": Text(zh="重新算出的根与签名的相同", en="The root, computed anew, is the one signed"),
    "openings": Text(zh="公开的选择与投票时的承诺相符", en="Choices are those committed to"),
    "roll": Text(zh="日志承诺的就是给出的选民册", en="The log commits to the roll given"),
    "eligibility": Text(
        zh="投票人 ≤ 已发凭证 ≤ 选民册", en="Voters ≤ credentials issued ≤ people on the roll"
    ),
    "result": Text(zh="重新计票与确认的结果相同", en="The count, made anew, is the one certified"),
}


def audit_page(report: AuditReport, now: datetime) -> str:
    """The page; `now` is when the audit was made, with its time zone."""
    title = f"{report.title.zh} {report.title.en}" if report.title else "审计 Audit"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="zh-CN">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{_text(title)}</title>",
            f"<style>{files('cli.audit').joinpath('page.css').read_text('utf-8')}</style></head>",
            "<body><main>",
            *_heading(report),
            *_verdict(report),
            *_ranking(report),
            *_people(report),
            *_checks(report),
            *_evidence(report, now),
            "</main></body></html>",
            "",
        ]
    )


def _heading(report: AuditReport) -> Iterator[str]:
    if report.title is None:
        yield f"<h1>{_both(Text(zh='审计报告', en='Audit report'))}</h1>"
        return
    yield f"<h1>{_both(report.title)}</h1>"
    yield f"<p>{_both(Text(zh='独立审计报告', en='Independent audit report'))}</p>"


def _verdict(report: AuditReport) -> Iterator[str]:
    if report.violation is not None:
        where, why = _text(report.violation.where), _text(report.violation.why)
        said = Text(
            zh="日志有错，任何数字都不可信", en="The log is wrong: no figure can be trusted"
        )
        yield f'<div class="verdict wrong" role="alert"><strong>✗ {_both(said)}</strong>'
        yield f"<p><code>{where}</code>: {why}</p></div>"
        return
    size, ballots, voters = (
        f"{one or 0:,}" for one in (report.size, report.ballots, report.voters)
    )
    said = Text(
        zh=f"核验通过：日志 {size} 条，{voters} 人的 {ballots} 张选票",
        en=f"Verified: {ballots} ballots of {voters} voters in {size} entries",
    )
    yield f'<div class="verdict verified"><strong>✓ {_both(said)}</strong></div>'
    if report.key_source == "first-use":
        said = Text(
            zh="密钥取自日志自己。请与市里公布的密钥比对，否则本报告只说明它不自相矛盾。",
            en="The key is the log's own word. Compare it with the one that the city published.",
        )
        yield f'<div class="warn">{_both(said)}</div>'


def _ranking(report: AuditReport) -> Iterator[str]:
    if report.counts is None:
        return
    final = bool(report.winners or report.tied)
    name = Text(zh="结果", en="The result") if final else Text(zh="目前计票", en="The count so far")
    yield f"<h2>{_both(name)}</h2>"
    yield '<table><thead><tr><th class="number">#</th><th>事项 Initiative</th>'
    yield '<th class="number">票 Ballots</th><th>图 Bar</th></tr></thead><tbody>'
    most = max([1, *report.counts.values()])
    order = sorted(report.counts, key=lambda id_: _place(report, id_))
    for place, id_ in enumerate(order, start=1):
        kind = _kind(report, id_)
        line = final and place == len(report.winners) + len(report.tied)
        shown = "=" if kind == "tied" else str(place)
        count = report.counts[id_]
        yield f'<tr{" class=line" if line else ""}><td class="number">{shown}</td>'
        yield f'<td>{_both(report.titles[id_])}</td><td class="number">{count:,}</td>'
        yield f"<td>{_bar(count, most, kind)}</td></tr>"
    yield "</tbody></table>"
    if report.tied:
        said = Text(zh="标 = 的并列，由公开抽签决定", en="Those with = are tied: a draw decides")
        yield f"<p>{_both(said)}</p>"
    if final:
        said = (
            Text(zh="结果已由工作人员签署确认", en="Certified by the officers")
            if report.certified
            else Text(zh="结果尚未签署确认", en="Not certified yet")
        )
        yield f"<p>{_both(said)}</p>"


def _place(report: AuditReport, id_: str) -> tuple[int, int, int]:
    """Where it stands: the chosen in their order, then the tied, then the others by ballots."""
    if id_ in report.winners:
        return 0, report.winners.index(id_), 0
    ballots = (report.counts or {})[id_]
    return (1 if id_ in report.tied else 2), -ballots, list(report.titles).index(id_)


def _kind(report: AuditReport, id_: str) -> str:
    if id_ in report.winners:
        return "chosen"
    return "tied" if id_ in report.tied else "other"


def _people(report: AuditReport) -> Iterator[str]:
    """Voters within credentials within roll: what keeps the registrar honest."""
    rows = [
        (Text(zh="选民册", en="On the roll"), report.roll),
        (Text(zh="已发凭证", en="Credentials issued"), report.issued),
        (Text(zh="投票人", en="People who voted"), report.voters),
    ]
    if report.violation is not None or report.voters == 0:
        return
    yield f"<h2>{_both(Text(zh='人数', en='People'))}</h2><table><tbody>"
    most = max(1, *(number or 0 for _, number in rows))
    for name, number in rows:
        if number:
            yield f'<tr><td>{_both(name)}</td><td class="number">{number:,}</td>'
            yield f"<td>{_bar(number, most, 'chosen')}</td></tr>"
    yield "</tbody></table>"
    for one in report.channels:
        yield f"<p>{_text(one.channel)}: {one.issued:,}</p>"


def _checks(report: AuditReport) -> Iterator[str]:
    yield f"<h2>{_both(Text(zh='核对了什么', en='What was checked'))}</h2><table><tbody>"
    for check in report.checks:
        mark = _MARKS[check.outcome]
        yield f'<tr><td class="{check.outcome}">{mark}</td><td>{_both(_MEANS[check.name])}</td>'
        yield f"<td><code>{_text(check.detail)}</code></td></tr>"
    yield "</tbody></table>"


def _evidence(report: AuditReport, now: datetime) -> Iterator[str]:
    """What another auditor needs in order to say the same, or not."""
    facts = [
        ("日志 Log", report.source),
        ("来源 Origin", report.origin),
        ("公钥 Key", report.vkey),
        ("大小 Size", report.size),
        ("根 Root", report.root.hex() if report.root else None),
        ("打开的根 Openings", report.openings_root.hex() if report.openings_root else None),
        ("审计时间 Audited", now.isoformat(timespec="seconds")),
        ("程序 Program", f"huimin {VERSION}, {report.seconds:.1f} s"),
        ("重做 Do it again", f"huimin audit {report.source} --vkey {report.vkey}"),
    ]
    yield f"<h2>{_both(Text(zh='证据', en='Evidence'))}</h2><dl>"
    for name, value in facts:
        if value is not None:
            yield f"<dt>{name}</dt><dd><code>{_text(str(value))}</code></dd>"
    yield "</dl>"


def _bar(number: int, most: int, kind: str) -> str:
    """A bar whose figure stands beside it, so that it says nothing to a screen reader."""
    width = _BAR * number / most
    return (
        f'<svg viewBox="0 0 {_BAR} 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rail" width="{_BAR}" height="10"/>'
        f'<rect class="{kind}" width="{width:.2f}" height="10"/></svg>'
    )


def _both(text: Text) -> str:
    """Chinese, and English below it unless it is the same."""
    if text.zh == text.en:
        return _text(text.zh)
    return f'{_text(text.zh)}<br><span class="en" lang="en">{_text(text.en)}</span>'


def _text(text: str) -> str:
    return escape(printable(text))
