"""What was published of each log, from wherever a copy is, and that a database is not behind it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from cli.backup.database_log import DatabaseLog
from cli.backup.manifest import BadBackup
from shared.client.errors import CannotRead, Missing
from shared.client.log_key import stated_checkpoint
from shared.client.log_source import LogSource, open_log, read_tile
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.merkle import Hash
from shared.log.note import Verifier
from shared.log.proofs import root_at
from shared.log.tiles import TileNodes, tiles_for_root

SUFFIX = ".checkpoint"


class BehindPublished(Exception):
    """A log is behind what was published of it, or contradicts it: it must not be served."""


class Published(Struct, frozen=True):
    """A checkpoint as it was found `where`; nothing of it is verified."""

    where: str
    origin: str
    note: bytes


def published_in(directory: Path) -> Sequence[Published]:
    """The copies in a directory; raises `BadBackup` for a file that is no checkpoint."""
    return [
        _published(file.read_bytes(), str(file)) for file in sorted(directory.glob(f"*{SUFFIX}"))
    ]


async def published_at(location: str) -> Published:
    """The checkpoint of a log's mirror, a URL or an exported directory.

    Raises `CannotRead`, `BadBackup`.
    """
    async with open_log(location) as source:
        try:
            return _published(await source.read("checkpoint"), location)
        except Missing as error:
            raise CannotRead(f"{location} has no log: {error}") from error


def check_sizes(sizes: Mapping[str, int], published: Sequence[Published]) -> None:
    """Raise `BehindPublished` if a log, by origin, is shorter than was published of it.

    Nothing is verified: this saves the time to load what would be refused in the end.
    """
    for one in published:
        size, past = sizes.get(one.origin, 0), stated_checkpoint(one.note).size
        if size < past:
            raise BehindPublished(
                f"the log {one.origin} has {size} entries in this backup, and {one.where} says that"
                f" {past} were published: {past - size} acknowledged entries would be lost. Restore"
                " a newer backup, or promote a standby; never serve this one."
            )


async def check_continues(
    log: DatabaseLog, edition: str, head: Checkpoint, verifier: Verifier, published: Published
) -> None:
    """Raise `BehindPublished` unless the log of an edition, at `head`, has this in its history."""
    try:
        past = open_checkpoint(published.note, verifier)
    except LogFormatError as error:
        raise BehindPublished(
            f"{published.where} is not signed by the key of the log {edition!r}: {error}"
        ) from error
    check_sizes({head.origin: head.size}, [published])
    if await _root(log, past.size) != past.root:
        raise BehindPublished(
            f"the log {edition!r} in this backup has another root at size {past.size} than"
            f" {published.where}: they are two histories. Keep both; never serve this one."
        )


async def _root(source: LogSource, size: int) -> Hash:
    tiles = {(one.kind, one.n): await read_tile(source, one) for one in tiles_for_root(size)}
    return root_at(size, TileNodes(size, lambda level, n, _: tiles[level, n]))


def _published(note: bytes, where: str) -> Published:
    try:
        return Published(where, stated_checkpoint(note).origin, note)
    except LogFormatError as error:
        raise BadBackup(f"{where} is no checkpoint: {error}. Say where the copies are.") from error
