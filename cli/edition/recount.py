"""A draw or a certificate from our own recount of the log.

An officer signs only what the officer's own machine has read, verified and counted: the whole log,
by the auditor's code. What the tally says is not asked for.
"""

import sys
from typing import TypedDict, TypeVar
from urllib.parse import quote

from msgspec.structs import fields

from cli.audit.audit import audit
from cli.audit.report import AuditReport
from cli.progress import progress_on
from shared.client.known_logs import KnownLogs
from shared.client.log_source import open_log
from shared.client.served_log import WrongLog
from shared.edition.commands import CertifyResult, Command, DrawTieSeed
from shared.edition.errors import BadCertificate, BadTieDraw, Refusal, WrongPhase
from shared.log.note import Verifier

T = TypeVar("T")


class Base(TypedDict):
    """What every command carries."""

    edition: str
    origin: str
    expected_size: int


async def recount(url: str, edition: str, verifier: Verifier, known: KnownLogs) -> AuditReport:
    """The report of an audit that found nothing wrong; raises `WrongLog` if it did, `CannotRead`.

    `url` is the base URL of the ballot service.
    """
    log = f"{url.rstrip('/')}/log/{quote(edition, safe='')}"
    with progress_on(sys.stderr) as progress:
        async with open_log(log) as source:
            report = await audit(source, progress=progress, verifier=verifier, known=known)
    if report.violation is not None:
        where, why = report.violation.where, report.violation.why
        raise WrongLog(f"the log is wrong at {where}: {why}. Nothing was signed; tell the auditors")
    return report


def tie_draw(base: Base, report: AuditReport, seed: str) -> DrawTieSeed:
    """The draw of whom the recount finds tied; raises `WrongPhase` or `BadTieDraw`."""
    _require(report, "issued")
    if not report.tied:
        raise BadTieDraw("the recount finds no tie for the last seats, so nothing is drawn")
    return DrawTieSeed(**base, seed=seed, tied=report.tied, root=_known(report.root))


def certificate(base: Base, report: AuditReport) -> CertifyResult:
    """The certificate of what the recount gives; raises `WrongPhase` or `BadCertificate`."""
    _require(report, "issued", "drawn")
    if report.tied:
        raise BadCertificate(f"{', '.join(report.tied)} are tied; draw before certifying")
    return CertifyResult(
        **base,
        winners=report.winners,
        counts=_known(report.counts),
        size=_known(report.size),
        root=_known(report.root),
        openings_root=_known(report.openings_root),
    )


def check_by_recount(command: DrawTieSeed | CertifyResult, report: AuditReport) -> None:
    """Raise `BadTieDraw` or `BadCertificate` unless the recount leads to this very command."""
    base = Base(edition=command.edition, origin=command.origin, expected_size=command.expected_size)
    if isinstance(command, DrawTieSeed):
        _compare(command, tie_draw(base, report, command.seed), BadTieDraw)
    else:
        _compare(command, certificate(base, report), BadCertificate)


def _compare(theirs: Command, mine: Command, refusal: type[Refusal]) -> None:
    for field in fields(mine):
        wanted = getattr(mine, field.name)
        if getattr(theirs, field.name) != wanted:
            shown = wanted.hex() if isinstance(wanted, bytes) else wanted
            raise refusal(f"{field.name} is not what your own recount gives, {shown}")


def _require(report: AuditReport, *phases: str) -> None:
    if report.phase not in phases:
        raise WrongPhase(
            f"this is possible when an edition is {' or '.join(phases)};"
            f" {report.edition!r} is {report.phase}"
        )


def _known(value: T | None) -> T:
    if value is None:
        raise AssertionError("a verified log whose voting has closed has a size, a root and counts")
    return value
