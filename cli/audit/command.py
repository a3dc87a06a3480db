"""`huimin audit`: exit code 0 verified, 1 the log is wrong, 2 usage, 3 could not read."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

import msgspec
import rich_click as click
from rich.console import Console

from cli import exit_codes
from cli.audit.audit import audit
from cli.audit.display import show_report
from cli.audit.page import audit_page
from cli.audit.report import AuditReport
from cli.audit.roll import RollReferences, read_references
from cli.log_key import vkey_option
from cli.progress import progress_on
from cli.unreadable import report_unreadable
from shared.client.atomic_file import write_atomically
from shared.client.errors import CannotRead
from shared.client.known_logs import KnownLogs, UnreadableMemory
from shared.client.log_source import open_log
from shared.log.note import Verifier


@click.command("audit")
@click.argument("log", metavar="URL|DIR")
@vkey_option
@click.option("--jobs", type=click.IntRange(1, 512), help="Processes; default: one for each core.")
@click.option(
    "--roll-references",
    "roll_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Check that the log commits to this roll, as `huimin roll references` wrote it.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the report as one page with charts, to print or to publish.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def audit_command(
    log: str,
    vkey: Verifier | None,
    jobs: int | None,
    roll_file: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Verify an edition's whole log and recount it.

    URL is that of the log, such as http://127.0.0.1:8080/log/2027; DIR is one that `huimin export`
    wrote. Trusted is the log's key alone. The checkpoint verified is remembered, and the next audit
    checks that the log continues it.

    Exit codes: 0 verified, 1 the log is wrong, or the roll given is not the one in it (says where
    and why), 2 usage, 3 could not read.
    """
    try:
        roll = read_references(roll_file) if roll_file else None
        report = asyncio.run(_audit(log, vkey, jobs, roll))
    except (CannotRead, UnreadableMemory) as error:
        report_unreadable(error, as_json)
    if page is not None:
        _write_page(page, report, as_json)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)))
    else:
        show_report(report, Console())
    sys.exit(exit_codes.WRONG if report.violation else exit_codes.OK)


def _write_page(file: Path, report: AuditReport, as_json: bool) -> None:
    try:
        write_atomically(file, audit_page(report, datetime.now().astimezone()).encode())
    except OSError as error:
        report_unreadable(CannotRead(f"{file} cannot be written: {error.strerror}"), as_json)


async def _audit(
    log: str, vkey: Verifier | None, jobs: int | None, roll: RollReferences | None
) -> AuditReport:
    known = KnownLogs.of_user(os.environ)
    with progress_on(sys.stderr) as progress:
        async with open_log(log) as source:
            return await audit(
                source, verifier=vkey, known=known, jobs=jobs, progress=progress, roll=roll
            )
