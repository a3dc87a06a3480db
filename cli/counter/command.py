"""`huimin counter`: exit code 0 printed, 1 refused, 2 usage, 3 could not read or write."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, Unpack
from urllib.parse import urlsplit

import msgspec
import rich_click as click
from msgspec import Struct

from cli.counter.sheets import MAX_URL, SLIPS_PER_SHEET, Sheets, print_sheets
from cli.counter.standing import list_command, void_command
from cli.desk import Desk, desk_options
from cli.failures import failures
from cli.progress import progress_on
from shared.client.registrar_desk import open_registrar_desk
from shared.eligibility.views import CounterCodes


class Printed(Struct, frozen=True, kw_only=True):
    """Where the codes were written; their numbers are `first_serial` and those that follow."""

    outcome: Literal["printed"] = "printed"
    edition: str
    batch: str
    first_serial: int
    count: int
    file: str


@click.group("counter")
def counter_group() -> None:
    """Counters: where people without a phone show who they are and get a sealed code."""


counter_group.add_command(list_command)
counter_group.add_command(void_command)


@counter_group.command("print")
@click.option("--count", type=click.IntRange(1, 10_000), required=True, help="How many codes.")
@click.option("--batch", required=True, help="Where the codes go: a name for this lot.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The PDF, for its owner alone; a file is never overwritten.",
)
@click.option(
    "--voting-url", help="The voting page: makes each QR code a link to it with the code filled in."
)
@desk_options
def print_command(
    count: int, batch: str, out: Path, voting_url: str | None, **desk: Unpack[Desk]
) -> None:
    """Have the registrar make counter codes, and write them to a PDF: A4, four slips a sheet.

    Each slip is cut, folded in three and sealed before it leaves the room. The codes are shown this
    once: print the file, then delete it. A code works once, and the log tells how many were issued
    at counters.

    Exit codes: 0 printed, 1 refused, 2 usage, 3 could not read or write, or the answer was lost.
    """
    if voting_url is not None:
        _check_url(voting_url)
    if out.exists():
        raise click.UsageError(f"{out} exists; codes are never overwritten")
    with failures(desk["as_json"]), _private(out) as stream:
        codes = asyncio.run(_codes(desk, count, batch))
        sheets = Sheets(edition=desk["edition"], batch=codes.batch, voting_url=voting_url)
        with progress_on(sys.stderr) as progress:
            stream.write(print_sheets(sheets, codes.first_serial, codes.codes, progress))
    printed = Printed(
        edition=desk["edition"],
        batch=codes.batch,
        first_serial=codes.first_serial,
        count=len(codes.codes),
        file=str(out),
    )
    click.echo(msgspec.json.encode(printed) if desk["as_json"] else _sentences(printed))


async def _codes(desk: Desk, count: int, batch: str) -> CounterCodes:
    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.counter_codes(desk["edition"], count, batch)


@contextmanager
def _private(file: Path) -> Iterator[BinaryIO]:
    """A new file that only its owner may read; it goes again if the block fails.

    It exists before any code does, as nobody could see the codes if it could not be written.
    """
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(made, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and "#" not in url
    except ValueError:
        usable = None
    if not usable or not url.isascii() or not url.isprintable() or len(url) > MAX_URL:
        raise click.BadParameter(
            f"an address such as https://vote.example/vote, without #, at most {MAX_URL} long",
            param_hint="--voting-url",
        )


def _sentences(printed: Printed) -> str:
    last = printed.first_serial + printed.count - 1
    sheets = -(-printed.count // SLIPS_PER_SHEET)
    return (
        f"{printed.file}: {printed.count} 个现场码 counter codes, No. {printed.first_serial:06}"
        f" to {last:06}, on {sheets} sheets.\n"
        "打印后请删除此文件 Print the file, then delete it: whoever has a code can use it."
    )
