"""What a backup says of itself: `manifest.json`, written last, with the hash of every other file.

The hashes find damage, not forgery: who can change a backup can change its manifest. That the log
in it is the log is for the audit at the end of a restore to say.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from cli.progress import Progress
from shared.edition.errors import UNREADABLE_JSON

MANIFEST: Final = "manifest.json"
CHECKPOINTS: Final = "checkpoints"
ANNOUNCERS: Final = "announcers"
SECRETS: Final = "secrets"
CHUNK_BYTES: Final = 1 << 20
MAX_MANIFEST_BYTES: Final = 64 << 20


class BadBackup(Exception):
    """The directory is no whole backup, or not the one that was written: do not use it."""


class BackedUpFile(Struct, frozen=True):
    """A file, by its path in the backup."""

    path: str
    bytes: int
    sha256: str


class DatabaseGrant(Struct, frozen=True):
    """A right on the database itself, which a dump leaves out."""

    role: str
    privilege: str


class BackedUpDatabase(Struct, frozen=True, kw_only=True):
    """The database of a service as of its snapshot; `migration` is the newest one applied."""

    service: str
    file: str
    migration: int
    grants: tuple[DatabaseGrant, ...]


class BackedUpLog(Struct, frozen=True, kw_only=True):
    """A log at its head in the snapshot. `root` is hex; `note` the signed checkpoint."""

    edition: str
    origin: str
    size: int
    root: str
    note: str


class BackupManifest(Struct, frozen=True, kw_only=True):
    """Times are UTC, ISO 8601; the snapshots were taken together, just after `begun`."""

    format: Literal["huimin-backup-1"] = "huimin-backup-1"
    version: str
    begun: str
    finished: str
    postgresql: str
    databases: tuple[BackedUpDatabase, ...]
    logs: tuple[BackedUpLog, ...]
    secrets: bool
    files: tuple[BackedUpFile, ...]


def read_manifest(directory: Path) -> BackupManifest:
    """The manifest; raises `BadBackup`, or `OSError` where it cannot be read."""
    file = directory / MANIFEST
    try:
        with file.open("rb") as stream:
            text = stream.read(MAX_MANIFEST_BYTES)
        return msgspec.json.decode(text, type=BackupManifest)
    except FileNotFoundError as error:
        raise BadBackup(
            f"{directory} has no {MANIFEST}: it is no backup, or one that was never finished."
            " Take another."
        ) from error
    except UNREADABLE_JSON as error:
        raise BadBackup(f"{file} cannot be understood: {error}. Take another backup.") from error


def check_files(directory: Path, manifest: BackupManifest, progress: Progress) -> None:
    """Raise `BadBackup` unless the files are those, and only those, that were written."""
    named = {one.path for one in manifest.files}
    found_here = {str(file.relative_to(directory)) for file in directory.rglob("*")}
    if unnamed := {one.file for one in manifest.databases} - named:
        raise BadBackup(f"{MANIFEST} has no hash of {', '.join(sorted(unnamed))}")
    for extra in sorted(found_here - named - {MANIFEST}):
        if not (directory / extra).is_dir():
            raise BadBackup(
                f"{directory / extra} is not in {MANIFEST}: somebody put it there. Use another copy"
                " of this backup."
            )
    progress.begin("Checking files (kB)", _kilobytes(sum(one.bytes for one in manifest.files)))
    for one in manifest.files:
        file = directory / one.path
        if not file.resolve().is_relative_to(directory.resolve()):
            raise BadBackup(f"{directory / MANIFEST} names a file outside the backup: {one.path}")
        try:
            found = describe(directory, file, progress)
        except FileNotFoundError as error:
            raise BadBackup(f"{file} is missing. Use another copy of this backup.") from error
        if found != one:
            raise BadBackup(
                f"{file} is damaged: it has {found.bytes} bytes with SHA-256 {found.sha256}, and"
                f" {one.bytes} with {one.sha256} were written. Use another copy of this backup."
            )


def describe(directory: Path, file: Path, progress: Progress) -> BackedUpFile:
    """Size and hash of a file below `directory`; raises `OSError`."""
    digest, size = sha256(), 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
            progress.advance(_kilobytes(len(chunk)))
    return BackedUpFile(str(file.relative_to(directory)), size, digest.hexdigest())


def _kilobytes(size: int) -> int:
    return max(1, size // 1000)
