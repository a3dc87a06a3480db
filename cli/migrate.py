"""`huimin migrate`: roles, databases and migrations of all services, on any PostgreSQL.

May be run again at any time, and is what an upgrade begins with: the services of the version before
go on with the newer schema, and are then replaced one after the other.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import rich_click as click

from cli import exit_codes
from cli.database_roles import CannotSetUp
from cli.databases import CannotReach, Passwords, set_up
from cli.roles import SERVICES, database_role

MAX_SECRET_BYTES: Final = 4096

F = TypeVar("F", bound=Callable[..., Any])


class SecretFile(click.ParamType[str]):
    """A file with a secret on its only line; no message shows what it holds."""

    name = "file"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """See `click.ParamType.convert`."""
        try:
            return read_secret(Path(str(value)))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_secret(file: Path) -> str:
    """The only line of a file; raises `ValueError` with a text that does not hold it."""
    try:
        with file.open(encoding="utf-8") as stream:
            secret = stream.read(MAX_SECRET_BYTES).strip()
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        secret = ""
    if not secret.isprintable() or not secret:
        raise ValueError(f"{file} does not hold a secret on one line")
    return secret


def admin_url_option(*, required: bool) -> Callable[[F], F]:
    """`--admin-url-file`."""
    return click.option(
        "--admin-url-file",
        "admin_url",
        type=SecretFile(),
        required=required,
        help="File with the address (postgresql://...) of PostgreSQL for a role that may make"
        " roles and databases.",
    )


def services_option(function: F) -> F:
    """`--service`."""
    return click.option(
        "--service",
        "services",
        type=click.Choice(tuple(SERVICES)),
        multiple=True,
        default=tuple(SERVICES),
        help="A service whose database is on this server; all of them, if none is named.",
    )(function)


@click.command("migrate")
@admin_url_option(required=True)
@services_option
@click.option(
    "--passwords",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Directory with huimin_<service>.password; without it, passwords stay as they are.",
)
@click.option(
    "--dedicated",
    is_flag=True,
    help="The server is for Huimin alone: close its other databases to everyone.",
)
def migrate_command(
    admin_url: str, services: Sequence[str], passwords: Path | None, dedicated: bool
) -> None:
    """Make the services' roles and databases, and run the migrations that are missing.

    Safe to run again, twice at once, and after a kill. Services go on running meanwhile.
    """
    try:
        given = _passwords(passwords, services) if passwords else {}
        done = asyncio.run(
            set_up(admin_url, given, services=services, dedicated=dedicated, say=_say)
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--passwords") from error
    except CannotSetUp as error:
        click.echo(f"失败 Failed: {error}", err=True)
        sys.exit(exit_codes.CANNOT_READ if isinstance(error, CannotReach) else exit_codes.WRONG)
    for name in done:
        click.echo(name)
    _say(f"完成 Done: {len(done)} migrations applied" if done else "完成 Done: nothing was missing")


def _say(line: str) -> None:
    click.echo(line, err=True)


def _passwords(directory: Path, services: Sequence[str]) -> Passwords:
    return {
        service: read_secret(directory / f"{database_role(service)}.password")
        for service in services
    }
