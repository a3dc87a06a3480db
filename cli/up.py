"""`huimin up`: the whole installation in the foreground, until Ctrl-C."""

import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

import rich_click as click
from rich.cells import cell_len
from rich.console import Console

from cli.embedded.errors import EmbeddedError
from cli.exit_codes import WRONG
from cli.installation import PROCESSES, Installation
from cli.service_process import ServiceFailed
from shared.edition.officer_keys import BadOfficerKey, parse_public

LOOK_EVERY_S = 0.5


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("huimin-data"),
    show_default=True,
    help="Directory of all data; it is made if it is not there.",
)
@click.option(
    "--officer",
    "officers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Public key file (.pub) of an officer who may announce editions; kept for later runs.",
)
@click.option(
    "--ballot-processes",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Processes that take ballots; they share one port.",
)
def up(data: Path, officers: Sequence[Path], ballot_processes: int) -> None:
    """Start PostgreSQL, NATS and all services; Ctrl-C stops them cleanly."""
    console = Console(stderr=True)
    try:
        _register(officers, data / "announcers")
        processes = {**PROCESSES, "ballot": ballot_processes}
        with Installation(data, processes=processes, progress=console.print) as installation:
            show_addresses(installation)
            stay_up(installation, console)
    except (EmbeddedError, ServiceFailed, BadOfficerKey) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(WRONG)


def show_addresses(installation: Installation) -> None:
    """Print where everything answers, a line each; a shell reads it from `addresses.env`."""
    _write_addresses(installation)
    ballot, tally = installation.ballot_url, installation.tally_url
    for what, where in (
        ("投票 vote", f"{ballot}/vote"),
        ("大屏 dashboard", f"{tally}/board"),
        ("查验 check", f"{ballot}/check"),
        ("inbox", f"{installation.notify_url}/inbox"),
        ("ballot box", f"{ballot}/v1/editions"),
        ("logs", f"{ballot}/log/<edition>/checkpoint"),
        ("tally stream", f"{tally}/v1/editions/<edition>/tally/stream"),
        ("registrar", f"{installation.registrar_url}/schema"),
        ("desk token", str(installation.desk_token_file("registrar"))),
        ("interfaces", f"/schema on {ballot}, {tally}, {installation.notify_url}"),
        ("addresses", f". {installation.data / 'addresses.env'}"),
        ("data", str(installation.data)),
    ):
        click.echo(f"{what}{' ' * (16 - cell_len(what))}{where}")


def stay_up(installation: Installation, console: Console) -> None:
    """Return on Ctrl-C or SIGTERM; until then start again what ends by itself, and say so."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    console.print("up; Ctrl-C stops everything")
    with suppress(KeyboardInterrupt):
        while not stop.wait(LOOK_EVERY_S):
            try:
                for name in installation.revive():
                    console.print(f"[yellow]{name} had ended and was started again[/yellow]")
            except EmbeddedError as error:
                # It ended again while it was starting; what runs goes on, and the next look tries.
                console.print(f"[red]{error}[/red]", highlight=False)


def _register(officers: Sequence[Path], announcers: Path) -> None:
    for file in officers:
        officer = parse_public(file.read_text())
        announcers.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(file, announcers / f"{officer.id}.pub")


def _write_addresses(installation: Installation) -> None:
    addresses = {
        "BALLOT": installation.ballot_url,
        "REGISTRAR": installation.registrar_url,
        "TALLY": installation.tally_url,
        "NOTIFY": installation.notify_url,
    }
    lines = (f"export {name}={shlex.quote(url)}\n" for name, url in addresses.items())
    (installation.data / "addresses.env").write_text("".join(lines))
