"""`huimin edition list` and `show`: what the server says of its editions; an audit verifies it."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.edition.options import edition_argument, json_option, url_option
from cli.failures import failures
from cli.printable import printable
from shared.client.ballot_box import open_ballot_box
from shared.edition.views import EditionList, EditionView


@click.command("list")
@url_option
@json_option
def list_command(url: str, as_json: bool) -> None:
    """List the editions of a ballot service."""
    with failures(as_json):
        editions = asyncio.run(_editions(url))
    if as_json:
        click.echo(msgspec.json.encode(editions))
        return
    table = _table("edition", "phase", "活动", "title")
    for one in editions.editions:
        _add(table, (one.edition, one.phase, one.title.zh, one.title.en))
    Console().print(table)


@click.command("show")
@edition_argument
@url_option
@json_option
def show_command(edition_id: str, url: str, as_json: bool) -> None:
    """Show an edition as it stands: its rules, its officers, its log, its shortlist."""
    with failures(as_json):
        view = asyncio.run(_edition(url, edition_id))
    if as_json:
        click.echo(msgspec.json.encode(view))
        return
    console = Console()
    facts = Table(show_header=False)
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for row in _facts(view):
        _add(facts, row)
    console.print(facts)
    shortlist = _table("id", "事项", "initiative", "department")
    for one in view.initiatives:
        _add(shortlist, (one.id, one.title.zh, one.title.en, one.department.en))
    if view.initiatives:
        console.print(shortlist)


async def _editions(url: str) -> EditionList:
    async with open_ballot_box(url) as box:
        return await box.editions()


async def _edition(url: str, edition: str) -> EditionView:
    async with open_ballot_box(url) as box:
        return await box.edition(edition)


def _facts(view: EditionView) -> Iterator[tuple[str, str]]:
    manifest = view.manifest
    yield "edition", view.edition
    yield "title", f"{manifest.title.zh} / {manifest.title.en}"
    yield "phase", view.phase
    yield "seats", str(manifest.seats)
    yield "choices", f"{manifest.min_choices} to {manifest.max_choices}, {manifest.disclosure}"
    yield "told to people", f"{_time(manifest.opens_at)} to {_time(manifest.closes_at)}"
    yield "officers", ", ".join(officer.id for officer in manifest.officers)
    if view.roll is not None:
        yield "roll", f"{view.roll.size} people ({view.roll.mode}), root {view.roll.root.hex()}"
    if view.issued is not None:
        yield "credentials issued", str(view.issued)
    yield "log entries", f"{view.size}, {view.milestone_size} up to the officers' last command"
    yield "log key", view.vkey


def _time(time: datetime | None) -> str:
    return time.isoformat() if time else "?"


def _table(*columns: str) -> Table:
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add(table: Table, cells: Iterable[str]) -> None:
    table.add_row(*(Text(printable(cell)) for cell in cells))
