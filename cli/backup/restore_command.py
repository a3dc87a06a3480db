"""`huimin restore DIR`: exit code 0 verified and in place, 1 refused, 2 usage, 3 could not read."""

import asyncio
import sys
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from pathlib import Path

import rich_click as click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.backup.addresses import read_line
from cli.backup.backup import ORDER
from cli.backup.command import EXISTING_DIRECTORY, EXISTING_FILE
from cli.backup.manifest import (
    ANNOUNCERS,
    CHECKPOINTS,
    SECRETS,
    BackupManifest,
    BadBackup,
    check_files,
    read_manifest,
)
from cli.backup.outcomes import endings
from cli.backup.programs import Server
from cli.backup.published import (
    SUFFIX,
    Published,
    check_sizes,
    published_at,
    published_in,
)
from cli.backup.restore import Order, Restored, restore
from cli.backup.restore_outcome import RestoreOutcome, show
from cli.backup.staging import copy_files, staged
from cli.embedded.directory import write_private
from cli.embedded.postgres import Postgres
from cli.log_key import vkey_option
from cli.progress import progress_on
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import ED25519, Verifier

NEEDED_SECRETS = ("log-key.seed", "registrar.key", "notify.key")


@click.command("restore")
@click.argument("backup", metavar="DIR", type=EXISTING_DIRECTORY)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Restore into this new data directory, for `huimin up`.",
)
@click.option(
    "--admin-url-file",
    type=EXISTING_FILE,
    help="Restore on this PostgreSQL: file with the URL of a superuser.",
)
@click.option(
    "--checkpoints",
    type=EXISTING_DIRECTORY,
    multiple=True,
    help="The newest published checkpoints (`<edition>.checkpoint`), wherever they survived.",
)
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="URL|DIR",
    help="A mirror of a log: its URL, or a directory that `huimin export` wrote. Without the"
    " ballots' database in the backup: the log that the registrar is compared with.",
)
@click.option(
    "--nothing-published", is_flag=True, help="Restore without comparison. Say why to the city."
)
@click.option(
    "--accept-forgotten-issuance",
    "accepted",
    multiple=True,
    metavar="EDITION",
    help="Go on giving out credentials in this edition, although whoever got one after the backup"
    " can get a second one and vote twice. Once for each edition; officers decide it.",
)
@vkey_option
@click.option(
    "--secrets", type=EXISTING_DIRECTORY, help="The secrets, if they are not in the backup."
)
@click.option(
    "--programs", type=EXISTING_DIRECTORY, help="Where pg_restore is; default: that of the wheel."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def restore_command(
    backup: Path,
    data: Path | None,
    admin_url_file: Path | None,
    checkpoints: Sequence[Path],
    mirrors: Sequence[str],
    nothing_published: bool,
    accepted: tuple[str, ...],
    vkey: Verifier | None,
    secrets: Path | None,
    programs: Path | None,
    as_json: bool,
) -> None:
    """Restore a backup where there is nothing yet, and replay every log in it.

    Every file is checked against the manifest. Each log is compared with what was published of it,
    and replayed from its first entry by the auditor. Only if all of that holds is anything put in
    place. A log that is behind what was published is refused: serving it would fork the log.
    A registrar gives out no more credentials in an edition that was giving them out.

    Exit codes: 0 verified and in place, 1 refused or failed (says why; nothing is left), 2 usage,
    3 could not read.
    """
    if (data is None) == (admin_url_file is None):
        raise click.UsageError("Give either --data or --admin-url-file.")
    with endings(as_json), progress_on(sys.stderr) as progress:
        manifest = read_manifest(backup)
        _check_usage(manifest, data, nothing_published, bool(checkpoints), bool(mirrors))
        with_ballots = any(one.service == "ballot" for one in manifest.databases)
        published = _published(backup, checkpoints, mirrors) if with_ballots else ()
        check_sizes({log.origin: log.size for log in manifest.logs}, published)
        check_files(backup, manifest, progress)
        order = Order(
            backup=backup,
            manifest=manifest,
            published=published,
            mirrors=tuple(mirrors),
            nothing_published=nothing_published,
            accepted=accepted,
            keys={vkey.name: vkey} if vkey else {},
            progress=progress,
        )
        if data is not None:
            restored = _into_directory(order, data, secrets, programs)
        else:
            url = read_line(admin_url_file or Path())
            restored = asyncio.run(restore(Server(url, programs), order))
    outcome = RestoreOutcome(
        target=str(data) if data else "PostgreSQL",
        backup_begun=manifest.begun,
        logs=restored.logs,
        issuance=restored.issuance,
    )
    show(outcome, nothing_published, as_json, deployed=data is None)


def _check_usage(
    manifest: BackupManifest,
    data: Path | None,
    nothing_published: bool,
    copies: bool,
    mirrors: bool,
) -> None:
    services = {one.service for one in manifest.databases}
    if data is not None and services != set(ORDER):
        raise click.UsageError("This backup has not all services: restore it by --admin-url-file.")
    if "ballot" not in services and copies:
        raise click.UsageError(
            "--checkpoints are compared with the ballots' database, which this backup has not. For"
            " the registrar name the logs (--mirror)."
        )
    if "ballot" in services and nothing_published == (copies or mirrors):
        raise click.UsageError(
            "Give --checkpoints or --mirror, so that the log can be compared with what was"
            " published; --nothing-published only if nothing ever was."
        )


def _published(
    backup: Path, checkpoints: Sequence[Path], mirrors: Sequence[str]
) -> tuple[Published, ...]:
    """All that is known to have been published: also what was when the backup was taken."""
    found: list[Published] = []
    for directory in checkpoints:
        copies = published_in(directory)
        if not copies:
            raise BadBackup(
                f"{directory} has no *{SUFFIX}: is it the right directory, and is it mounted?"
            )
        found += copies
    found += [asyncio.run(published_at(location)) for location in mirrors]
    return (*found, *published_in(backup / CHECKPOINTS))


def _into_directory(
    order: Order, data: Path, secrets: Path | None, programs: Path | None
) -> Restored:
    with staged(data) as unfinished:
        _restore_secrets(order, secrets, unfinished / SECRETS)
        if (order.backup / ANNOUNCERS).is_dir():
            copy_files(order.backup / ANNOUNCERS, unfinished / ANNOUNCERS)
        (unfinished / CHECKPOINTS).mkdir(mode=0o700)
        with Postgres(unfinished) as postgres:
            restored = asyncio.run(restore(Server(postgres.admin_dsn, programs), order))
        for log in restored.logs:
            write_private(unfinished / CHECKPOINTS / f"{log.edition}{SUFFIX}", log.note)
    return restored


def _restore_secrets(order: Order, given: Path | None, target: Path) -> None:
    source = given or order.backup / SECRETS
    missing = [name for name in NEEDED_SECRETS if not (source / name).is_file()]
    if missing:
        raise BadBackup(
            f"there is no {', '.join(missing)} in {source}. Without the keys nothing can go on:"
            " say where the secrets are (--secrets)."
        )
    public = _public_key(source / "log-key.seed")
    for log in order.manifest.logs:
        try:
            open_checkpoint(log.note.encode(), Verifier(log.origin, ED25519, public))
        except LogFormatError as error:
            raise BadBackup(
                f"log-key.seed is not the key of the log {log.edition!r}: {error}. Find the secrets"
                " that belong to this backup (--secrets)."
            ) from error
    copy_files(source, target)


def _public_key(seed: Path) -> bytes:
    try:
        key = Ed25519PrivateKey.from_private_bytes(b64decode(read_line(seed), validate=True))
    except (ValueError, NotBase64) as error:
        raise BadBackup(f"{seed.name} is no Ed25519 seed in base64") from error
    return key.public_key().public_bytes_raw()
