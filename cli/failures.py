"""How commands end that failed: what failed, on what, and what to do next, in Chinese and English.

A refusal, by a server or by our own check before anything was sent, and wrong evidence end with
exit code 1; what could not be read, and a command whose outcome is unknown, with 3.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NoReturn

import msgspec
import rich_click as click
from msgspec import Struct

from cli import exit_codes
from cli.printable import printable
from cli.unreadable import report_unreadable
from shared.client.errors import CannotRead, ClientError, OutcomeUnknown, Problem, Refused
from shared.client.known_logs import UnreadableMemory
from shared.edition.errors import Refusal


class RefusedOutcome(Struct, frozen=True, kw_only=True):
    """A refusal, for programs: `slug` is stable, the rest is for people."""

    outcome: Literal["refused"] = "refused"
    slug: str
    title: str
    title_zh: str
    detail: str
    next: str
    next_zh: str


class FailedOutcome(Struct, frozen=True, kw_only=True):
    """Evidence that does not hold, or a file that cannot be used, for programs."""

    outcome: Literal["failed"] = "failed"
    why: str


@contextmanager
def failures(as_json: bool) -> Iterator[None]:
    """End the command with a message and its exit code if the block fails."""
    try:
        yield
    except Refused as error:
        _refuse(_of_problem(error.problem, str(error)), as_json)
    except Refusal as error:
        _refuse(_of_refusal(error), as_json)
    except (CannotRead, OutcomeUnknown, UnreadableMemory, OSError) as error:
        report_unreadable(error, as_json)
    except ClientError as error:
        _fail(error, as_json)


def _refuse(refused: RefusedOutcome, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(msgspec.json.encode(refused))
    for label, zh, en in (
        ("拒绝 Refused", refused.title_zh, refused.title),
        ("原因 Why", "", refused.detail),
        ("下一步 Next", refused.next_zh, refused.next),
    ):
        said = " / ".join(printable(text) for text in (zh, en) if text)
        if said:
            click.echo(f"{label}: {said}", err=True)
    sys.exit(exit_codes.WRONG)


def _fail(error: ClientError, as_json: bool) -> NoReturn:
    why = printable(str(error))
    if as_json:
        click.echo(msgspec.json.encode(FailedOutcome(why=why)))
    click.echo(f"失败 Failed: {why}", err=True)
    sys.exit(exit_codes.WRONG)


def _of_problem(problem: Problem, otherwise: str) -> RefusedOutcome:
    return RefusedOutcome(
        slug=problem.slug,
        title=problem.title or otherwise,
        title_zh=problem.title_zh,
        detail=problem.detail,
        next=problem.next,
        next_zh=problem.next_zh,
    )


def _of_refusal(refusal: Refusal) -> RefusedOutcome:
    return RefusedOutcome(
        slug=refusal.slug,
        title=refusal.title[1],
        title_zh=refusal.title[0],
        detail=refusal.detail,
        next=refusal.next[1],
        next_zh=refusal.next[0],
    )
