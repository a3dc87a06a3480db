"""`huimin backup DIR`: exit code 0 written, 1 refused or failed, 2 usage, 3 could not read."""

import asyncio
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
import rich_click as click
from msgspec import Struct

from cli.backup.addresses import embedded_admin_url, read_line
from cli.backup.backup import ORDER, Source, take
from cli.backup.manifest import MANIFEST, BackedUpLog
from cli.backup.outcomes import endings
from cli.backup.programs import Server
from cli.backup.staging import staged
from cli.progress import progress_on

DIRECTORY = click.Path(path_type=Path, file_okay=False)
EXISTING_DIRECTORY = click.Path(path_type=Path, exists=True, file_okay=False)
EXISTING_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)

WITH_SECRETS = (
    "此备份含有密钥：得到它的人可以签署日志，可以签发投票凭证。请与数据分开、加密保管。",
    "THIS BACKUP CONTAINS SECRETS: who has it can sign the log. Keep it encrypted, and apart.",
)
WITHOUT_SECRETS = (
    "此备份不含密钥。没有 log-key.seed、registrar.key 和 notify.key 就无法恢复：请另行备份。",
    "Secrets are not in this backup, and a restore needs those three files: back them up too.",
)


class BackupOutcome(Struct, frozen=True, kw_only=True):
    """What was written. `manifest_sha256` noted elsewhere shows later that nothing was changed."""

    outcome: str = "written"
    directory: str
    manifest_sha256: str
    bytes: int
    secrets: bool
    logs: tuple[BackedUpLog, ...]


@click.command("backup")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--data", type=EXISTING_DIRECTORY, help="Data directory that `huimin up` runs.")
@click.option(
    "--admin-url-file",
    type=EXISTING_FILE,
    help="File with the PostgreSQL URL of a superuser, or of a member of pg_read_all_data.",
)
@click.option(
    "--service",
    "services",
    type=click.Choice(ORDER),
    multiple=True,
    help="Only this service's database; once for each. Default: all four.",
)
@click.option(
    "--checkpoints", type=EXISTING_DIRECTORY, help="Published checkpoints; default: those in DATA."
)
@click.option(
    "--announcers",
    type=EXISTING_DIRECTORY,
    help="Public keys of officers who may announce; default: those in DATA.",
)
@click.option("--with-secrets", is_flag=True, help="Back up the secrets in DATA too.")
@click.option("--secrets", type=EXISTING_DIRECTORY, help="Back up the secrets in this directory.")
@click.option(
    "--programs", type=EXISTING_DIRECTORY, help="Where pg_dump is; default: that of the wheel."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def backup_command(
    directory: Path,
    data: Path | None,
    admin_url_file: Path | None,
    services: tuple[str, ...],
    checkpoints: Path | None,
    announcers: Path | None,
    with_secrets: bool,
    secrets: Path | None,
    programs: Path | None,
    as_json: bool,
) -> None:
    """Back up a running installation into the new directory DIR, without stopping anything.

    DIR appears when the backup is complete and was read back; until then there is nothing under
    its name. NATS is not in it: its streams are built again from the log.

    Exit codes: 0 written, 1 refused or failed, 2 usage, 3 could not read.
    """
    if (data is None) == (admin_url_file is None):
        raise click.UsageError("Give either --data or --admin-url-file.")
    if with_secrets and data is None:
        raise click.UsageError("--with-secrets goes with --data; else give --secrets DIR.")
    with endings(as_json):
        services = services or ORDER
        published = data if "ballot" in services else None
        url = embedded_admin_url(data) if data else read_line(admin_url_file or Path())
        source = Source(
            server=Server(url, programs),
            services=services,
            checkpoints=checkpoints or (published / "checkpoints" if published else None),
            announcers=announcers or (published / "announcers" if published else None),
            secrets=secrets or (data / "secrets" if data and with_secrets else None),
        )
        with progress_on(sys.stderr) as progress, staged(directory) as unfinished:
            manifest = asyncio.run(take(source, unfinished, progress))
            (unfinished / "lock").unlink()
        _show(
            BackupOutcome(
                directory=str(directory),
                manifest_sha256=sha256((directory / MANIFEST).read_bytes()).hexdigest(),
                bytes=sum(file.bytes for file in manifest.files),
                secrets=manifest.secrets,
                logs=manifest.logs,
            ),
            as_json,
        )


def _show(outcome: BackupOutcome, as_json: bool) -> None:
    for line in WITH_SECRETS if outcome.secrets else WITHOUT_SECRETS:
        click.secho(line, err=True, bold=outcome.secrets)
    if as_json:
        click.echo(msgspec.json.encode(outcome))
        return
    click.echo(f"备份 Backup: {outcome.directory}, {outcome.bytes / 1e6:.1f} MB")
    click.echo(f"清单 Manifest SHA-256: {outcome.manifest_sha256}")
    for log in outcome.logs:
        click.echo(f"日志 Log {log.edition}: {log.size}, {log.root}")
