"""`huimin restore DIR`: exit code 0 verified and in place, 1 refused, 2 usage, 3 could not read."""

import asyncio
import sys
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from pathlib import Path

import msgspec
import rich_click as click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

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
from cli.backup.restore import RestoredLog, restore
from cli.backup.staging import copy_files, staged
from cli.embedded.directory import write_private
from cli.embedded.postgres import Postgres
from cli.log_key import vkey_option
from cli.progress import Progress, progress_on
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import ED25519, Verifier

NEEDED_SECRETS = ("log-key.seed", "registrar.key", "notify.key")

NOT_COMPARED = (
    "没有与任何已公布的检查点比较, 无法知道备份是否落后。除非从未公布过检查点, 否则不要启用。",
    "COMPARED WITH NOTHING: nobody can say whether this backup is behind what was published.",
)


class RestoreOutcome(Struct, frozen=True, kw_only=True):
    """What was restored and verified."""

    outcome: str = "verified"
    target: str
    backup_begun: str
    logs: tuple[RestoredLog, ...]


class _Order(Struct, frozen=True, kw_only=True):
    """What was asked for, read and checked."""

    backup: Path
    manifest: BackupManifest
    published: tuple[Published, ...]
    keys: dict[str, Verifier]
    progress: Progress


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
    help="A mirror of a log: its URL, or a directory that `huimin export` wrote.",
)
@click.option(
    "--nothing-published", is_flag=True, help="Restore without comparison. Say why to the city."
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
    vkey: Verifier | None,
    secrets: Path | None,
    programs: Path | None,
    as_json: bool,
) -> None:
    """Restore a backup where there is nothing yet, and replay every log in it.

    Every file is checked against the manifest. Each log is compared with what was published of it,
    and replayed from its first entry by the auditor. Only if all of that holds is anything put in
    place. A log that is behind what was published is refused: serving it would fork the log.

    Exit codes: 0 verified and in place, 1 refused or failed (says why; nothing is left), 2 usage,
    3 could not read.
    """
    if (data is None) == (admin_url_file is None):
        raise click.UsageError("Give either --data or --admin-url-file.")
    with endings(as_json), progress_on(sys.stderr) as progress:
        manifest = read_manifest(backup)
        _check_usage(manifest, data, nothing_published, bool(checkpoints or mirrors))
        published = _published(backup, checkpoints, mirrors)
        check_sizes({log.origin: log.size for log in manifest.logs}, published)
        check_files(backup, manifest, progress)
        order = _Order(
            backup=backup,
            manifest=manifest,
            published=published,
            keys={vkey.name: vkey} if vkey else {},
            progress=progress,
        )
        if data is not None:
            logs = _into_directory(order, data, secrets, programs)
        else:
            url = read_line(admin_url_file or Path())
            logs = asyncio.run(_restore(order, Server(url, programs)))
    target = str(data) if data else "PostgreSQL"
    outcome = RestoreOutcome(target=target, backup_begun=manifest.begun, logs=tuple(logs))
    _show(outcome, nothing_published, as_json, deployed=data is None)


def _check_usage(
    manifest: BackupManifest, data: Path | None, nothing_published: bool, to_compare: bool
) -> None:
    services = {one.service for one in manifest.databases}
    if data is not None and services != set(ORDER):
        raise click.UsageError("This backup has not all services: restore it by --admin-url-file.")
    if "ballot" in services and nothing_published == to_compare:
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
    order: _Order, data: Path, secrets: Path | None, programs: Path | None
) -> Sequence[RestoredLog]:
    with staged(data) as unfinished:
        _restore_secrets(order, secrets, unfinished / SECRETS)
        if (order.backup / ANNOUNCERS).is_dir():
            copy_files(order.backup / ANNOUNCERS, unfinished / ANNOUNCERS)
        (unfinished / CHECKPOINTS).mkdir(mode=0o700)
        with Postgres(unfinished) as postgres:
            logs = asyncio.run(_restore(order, Server(postgres.admin_dsn, programs)))
        for log in logs:
            write_private(unfinished / CHECKPOINTS / f"{log.edition}{SUFFIX}", log.note)
    return logs


def _restore_secrets(order: _Order, given: Path | None, target: Path) -> None:
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


async def _restore(order: _Order, server: Server) -> Sequence[RestoredLog]:
    return await restore(
        server, order.backup, order.manifest, order.published, order.keys, order.progress
    )


def _show(
    outcome: RestoreOutcome, nothing_published: bool, as_json: bool, *, deployed: bool
) -> None:
    if nothing_published:
        for line in NOT_COMPARED:
            click.secho(line, err=True, bold=True)
    if as_json:
        click.echo(msgspec.json.encode(outcome))
        return
    for log in outcome.logs:
        click.echo(
            f"已核实 Verified: {log.edition}, {log.size} entries, {log.ballots} ballots of"
            f" {log.voters} voters, root {log.root}"
        )
        click.echo(f"  {log.vkey}")
    click.echo(f"已恢复 Restored: {outcome.target}, 备份于 as of {outcome.backup_begun}")
    if deployed:
        click.echo("下一步 Next: huimin migrate --admin-url-file ... --passwords ...")
    else:
        click.echo(f"下一步 Next: huimin up --data {outcome.target}")
