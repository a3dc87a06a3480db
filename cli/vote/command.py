"""The `huimin vote` command: its options, and what it prints in the end."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NoReturn

import msgspec
import rich_click as click
from msgspec import Struct

from cli import exit_codes
from cli.asking import NothingTyped
from cli.failures import failures
from cli.log_key import vkey_option
from cli.vote.registration import CodeNeeded
from cli.vote.run import Options, Run
from shared.client.atomic_file import write_atomically
from shared.client.voter import VoterFile
from shared.edition.views import Receipt


class Voted(Struct, frozen=True, kw_only=True):
    """What came of it, for programs; `resumed`: a ballot of an earlier run was sent first."""

    edition: str
    seq: int
    index: int
    resumed: bool
    receipt_file: str
    receipt: Receipt


class Registered(Struct, frozen=True, kw_only=True):
    """A credential was got and nothing was chosen yet, for programs."""

    outcome: Literal["registered"] = "registered"
    edition: str
    voter_file: str


class CodeAwaited(Struct, frozen=True, kw_only=True):
    """The run ended where a code was needed; the next run goes on with it. For programs."""

    outcome: Literal["code-needed"] = "code-needed"
    edition: str
    voter_file: str
    digits: int
    expires_in_s: int


@click.command("vote")
@click.option("--url", required=True, help="The ballot service's base URL.")
@click.option("--registrar", help="The registrar's base URL; needed until you have a credential.")
@click.option("--edition", help="The edition; needed for a new voter's file.")
@click.option(
    "--voter",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Your voter's file, with key and credential; made if it is not there. Keep it private.",
)
@vkey_option
@click.option("--choose", "choices", multiple=True, metavar="ID", help="May be repeated.")
@click.option("--counter-code", is_flag=True, help="You have a sealed code from a counter.")
@click.option(
    "--code-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file with the code that an earlier run asked for.",
)
@click.option(
    "--receipt",
    "receipt_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the receipt is saved; default: beside the voter's file, as .receipt.json.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def vote(receipt_file: Path | None, **given: object) -> None:
    """Get a credential if you have none yet, and cast a ballot. Voting again replaces it.

    With a new voter's file you are asked for your identity number (or phone), and for the code that
    comes to your phone; without a terminal both are read from standard input, a line each. What was
    interrupted goes on with the same file: run the same command again.

    A ballot that an earlier run sent without getting its receipt is sent again first, unchanged: it
    counts once. Without --choose you choose on the terminal.

    Exit codes: 0 cast, and its receipt verified; 1 refused, or the evidence is wrong; 2 usage;
    3 could not read: run it again; 4 a code was sent: run it again with the code.
    """
    options = msgspec.convert(given, Options)
    receipt_file = receipt_file or options.file.with_suffix(".receipt.json")
    with failures(options.as_json):
        run = Run(options)
        try:
            asyncio.run(run.go())
        except CodeNeeded as needed:
            _await_code(options, run.voter, needed)
        except NothingTyped as error:
            raise click.UsageError(f"standard input ended before an answer to: {error}") from error
        if not run.cast:
            _print(Registered(edition=run.voter.edition, voter_file=str(options.file)), options)
            return
        voted = _voted(run, receipt_file)
        data = msgspec.json.format(msgspec.json.encode(voted.receipt)) + b"\n"
        write_atomically(receipt_file, data)
    _print(voted, options)


def _await_code(options: Options, voter: VoterFile, needed: CodeNeeded) -> NoReturn:
    left = needed.sent.until - datetime.now(UTC)
    _print(
        CodeAwaited(
            edition=voter.edition,
            voter_file=str(options.file),
            digits=needed.sent.challenge.code_digits,
            expires_in_s=max(0, int(left.total_seconds())),
        ),
        options,
    )
    sys.exit(exit_codes.WAITING)


def _voted(run: Run, receipt_file: Path) -> Voted:
    receipt = run.voter.receipt
    if receipt is None:
        raise AssertionError("a ballot was cast and has no receipt")
    return Voted(
        edition=receipt.edition,
        seq=run.voter.seq,
        index=receipt.index,
        resumed=run.resumed,
        receipt_file=str(receipt_file),
        receipt=receipt,
    )


def _print(outcome: Voted | Registered | CodeAwaited, options: Options) -> None:
    click.echo(msgspec.json.encode(outcome) if options.as_json else _sentences(outcome))


def _sentences(outcome: Voted | Registered | CodeAwaited) -> str:
    match outcome:
        case CodeAwaited(digits=digits):
            return (
                f"收到{digits}位验证码后请再次运行，从标准输入或以 --code-file 提供\n"
                f"A code of {digits} digits is needed: run the same command again, with the code on"
                " standard input or in --code-file FILE."
            )
        case Registered(voter_file=file):
            return (
                f"已取得凭证，尚未投票 You have a credential and have not voted yet.\n"
                f"Run it again with --voter {file} and --choose ID, once for each."
            )
        case _:
            return (
                f"已投票 Cast: ballot {outcome.seq} of your key is entry {outcome.index} of the log"
                f" of {outcome.edition!r}; the log's key signed that.\n"
                f"回执 Receipt: {outcome.receipt_file}\n"
                f"  huimin receipt verify {outcome.receipt_file}"
            )
