"""How commands end that could not read what they need: nothing is said about it, exit code 3."""

import sys
from typing import NoReturn

import msgspec
import rich_click as click

from cli import exit_codes
from cli.printable import printable


def report_unreadable(error: Exception, as_json: bool) -> NoReturn:
    """Say what could not be read, as JSON too if that was asked for, and exit."""
    why = printable(str(error))
    if as_json:
        click.echo(msgspec.json.encode({"verdict": "unreadable", "why": why}))
    click.echo(f"Could not read: {why}", err=True)
    sys.exit(exit_codes.CANNOT_READ)
