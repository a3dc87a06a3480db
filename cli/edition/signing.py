"""Signing a command, and what comes of it: it is carried out, or waits for more signatures."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import rich_click as click
from msgspec import Struct
from rich.console import Console

from cli.edition.command_file import CommandFile, missing_signatures, save_command_file
from cli.edition.options import OfficerKey
from cli.edition.wording import in_words
from shared.client.ballot_box import BallotBox
from shared.client.known_logs import KnownLogs
from shared.client.served_log import pin_key
from shared.edition.commands import (
    Command,
    SignedCommand,
    decode_command,
    encode_command,
    sign_command,
)
from shared.edition.errors import SignatureWrong
from shared.edition.manifest import Manifest, Text
from shared.edition.officer_keys import public_of
from shared.edition.views import Receipt
from shared.log.note import Verifier
from shared.log.tlog_proof import TlogProof


class CarriedOut(Struct, frozen=True, kw_only=True):
    """The command's event is in the log at `index`, as `receipt` proves; the proof was verified."""

    outcome: Literal["carried-out"] = "carried-out"
    edition: str
    command: str
    index: int
    receipt: Receipt


class Waiting(Struct, frozen=True, kw_only=True):
    """The command is in `file`; `missing` more officers must sign it, of those in `may_sign`."""

    outcome: Literal["prepared"] = "prepared"
    edition: str
    command: str
    file: str
    signed_by: tuple[str, ...]
    missing: int
    may_sign: tuple[str, ...]


def unsigned(command: Command) -> SignedCommand:
    """The bytes that officers will sign; raises `BadCommand` if a value is out of its bounds."""
    data = encode_command(command)
    decode_command(data)
    return SignedCommand(command=data, signatures=())


def sign(manifest: Manifest, signed: SignedCommand, keys: Sequence[OfficerKey]) -> SignedCommand:
    """The command with the signatures of these officers added; raises `SignatureWrong`."""
    registered = {officer.id: officer for officer in manifest.officers}
    signatures = {one.officer: one for one in signed.signatures}
    for officer, key in keys:
        if registered.get(officer) != public_of(officer, key):
            what = "another key for" if officer in registered else "no"
            raise SignatureWrong(f"the manifest names {what} officer {officer!r}")
        if officer in signatures:
            raise SignatureWrong(f"{officer!r} has signed it already; another officer must sign")
        signatures[officer] = sign_command(signed.command, officer, key)
    return SignedCommand(command=signed.command, signatures=tuple(signatures.values()))


def show_and_ask(command: Command, titles: Mapping[str, Text], *, yes: bool, as_json: bool) -> None:
    """Show what is about to be signed, and on a terminal ask; a no ends the program."""
    Console(stderr=as_json).print(in_words(command, titles))
    if sys.stdin.isatty() and not yes:
        click.confirm("签署以上内容? Sign this?", abort=True, err=True)


async def submit(
    box: BallotBox, signed: SignedCommand, verifier: Verifier, known: KnownLogs
) -> CarriedOut:
    """Have the command carried out; raises what `BallotBox.command` raises."""
    command = signed.decoded()
    receipt = await box.command(command.edition, signed, verifier)
    pin_key(verifier, TlogProof.decode(receipt.proof.encode()).checkpoint, known)
    return CarriedOut(
        edition=command.edition,
        command=type(command).__name__,
        index=receipt.index,
        receipt=receipt,
    )


def wait(file: Path, prepared: CommandFile) -> Waiting:
    """Keep the command for the officers who must still sign it."""
    save_command_file(file, prepared)
    command, manifest = prepared.command, prepared.manifest
    signed_by = tuple(one.officer for one in prepared.signed.signatures)
    return Waiting(
        edition=command.edition,
        command=type(command).__name__,
        file=str(file),
        signed_by=signed_by,
        missing=missing_signatures(manifest, command, prepared.signed),
        may_sign=tuple(one.id for one in manifest.officers if one.id not in signed_by),
    )


def show_outcome(outcome: CarriedOut | Waiting, as_json: bool) -> None:
    """Print what came of a command."""
    if as_json:
        click.echo(msgspec.json.encode(outcome))
    elif isinstance(outcome, CarriedOut):
        click.echo(
            f"已执行 Carried out: {outcome.command} is entry {outcome.index} of the log of"
            f" {outcome.edition!r}; the log's key signed that."
        )
    elif outcome.missing:
        submit_too = " --submit" if outcome.missing == 1 else ""
        click.echo(
            f"{outcome.file}: signed by {', '.join(outcome.signed_by)};"
            f" 还需签名 {outcome.missing} more must sign, of {', '.join(outcome.may_sign)}:\n"
            f"  huimin edition sign {outcome.file} --key FILE.key --url URL{submit_too}"
        )
    else:
        click.echo(
            f"{outcome.file}: 签名齐全 signed by {', '.join(outcome.signed_by)}, as many as it"
            f" takes:\n  huimin edition submit {outcome.file} --url URL"
        )
