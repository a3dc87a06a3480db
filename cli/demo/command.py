"""`huimin demo`: exit code 0 when the edition was acted out and its audit says verified, else 1."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec
import rich_click as click
from rich.console import Console

from cli.audit.display import show_report
from cli.demo.invitation import invite
from cli.demo.officials import AuditFailed, Officials
from cli.demo.performance import Performance, TallyDiffers, perform
from cli.demo.script import Script, from_pabulib, made_up
from cli.embedded.errors import EmbeddedError
from cli.exit_codes import OK, USAGE, WRONG
from cli.installation import Installation
from cli.service_process import ServiceFailed
from cli.up import show_addresses, stay_up
from shared.client.errors import ClientError
from shared.pabulib import PabulibError

UNLIMITED: Final = "1000000000"
ONE_ADDRESS_FOR_ALL: Final = {
    "registrar": {
        "block_per_hour": UNLIMITED,
        "guesses_per_hour": UNLIMITED,
        "counter_guesses_per_hour": UNLIMITED,
        "edition_per_day": UNLIMITED,
    }
}
"""The made-up voters all live at this machine's address, and all come within a minute."""


@click.command()
@click.option(
    "--voters",
    type=click.IntRange(1, 1_000_000),
    default=2000,
    show_default=True,
    help="How many made-up voters; not with --ballots.",
)
@click.option(
    "--ballots",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A Pabulib approval election (.pb): its projects and every one of its ballots.",
)
@click.option("--seats", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option(
    "--seed-digits",
    metavar="DIGITS",
    help="Twenty digits for the draw, if the last seats are tied; else they are thrown.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory for everything, empty or new; by default a temporary one.",
)
@click.option(
    "--keep",
    is_flag=True,
    help="Leave the services up at the end, with a vote open for you to try.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
def demo(
    voters: int,
    ballots: Path | None,
    seats: int,
    seed_digits: str | None,
    data: Path | None,
    keep: bool,
    as_json: bool,
) -> None:
    """Act out a whole edition: announce, vote, close, draw if tied, certify, audit."""
    console = Console(stderr=True)
    script = _script(voters, ballots)
    _check_seed(seed_digits)
    directory = _directory(data)
    try:
        with Installation(
            directory, settings=ONE_ADDRESS_FOR_ALL, progress=console.print
        ) as installation:
            officials = Officials(installation.data / "officers", installation.announcers)
            performance = asyncio.run(
                perform(
                    installation,
                    officials,
                    script,
                    seats=seats,
                    seed=seed_digits,
                    console=console,
                )
            )
            _show(performance, as_json)
            if keep:
                invitation = asyncio.run(invite(installation, officials))
                show_addresses(installation)
                click.echo("\n".join(["", *invitation.lines(installation), ""]), err=as_json)
                stay_up(installation, console)
    except (EmbeddedError, ServiceFailed, ClientError, AuditFailed, TallyDiffers) as error:
        console.print(f"[red]the demonstration failed:[/red] {error}", highlight=False)
        console.print(f"logs are in {directory / 'logs'}", highlight=False)
        sys.exit(WRONG)
    sys.exit(OK if performance.outcome.audit == "verified" else WRONG)


def _script(voters: int, ballots: Path | None) -> Script:
    if ballots is None:
        return made_up(voters)
    try:
        return from_pabulib(ballots)
    except PabulibError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)


def _check_seed(digits: str | None) -> None:
    if digits is not None and not (len(digits) == 20 and digits.isascii() and digits.isdigit()):
        raise click.BadParameter(
            f"{len(digits)} characters; the draw takes twenty digits, 0 to 9",
            param_hint="--seed-digits",
        )


def _directory(data: Path | None) -> Path:
    if data is None:
        return Path(tempfile.mkdtemp(prefix="huimin-demo-"))
    if data.exists() and any(data.iterdir()):
        raise click.BadParameter(
            f"{data} is not empty; choose another, or run `huimin up --data {data}` to go on",
            param_hint="--data",
        )
    return data


def _show(performance: Performance, as_json: bool) -> None:
    outcome = performance.outcome
    if as_json:
        click.echo(msgspec.json.encode(outcome).decode())
        return
    show_report(performance.report, Console())
    issued = ", ".join(f"{count} by {channel}" for channel, count in outcome.issued.items())
    click.echo(f"credentials        {issued}")
    refused = ", ".join(f"{times} {slug}" for slug, times in outcome.refused.items()) or "none"
    click.echo(f"ballots accepted   {outcome.accepted}, refused: {refused}")
    click.echo(f"ballots a second   {outcome.ballots_per_second}")
    if outcome.tied:
        click.echo(f"decided by draw    {', '.join(outcome.tied)}")
    click.echo(f"log                {outcome.log_url}")
    click.echo(f"log key            {outcome.log_vkey}")
    click.echo(f"a receipt          {performance.receipt}")
    click.echo(f"data               {outcome.data}")
