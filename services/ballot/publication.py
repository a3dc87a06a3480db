"""What has left the database must stay true: copies of checkpoints, and the check against them.

Each log's newest checkpoint is copied to a file, best on another disk. A database that was restored
or promoted and is behind such a copy, or contradicts it, must never sign again: the service refuses
to run. Backups and failovers are how honest logs fork.
"""

import os
from pathlib import Path

from services.ballot import store, tree
from services.ballot.edition import Edition, LogBehind, LogKey
from services.ballot.store import Connection, Executor
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.note import BadNote

SUFFIX = ".checkpoint"


async def check_published(db: Executor, key: LogKey, copies: Path) -> None:
    """Raise `LogBehind` unless every copied checkpoint is one of this database's logs."""
    if not copies.is_dir():
        raise LogBehind(
            f"there is no directory {copies}, so nobody can say what was published; mount it, or"
            " make it if this service has never run"
        )
    for file in sorted(copies.glob(f"*{SUFFIX}")):
        await check_copy(db, Edition(file.name.removesuffix(SUFFIX), key), copies)


async def check_copy(db: Executor, edition: Edition, copies: Path) -> int:
    """Size of a log's copied checkpoint, 0 if there is none; raises `LogBehind`."""
    file = copies / f"{edition.name}{SUFFIX}"
    try:
        note = file.read_bytes()
    except FileNotFoundError:
        return 0
    return (await check_note(db, edition, note, f"the copy {file.name}")).size


async def connect_writer(url: str, edition: Edition, copies: Path) -> Connection:
    """A connection to append with, to a database that is not behind what was published.

    Checked at every new connection, because after a failover it may lead to another server.
    """
    connection = await store.connect(url)
    try:
        await check_copy(connection, edition, copies)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def check_note(db: Executor, edition: Edition, note: bytes, where: str) -> Checkpoint:
    """Raise `LogBehind` unless a published checkpoint is consistent with the stored log."""
    try:
        published = open_checkpoint(note, edition.verifier)
    except BadNote as error:
        raise LogBehind(
            f"{where} is no checkpoint of {edition.identity.origin}: {error}"
        ) from error
    head = await store.head(db, edition.name)
    if head.size < published.size:
        raise LogBehind(
            f"{where} has size {published.size} and the database has {head.size} entries of"
            f" {edition.name!r}: restore a backup that is not behind, or promote another standby"
        )
    if await tree.root(db, edition.name, published.size) != published.root:
        raise LogBehind(
            f"{where} has another root at size {published.size} than the database: this database"
            f" holds a fork of {edition.name!r}; do not serve it"
        )
    return published


def copy_checkpoint(copies: Path, edition: str, note: bytes) -> None:
    """Replace the copy of a log's checkpoint, durably; a crash leaves the old one or the new."""
    target = copies / f"{edition}{SUFFIX}"
    scratch = target.with_suffix(".new")
    with scratch.open("wb") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(target)
