"""From what an officer wants to a signed command: drafted, shown, signed, and sent or passed on.

A command is made for the edition as its log stands: the origin from the manifest, the size from the
newest checkpoint that the log's key signed. So it is refused if officers changed the edition since.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import rich_click as click

from cli.audit.report import AuditReport
from cli.edition.command_file import CommandFile, missing_signatures
from cli.edition.documents import read_manifest
from cli.edition.options import Given
from cli.edition.recount import Base, recount
from cli.edition.signing import (
    CarriedOut,
    Waiting,
    show_and_ask,
    show_outcome,
    sign,
    submit,
    unsigned,
    wait,
)
from cli.failures import failures
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.known_logs import KnownLogs
from shared.client.served_log import check_key, identify_log, verifier_of
from shared.edition.commands import AnnounceEdition, Command
from shared.edition.manifest import LogIdentity, Manifest, Text
from shared.edition.views import EditionView
from shared.log.note import Verifier


class Draft(NamedTuple):
    """A command that nobody has signed, and what it takes to judge, sign and send it."""

    command: Command
    manifest: Manifest
    verifier: Verifier
    titles: Mapping[str, Text]


_Drafting = Callable[[BallotBox, KnownLogs], Awaitable[Draft]]


def prepare(edition: str, given: Given, make: Callable[[Base, EditionView], Command]) -> None:
    """Run a command made from the edition as it is served."""

    async def made(base: Base, view: EditionView) -> Command:
        return make(base, view)

    prepare_asking(edition, given, made)


def prepare_asking(
    edition: str, given: Given, make: Callable[[Base, EditionView], Awaitable[Command]]
) -> None:
    """Run a command made from the edition as it is served, and from what others are asked."""

    async def draft(box: BallotBox, known: KnownLogs) -> Draft:
        view = await box.edition(edition)
        verifier, checkpoint = identify_log(view, given["vkey"], known)
        base = Base(edition=edition, origin=verifier.name, expected_size=checkpoint.size)
        titles = {one.id: one.title for one in view.initiatives}
        return Draft(await make(base, view), view.manifest, verifier, titles)

    _run(given, draft)


def prepare_recounted(
    edition: str, given: Given, make: Callable[[Base, AuditReport], Command]
) -> None:
    """Run a command made from our own recount of the edition's log."""

    async def draft(box: BallotBox, known: KnownLogs) -> Draft:
        view = await box.edition(edition)
        verifier, _ = identify_log(view, given["vkey"], known)
        report = await recount(given["url"], edition, verifier, known)
        base = Base(edition=edition, origin=verifier.name, expected_size=report.size or 0)
        return Draft(make(base, report), view.manifest, verifier, report.titles)

    _run(given, draft)


def prepare_announcement(edition: str, given: Given, manifest_file: Path) -> None:
    """Run the announcement of a new edition, in the log that the server would begin for it."""

    async def draft(box: BallotBox, known: KnownLogs) -> Draft:
        editions = await box.editions()
        log = LogIdentity(f"{editions.log_origin}/{edition}", editions.log_key)
        verifier = verifier_of(log)
        check_key(verifier, given["vkey"], known)
        manifest = read_manifest(manifest_file, log)
        base = Base(edition=edition, origin=log.origin, expected_size=0)
        return Draft(AnnounceEdition(**base, manifest=manifest), manifest, verifier, {})

    _run(given, draft)


def _run(given: Given, drafting: _Drafting) -> None:
    with failures(given["as_json"]):
        show_outcome(asyncio.run(_sign_and_send(given, drafting)), given["as_json"])


async def _sign_and_send(given: Given, drafting: _Drafting) -> CarriedOut | Waiting:
    known = KnownLogs.of_user(os.environ)
    async with open_ballot_box(given["url"]) as box:
        command, manifest, verifier, titles = await drafting(box, known)
        bare = unsigned(command)
        show_and_ask(command, titles, yes=given["yes"], as_json=given["as_json"])
        signed = sign(manifest, bare, given["keys"])
        if not missing_signatures(manifest, command, signed):
            return await submit(box, signed, verifier, known)
    prepared = CommandFile(manifest=manifest, command=command, signed=signed)
    return wait(_file(given, command), prepared)


def _file(given: Given, command: Command) -> Path:
    name = type(command).__name__
    file = given["out"] or Path(f"{command.edition}-{name}.command.json")
    if file.exists():
        raise click.UsageError(
            f"{file} exists, perhaps with signatures on an earlier {name};"
            " remove it, or name another with --out"
        )
    return file
