"""`huimin export`: exit code 0 written, 1 the log is wrong, 2 usage, 3 could not read or write."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec
import rich_click as click

from cli import exit_codes
from cli.audit.evidence import Wrong
from cli.export.export import Export, export
from cli.log_key import vkey_option
from cli.printable import printable
from cli.progress import progress_on
from cli.unreadable import report_unreadable
from shared.client.errors import CannotRead
from shared.client.known_logs import KnownLogs, UnreadableMemory
from shared.client.log_source import open_log
from shared.log.note import Verifier


@click.command("export")
@click.argument("log", metavar="URL")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@vkey_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def export_command(log: str, directory: Path, vkey: Verifier | None, as_json: bool) -> None:
    """Copy an edition's log into DIR, for a CDN to serve or `huimin audit` to read offline.

    URL is that of the log, such as http://127.0.0.1:8080/log/2027. The tree is checked against the
    signed checkpoint before anything in DIR changes. Run it again to bring DIR up to date.

    Exit codes: 0 written, 1 the log is wrong (says where and why), 2 usage, 3 could not read or
    write.
    """
    try:
        exported = asyncio.run(_export(log, directory, vkey))
    except Wrong as wrong:
        where, why = printable(wrong.violation.where), printable(wrong.violation.why)
        if as_json:
            click.echo(msgspec.json.encode({"verdict": "wrong", "violation": wrong.violation}))
        click.echo(f"WRONG at {where}: {why}", err=True)
        sys.exit(exit_codes.WRONG)
    except (CannotRead, UnreadableMemory, OSError) as error:
        report_unreadable(error, as_json)
    click.echo(msgspec.json.encode(exported) if as_json else _sentences(exported))


async def _export(log: str, directory: Path, vkey: Verifier | None) -> Export:
    directory.mkdir(parents=True, exist_ok=True)
    known = KnownLogs.of_user(os.environ)
    with progress_on(sys.stderr) as progress:
        async with open_log(log) as source:
            return await export(source, directory, verifier=vkey, known=known, progress=progress)


def _sentences(exported: Export) -> str:
    openings = "with openings" if exported.openings else "without openings: choices are sealed"
    lines = [
        f"{exported.directory}: {exported.size} entries of {exported.origin}, {openings}.",
        f"Root {exported.root.hex()} is that of the signed checkpoint.",
    ]
    if exported.key_source == "first-use":
        lines.append(f"The key is the log's own word; compare it: {exported.vkey}")
    return "\n".join(printable(line) for line in lines)
