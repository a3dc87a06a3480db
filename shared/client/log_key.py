"""Which key a log is verified with: the one given, the one remembered, or the log's own word.

The last only on first use, when there is nothing else. It makes the log consistent with itself, and
whoever relies on it must compare the key with the one that the city published.
"""

from typing import Literal, NamedTuple

from shared.client.errors import CannotRead, ClientError, Missing, Oversized, Sealed
from shared.client.known_logs import KnownLog, KnownLogs
from shared.client.log_source import LogSource, read_tile
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.events import EditionAnnounced, decode_event
from shared.log.checkpoint import BadCheckpoint, Checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import ED25519, Verifier
from shared.log.tiles import TilePath, decode_bundle, tile_width

KeySource = Literal["given", "remembered", "first-use"]


class NoKey(ClientError):
    """The log has no announcement of its key where it must be: `path`, and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class LogKey(NamedTuple):
    """The key to verify with, where it is from, and the log as this very key last verified it."""

    verifier: Verifier
    source: KeySource
    known: KnownLog | None


async def choose_key(
    source: LogSource, note: bytes, given: Verifier | None, logs: KnownLogs | None
) -> LogKey:
    """The key for the log whose checkpoint is `note`; nothing is verified with it yet.

    Raises `BadCheckpoint` if the note is none, `NoKey` if it is a first use and the log's first
    entry does not tell, `CannotRead`, and `UnreadableMemory`.
    """
    stated = stated_checkpoint(note)
    known = logs.recall(given.name if given else stated.origin) if logs else None
    if given is not None:
        return LogKey(given, "given", known if known and known.verifier == given else None)
    if known is not None:
        return LogKey(known.verifier, "remembered", known)
    return LogKey(await _announced_key(source, stated), "first-use", None)


def stated_checkpoint(note: bytes) -> Checkpoint:
    """What a checkpoint says, before its signature was looked at; raises `BadCheckpoint`."""
    text, blank, _ = note.rpartition(b"\n\n")
    try:
        return Checkpoint.parse(f"{text.decode()}\n" if blank else "")
    except UnicodeDecodeError as error:
        raise BadCheckpoint("the checkpoint is not UTF-8") from error


async def _announced_key(source: LogSource, stated: Checkpoint) -> Verifier:
    """The key that the log's first event announces."""
    if stated.size == 0:
        raise CannotRead(f"{source.location} is empty and does not say its key; give the key")
    bundle = TilePath("entries", 0, tile_width(0, 0, stated.size))
    try:
        event = decode_event(decode_bundle(await read_tile(source, bundle))[0])
    except (Missing, Sealed, Oversized, LogFormatError, *UNREADABLE_JSON) as error:
        raise NoKey(bundle.path, f"entry 0 should announce the log's key: {error}") from error
    if not isinstance(event, EditionAnnounced):
        raise NoKey(bundle.path, "entry 0 announces no edition, and so no key")
    log = event.manifest.log
    return Verifier(log.origin, ED25519, log.key)
