"""`huimin counter list` and `void`: what became of counter codes, and ending lost ones."""

import asyncio
import sys
from collections.abc import Iterator
from typing import Literal, Unpack

import msgspec
import rich_click as click
from msgspec import Struct

from cli.desk import Desk, desk_options
from cli.failures import failures
from cli.printable import printable
from shared.client.registrar_desk import open_registrar_desk
from shared.eligibility.views import CounterBatch, CounterBatches


class Listed(Struct, frozen=True, kw_only=True):
    """An edition's counter codes in numbers; `unused` ones can still be used."""

    outcome: Literal["listed"] = "listed"
    edition: str
    printed: int
    used: int
    unused: int
    voided: int
    batches: tuple[CounterBatch, ...]


class Voided(Struct, frozen=True, kw_only=True):
    """The codes with these numbers cannot be used any more; `voided` is how many of all cannot."""

    outcome: Literal["voided"] = "voided"
    edition: str
    serials: tuple[int, ...]
    voided: int


@click.command("list")
@desk_options
def list_command(**desk: Unpack[Desk]) -> None:
    """Show how many counter codes were printed, used and voided, lot by lot.

    Exit codes: 0 shown, 1 refused, 2 usage, 3 could not read.
    """
    with failures(desk["as_json"]):
        batches = asyncio.run(_batches(desk)).batches
    listed = _listed(desk["edition"], batches)
    if desk["as_json"]:
        click.echo(msgspec.json.encode(listed))
        return
    for line in _sentences(listed):
        click.echo(printable(line))


@click.command("void")
@click.option(
    "--serial",
    "serials",
    type=click.IntRange(1, 2**63 - 1),
    multiple=True,
    required=True,
    help="The number on the slip; may be given several times.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@desk_options
def void_command(serials: tuple[int, ...], yes: bool, **desk: Unpack[Desk]) -> None:
    """End counter codes that were lost, or whose seal was broken; all of them or none.

    Whoever has such a slip can do nothing with it from then on, for good. Its owner gets another. A
    code that was used cannot be voided.

    Exit codes: 0 voided, 1 refused, 2 usage, 3 could not read.
    """
    if sys.stdin.isatty() and not yes:
        click.confirm("作废? Void them for good?", abort=True, err=True)
    with failures(desk["as_json"]):
        batches = asyncio.run(_void(desk, serials)).batches
    voided = Voided(
        edition=desk["edition"], serials=serials, voided=sum(one.voided for one in batches)
    )
    if desk["as_json"]:
        click.echo(msgspec.json.encode(voided))
        return
    numbers = ", ".join(f"No. {serial:06}" for serial in serials)
    click.echo(f"已作废 Voided: {numbers}. 共 {voided.voided} of all counter codes are void.")


async def _batches(desk: Desk) -> CounterBatches:
    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.counter_batches(desk["edition"])


async def _void(desk: Desk, serials: tuple[int, ...]) -> CounterBatches:
    async with open_registrar_desk(desk["url"], desk["token"]) as registrar:
        return await registrar.void_counter_codes(desk["edition"], serials)


def _listed(edition: str, batches: tuple[CounterBatch, ...]) -> Listed:
    printed = sum(one.printed for one in batches)
    used = sum(one.used for one in batches)
    voided = sum(one.voided for one in batches)
    return Listed(
        edition=edition,
        printed=printed,
        used=used,
        unused=printed - used - voided,
        voided=voided,
        batches=batches,
    )


def _sentences(listed: Listed) -> Iterator[str]:
    yield (
        f"现场码 counter codes of {listed.edition!r}: {listed.printed} printed, {listed.used} used,"
        f" {listed.unused} unused, {listed.voided} voided"
    )
    for one in listed.batches:
        unused = one.printed - one.used - one.voided
        yield (
            f"  {one.batch}: No. {one.first_serial:06} to {one.last_serial:06}, {one.printed}"
            f" printed, {one.used} used, {unused} unused, {one.voided} voided"
        )
