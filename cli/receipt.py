"""`huimin receipt verify`: checks a saved receipt offline, against the log's key alone."""

import os
import sys
from pathlib import Path
from typing import Literal

import msgspec
import rich_click as click
from msgspec import Struct

from cli import exit_codes
from cli.log_key import vkey_option
from cli.printable import printable
from cli.unreadable import report_unreadable
from shared.client.errors import BadReceipt
from shared.client.known_logs import KnownLogs, UnreadableMemory
from shared.client.receipt import (
    MAX_RECEIPT_BYTES,
    Proven,
    decode_receipt,
    stated_origin,
    verify_receipt,
)
from shared.edition.events import BallotCast
from shared.log.note import Verifier


class VerifiedReceipt(Struct, frozen=True, kw_only=True):
    """What a receipt proves, for programs. `bytes` are base64.

    The entry at `index` of the log `origin`, which had `size` entries and this root then, is this
    event. `key`, `seq` and `commitment` are those of a ballot, None for another event.
    """

    verdict: Literal["verified"] = "verified"
    origin: str
    edition: str
    event: str
    index: int
    size: int
    root: bytes
    key: bytes | None = None
    seq: int | None = None
    commitment: bytes | None = None


class WrongReceipt(Struct, frozen=True, kw_only=True):
    """A receipt that proves nothing, and why."""

    verdict: Literal["wrong"] = "wrong"
    why: str


@click.group("receipt")
def receipt_group() -> None:
    """Receipts: what proves that a ballot is in the log."""


@receipt_group.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@vkey_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def verify_command(file: Path, vkey: Verifier | None, as_json: bool) -> None:
    """Check a receipt that `huimin vote` saved; no server is asked.

    Exit codes: 0 verified, 1 the receipt is wrong, 2 usage (or no key given or remembered),
    3 could not read.
    """
    try:
        proven = _verify(file, vkey)
    except BadReceipt as error:
        why = printable(str(error))
        _print(WrongReceipt(why=why), f"WRONG: this receipt proves nothing: {why}", as_json)
        sys.exit(exit_codes.WRONG)
    except (OSError, UnreadableMemory) as error:
        report_unreadable(error, as_json)
    _print(_summary(proven), _sentences(proven), as_json)


def _verify(file: Path, vkey: Verifier | None) -> Proven:
    with file.open("rb") as stream:
        receipt = decode_receipt(stream.read(MAX_RECEIPT_BYTES + 1))
    return verify_receipt(receipt, vkey or _remembered(stated_origin(receipt)))


def _remembered(origin: str) -> Verifier:
    known = KnownLogs.of_user(os.environ).recall(origin)
    if known is None:
        raise click.UsageError(
            f"no key of the log {printable(origin)!r} is remembered on this machine:"
            " give the published one with --vkey"
        )
    return known.verifier


def _summary(proven: Proven) -> VerifiedReceipt:
    event, checkpoint = proven.event, proven.checkpoint
    ballot = event if isinstance(event, BallotCast) else None
    return VerifiedReceipt(
        origin=checkpoint.origin,
        edition=event.edition,
        event=type(event).__name__,
        index=proven.index,
        size=checkpoint.size,
        root=checkpoint.root,
        key=ballot.key if ballot else None,
        seq=ballot.seq if ballot else None,
        commitment=ballot.commitment if ballot else None,
    )


def _sentences(proven: Proven) -> str:
    event, checkpoint = proven.event, proven.checkpoint
    place = (
        f"entry {proven.index} of the log {checkpoint.origin!r}, whose key signed it when it had"
        f" {checkpoint.size} entries"
    )
    if not isinstance(event, BallotCast):
        return f"verified: {type(event).__name__} of edition {event.edition!r} is {place}."
    return (
        f"verified: this very ballot is {place}.\n"
        f"  edition     {event.edition}\n"
        f"  key         {event.key.hex()}\n"
        f"  seq         {event.seq}\n"
        f"  commitment  {event.commitment.hex()}\n"
        "Not proven: which choices are behind the commitment (only the salt shows that), that no\n"
        "ballot with a higher seq of this key counts instead, and that the log has not been\n"
        "changed since. For these, audit the log."
    )


def _print(summary: VerifiedReceipt | WrongReceipt, sentences: str, as_json: bool) -> None:
    click.echo(msgspec.json.encode(summary) if as_json else sentences)
