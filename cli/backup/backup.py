"""A backup while everything runs. The order is what makes it consistent; see `take`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cli.backup import store
from cli.backup.manifest import (
    ANNOUNCERS,
    CHECKPOINTS,
    MANIFEST,
    SECRETS,
    BackedUpDatabase,
    BackedUpFile,
    BackedUpLog,
    BackupManifest,
    BadBackup,
    describe,
)
from cli.backup.programs import Server, dump, load
from cli.backup.staging import copy_files
from cli.backup.store import Snapshot
from cli.embedded.directory import write_private
from cli.progress import Progress
from cli.roles import database_role
from shared.client.log_key import stated_checkpoint
from shared.log.checkpoint import Checkpoint
from shared.log.errors import LogFormatError
from shared.version import VERSION

ORDER: Final[tuple[str, ...]] = ("tally", "ballot", "registrar", "notify")
"""Snapshots are taken in this order: the tally has never seen more than the ballot service has in
the backup, and each ballot in it has its credential in the registrar's."""


class Source(Struct, frozen=True, kw_only=True):
    """What is backed up: databases of services, and directories, None where one is not to be."""

    server: Server
    services: tuple[str, ...] = ORDER
    checkpoints: Path | None
    announcers: Path | None
    secrets: Path | None


async def take(source: Source, directory: Path, progress: Progress) -> BackupManifest:
    """Write the backup into the empty `directory`, the manifest last, and read it all back.

    First the published checkpoints are copied, then all snapshots are taken within moments: so the
    copies are never ahead of the log beside them.

    Raises `BadBackup` if the log is behind what was published, `ProgramFailed`, and what
    `store.CONNECTION_LOST` names.
    """
    begun = _now()
    for folder, files in (
        (CHECKPOINTS, source.checkpoints),
        (ANNOUNCERS, source.announcers),
        (SECRETS, source.secrets),
    ):
        if files is not None:
            copy_files(files, directory / folder)
    async with AsyncExitStack() as stack:
        snapshots = {
            service: await stack.enter_async_context(
                store.snapshot(source.server.database(database_role(service)))
            )
            for service in ORDER
            if service in source.services
        }
        logs = await _logs(snapshots, directory / CHECKPOINTS)
        version = await store.server_version(next(iter(snapshots.values())).connection)
        await _dump(source.server, snapshots, directory, progress)
    await _read_back(source.server, [directory / _file(one) for one in snapshots], progress)
    manifest = BackupManifest(
        version=VERSION,
        begun=begun,
        finished=_now(),
        postgresql=version,
        databases=tuple(
            BackedUpDatabase(
                service=service, file=_file(service), migration=one.migration, grants=one.grants
            )
            for service, one in snapshots.items()
        ),
        logs=tuple(logs),
        secrets=source.secrets is not None,
        files=tuple(_described(directory, progress)),
    )
    text = msgspec.json.format(msgspec.json.encode(manifest)).decode()
    write_private(directory / MANIFEST, text + "\n")
    return manifest


async def _dump(
    server: Server, snapshots: Mapping[str, Snapshot], directory: Path, progress: Progress
) -> None:
    for service, one in snapshots.items():
        # Compressed hexadecimal is about as long as the rows are in the tables.
        size = max(1, one.table_bytes // 1000)
        progress.begin(f"Backing up {database_role(service)} (about, kB)", size)
        file = directory / _file(service)
        file.touch(mode=0o600)
        wrote = kilobytes(progress, size)
        await dump(server, database_role(service), one.name, file, wrote)


async def _read_back(server: Server, files: Sequence[Path], progress: Progress) -> None:
    sizes = [max(1, file.stat().st_size // 1000) for file in files]
    progress.begin("Reading back (kB)", sum(sizes))
    for file, size in zip(files, sizes, strict=True):
        await load(server, None, file, kilobytes(progress, size))


def _described(directory: Path, progress: Progress) -> Sequence[BackedUpFile]:
    files = [file for file in sorted(directory.rglob("*")) if file.is_file()]
    files = [file for file in files if file != directory / "lock"]
    progress.begin("Hashing (kB)", sum(max(1, file.stat().st_size // 1000) for file in files))
    return [describe(directory, file, progress) for file in files]


async def _logs(snapshots: Mapping[str, Snapshot], copies: Path) -> Sequence[BackedUpLog]:
    """The heads of the logs as of the snapshot, if the ballot service is backed up."""
    if "ballot" not in snapshots:
        return []
    logs = [_log(head) for head in await store.heads(snapshots["ballot"].connection)]
    _check_not_behind(logs, copies)
    return logs


def _check_not_behind(logs: Sequence[BackedUpLog], copies: Path) -> None:
    sizes = {log.origin: log.size for log in logs}
    for file in sorted(copies.glob("*.checkpoint")):
        try:
            published = stated_checkpoint(file.read_bytes())
        except LogFormatError as error:
            raise BadBackup(f"{file.name}, a copy of a checkpoint, is none: {error}") from error
        if sizes.get(published.origin, 0) < published.size:
            raise BadBackup(
                f"the copy {file.name} has size {published.size}, and the database has"
                f" {sizes.get(published.origin, 0)} entries of that log: the database is behind"
                " what was published, and a backup of it could not be restored. Run huimin doctor."
            )


def _log(head: store.Head) -> BackedUpLog:
    checkpoint: Checkpoint = stated_checkpoint(head.note)
    return BackedUpLog(
        edition=head.edition,
        origin=head.origin,
        size=head.size,
        root=checkpoint.root.hex(),
        note=head.note.decode(),
    )


def kilobytes(progress: Progress, total: int) -> Callable[[int], None]:
    """Report bytes as kB, never more than announced: what a dump will have is an estimate."""
    seen = shown = 0

    def advance(count: int) -> None:
        nonlocal seen, shown
        seen += count
        step = min(total, seen // 1000) - shown
        if step > 0:
            shown += step
            progress.advance(step)

    return advance


def _file(service: str) -> str:
    return f"{service}.dump"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
