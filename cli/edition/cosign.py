"""`huimin edition sign` and `submit`: a command that another officer prepared.

Whoever signs a draw or a certificate recounts the log first. With a server to ask, the file is
compared with the edition; without one, it is the file's word whose edition it is, and a signature
on it is worth nothing unless the edition's manifest says the same.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import rich_click as click
from msgspec.structs import replace

from cli.edition.command_file import (
    BadCommandFile,
    CommandFile,
    load_command_file,
)
from cli.edition.options import OfficerKey, json_option, keys_option, url_option, yes_option
from cli.edition.recount import check_by_recount, recount
from cli.edition.signing import (
    CarriedOut,
    Waiting,
    show_and_ask,
    show_outcome,
    sign,
    submit,
    wait,
)
from cli.failures import failures
from cli.log_key import vkey_option
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.known_logs import KnownLogs
from shared.client.served_log import check_key, identify_log, verifier_of
from shared.edition.commands import AnnounceEdition, CertifyResult, DrawTieSeed
from shared.edition.manifest import LogIdentity, Text
from shared.log.note import Verifier

_file_argument = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE"
)


class Server(NamedTuple):
    """Where to ask about an edition, and the key published for its log, if one was given."""

    url: str
    vkey: Verifier | None


@click.command("sign")
@_file_argument
@keys_option
@click.option("--url", help="The ballot service's base URL; needed for a draw or a certificate.")
@vkey_option
@click.option("--submit", "submitting", is_flag=True, help="Send it once signed; needs --url.")
@yes_option
@json_option
def sign_command(
    file: Path,
    keys: tuple[OfficerKey, ...],
    url: str | None,
    vkey: Verifier | None,
    submitting: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show in plain words what FILE asks for, and add a signature to it."""
    server = Server(url, vkey) if url else None
    if submitting and server is None:
        raise click.UsageError("--submit needs --url")
    with failures(as_json):
        prepared = load_command_file(file)
        titles = asyncio.run(_examine(prepared, server))
        show_and_ask(prepared.command, titles, yes=yes, as_json=as_json)
        signed = sign(prepared.manifest, prepared.signed, keys)
        prepared = replace(prepared, signed=signed)
        outcome: CarriedOut | Waiting = wait(file, prepared)
        if submitting and server is not None:
            outcome = asyncio.run(_submit(prepared, server))
        show_outcome(outcome, as_json)


@click.command("submit")
@_file_argument
@url_option
@vkey_option
@json_option
def submit_command(file: Path, url: str, vkey: Verifier | None, as_json: bool) -> None:
    """Have the command in FILE carried out, once enough officers have signed it."""
    with failures(as_json):
        prepared = load_command_file(file)
        show_outcome(asyncio.run(_submit(prepared, Server(url, vkey))), as_json)


async def _examine(prepared: CommandFile, server: Server | None) -> Mapping[str, Text]:
    """Check what can be checked before signing; returns the titles of the initiatives."""
    counted = isinstance(prepared.command, DrawTieSeed | CertifyResult)
    if server is None:
        if counted:
            raise click.UsageError("who signs this recounts the log first: give --url")
        return {}
    known = KnownLogs.of_user(os.environ)
    async with open_ballot_box(server.url) as box:
        verifier, titles = await _compare(box, prepared, server, known)
    if isinstance(prepared.command, DrawTieSeed | CertifyResult):
        report = await recount(server.url, prepared.command.edition, verifier, known)
        check_by_recount(prepared.command, report)
        return report.titles
    return titles


async def _submit(prepared: CommandFile, server: Server) -> CarriedOut:
    known = KnownLogs.of_user(os.environ)
    async with open_ballot_box(server.url) as box:
        verifier, _ = await _compare(box, prepared, server, known)
        return await submit(box, prepared.signed, verifier, known)


async def _compare(
    box: BallotBox, prepared: CommandFile, server: Server, known: KnownLogs
) -> tuple[Verifier, Mapping[str, Text]]:
    """The key of the edition's log and the titles; raises `BadCommandFile`, `WrongLog`."""
    command, manifest = prepared.command, prepared.manifest
    if isinstance(command, AnnounceEdition):
        editions = await box.editions()
        log = LogIdentity(f"{editions.log_origin}/{command.edition}", editions.log_key)
        check_key(verifier_of(log), server.vkey, known)
        if manifest.log != log:
            raise BadCommandFile(f"the server would write this edition to {log.origin!r}")
        return verifier_of(log), {}
    view = await box.edition(command.edition)
    if view.manifest != manifest:
        raise BadCommandFile(f"its manifest is not that of {command.edition!r} on the server")
    return identify_log(view, server.vkey, known).verifier, {
        one.id: one.title for one in view.initiatives
    }
