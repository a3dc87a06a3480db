"""`huimin roll`: exit code 0 done, 1 refused or lines are wrong, 2 usage, 3 could not read."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Unpack

import rich_click as click

from cli import exit_codes
from cli.desk import Desk, desk_options
from cli.failures import failures
from cli.progress import Progress, progress_on
from cli.roll.checking import CheckedRoll, check_roll
from cli.roll.outcome import (
    Forgotten,
    ReferencesWritten,
    RollImported,
    not_imported,
    show,
    show_bad,
)
from shared.client.atomic_file import write_atomically
from shared.client.registrar_desk import open_registrar_desk
from shared.eligibility.errors import BadRollRecord
from shared.eligibility.references import format_references, references_root
from shared.eligibility.views import DeskView, PhonesForgotten, RollSummary

_CHINA: Final = timedelta(hours=8)


@click.group("roll")
def roll_group() -> None:
    """The electoral roll: who may have a credential. For the registrar's desk."""


@roll_group.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE.csv...",
)
@click.option("--skip-bad", is_flag=True, help="Import what is right and leave out the rest.")
@desk_options
def import_command(files: tuple[Path, ...], skip_bad: bool, **desk: Unpack[Desk]) -> None:
    """Check the roll in FILE.csv and hand it to the registrar, in place of an earlier one.

    The first line names the columns: 身份证号, 手机, 辖区, or identity_number, phone, district.
    Only the first is needed; who has no phone gets a code at a counter. UTF-8 or GB18030.

    Every line is checked before anything is sent. Wrong lines, and a person who is there twice, are
    named by file and line; then nothing is imported, unless --skip-bad says so.

    Exit codes: 0 imported, 1 refused or lines are wrong, 2 usage, 3 could not read.
    """
    today = (datetime.now(UTC) + _CHINA).date()
    with failures(desk["as_json"]), progress_on(sys.stderr) as progress:
        checked = check_roll(files, today, progress)
        if checked.bad and not skip_bad:
            show_bad(checked)
            show(not_imported(checked), desk["as_json"])
            sys.exit(exit_codes.WRONG)
        if not checked.records:
            raise BadRollRecord("the files name nobody")
        summary = asyncio.run(_send(desk, checked, progress))
    imported = RollImported(
        edition=desk["edition"],
        roll=summary,
        skipped=checked.bad,
        bad=tuple(checked.named),
        files=tuple(checked.files),
    )
    show_bad(checked)
    show(imported, desk["as_json"])


@roll_group.command("references")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where the references go: one a line, 64 hexadecimal digits, ascending.",
)
@desk_options
def references_command(out: Path, **desk: Unpack[Desk]) -> None:
    """Write the roll's references, for whoever checks the commitment in the log.

    They name nobody: only the registrar's key leads from a person to a reference. Whoever has the
    file can run `huimin audit LOG --roll-references FILE`.
    """
    with failures(desk["as_json"]):
        references = asyncio.run(_references(desk))
        root = references_root(references)
        write_atomically(out, format_references(references))
    written = ReferencesWritten(
        edition=desk["edition"], file=str(out), size=len(references), root=root
    )
    show(written, desk["as_json"])


@roll_group.command("show")
@desk_options
def show_command(**desk: Unpack[Desk]) -> None:
    """Show how an edition stands at the registrar: counts, no person."""
    with failures(desk["as_json"]):
        view = asyncio.run(_view(desk))
    show(view, desk["as_json"])


@roll_group.command("forget")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@desk_options
def forget_command(yes: bool, **desk: Unpack[Desk]) -> None:
    """Have the registrar forget phones, once issuance was reported.

    References stay, so that a person can still ask whether a credential was issued to them. The
    database's file is written anew only while people register for no other edition: they would have
    to wait. If it was not, run this again when those have reported.
    """
    if sys.stdin.isatty() and not yes:
        click.confirm("删除手机号? Forget phones?", abort=True, err=True)
    with failures(desk["as_json"]):
        done = asyncio.run(_forget(desk))
    forgotten = Forgotten(
        edition=desk["edition"], rewritten=done.rewritten, open_editions=done.open_editions
    )
    show(forgotten, desk["as_json"])


async def _send(desk: Desk, checked: CheckedRoll, progress: Progress) -> RollSummary:
    async def chunks() -> AsyncIterator[bytes]:
        progress.begin("Sending the roll", checked.records)
        for chunk in checked.chunks:
            yield chunk.data
            progress.advance(chunk.records)

    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.import_roll(desk["edition"], chunks)


async def _references(desk: Desk) -> list[bytes]:
    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.references(desk["edition"])


async def _view(desk: Desk) -> DeskView:
    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.view(desk["edition"])


async def _forget(desk: Desk) -> PhonesForgotten:
    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.forget(desk["edition"])
