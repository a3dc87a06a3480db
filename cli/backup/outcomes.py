"""How `huimin backup` and `huimin restore` end, for people and (`--json`) for programs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import msgspec
import rich_click as click

from cli import exit_codes
from cli.backup.issuance import NotServable
from cli.backup.manifest import BadBackup
from cli.backup.programs import ProgramFailed
from cli.backup.published import BehindPublished
from cli.backup.restore import NotEmpty
from cli.backup.staging import TargetTaken
from cli.backup.store import CONNECTION_LOST, AnotherRestore, MayNotRead
from cli.embedded.errors import EmbeddedError
from cli.failures import FailedOutcome
from cli.printable import printable
from cli.unreadable import report_unreadable
from shared.client.errors import CannotRead
from shared.service.migrations import SchemaBehind

_REFUSED = (BadBackup, BehindPublished, NotServable)
_FAILED = (
    NotEmpty,
    TargetTaken,
    MayNotRead,
    AnotherRestore,
    ProgramFailed,
    EmbeddedError,
    SchemaBehind,
)


@contextmanager
def endings(as_json: bool) -> Iterator[None]:
    """End with 1 for what was refused or failed, with 3 for what could not be read."""
    try:
        yield
    except _REFUSED as error:
        _end("拒绝 Refused", error, as_json)
    except _FAILED as error:
        _end("失败 Failed", error, as_json)
    except CannotRead as error:
        report_unreadable(error, as_json)
    except CONNECTION_LOST as error:
        report_unreadable(_explained(error), as_json)


def _explained(error: Exception) -> CannotRead:
    if isinstance(error, ValueError):  # the text may quote the address, and with it the password
        return CannotRead("the address of PostgreSQL is none: postgresql://...")
    if isinstance(error, OSError) and not isinstance(error, (ConnectionError, TimeoutError)):
        return CannotRead(str(error))
    why = str(error) or type(error).__name__
    return CannotRead(f"PostgreSQL: {why}. See whether it runs, and whether the address is right.")


def _end(label: str, error: Exception, as_json: bool) -> NoReturn:
    why = printable(str(error))
    if as_json:
        click.echo(msgspec.json.encode(FailedOutcome(why=why)))
    click.echo(f"{label}: {why}", err=True)
    sys.exit(exit_codes.WRONG)
