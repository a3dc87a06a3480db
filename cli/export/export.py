"""An export from key to published directory. Whether the events are lawful is for the audit."""

from pathlib import Path

from msgspec import Struct

from cli.audit.evidence import Wrong
from cli.audit.head import check_not_behind, check_root, open_signed, pick_key
from cli.audit.reading import read_checkpoint
from cli.export.copying import Pass
from cli.export.staging import StagedTree
from cli.progress import Progress
from shared.client.known_logs import KnownLogs
from shared.client.log_key import KeySource
from shared.client.log_source import LogSource
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.merkle import Hash
from shared.log.note import Verifier


class Export(Struct, frozen=True, kw_only=True):
    """What was written; `openings` is False while choices are sealed. Root is base64 in JSON."""

    directory: str
    origin: str
    vkey: str
    key_source: KeySource
    size: int
    root: Hash
    openings: bool


async def export(
    source: LogSource,
    directory: Path,
    *,
    progress: Progress,
    verifier: Verifier | None = None,
    known: KnownLogs | None = None,
) -> Export:
    """Copy the log at `source` into `directory`, which stays as it was unless all is right.

    Raises `Wrong`, `CannotRead`, `UnreadableMemory`, or `OSError` for the directory.
    """
    note = await read_checkpoint(source)
    key = await pick_key(source, note, verifier, known)
    checkpoint = open_signed(note, key)
    tree = StagedTree(directory)
    pasts = [key.known.checkpoint] if key.known else []
    published = tree.published("checkpoint")
    if published is not None:
        pasts.append(_published(published, key.verifier, directory))
    for past in pasts:
        check_not_behind(past, checkpoint)
    openings = await _copy(source, tree, checkpoint, pasts, progress)
    tree.publish(note)
    return Export(
        directory=str(directory),
        origin=checkpoint.origin,
        vkey=key.verifier.vkey,
        key_source=key.source,
        size=checkpoint.size,
        root=checkpoint.root,
        openings=openings,
    )


def _published(note: bytes, verifier: Verifier, directory: Path) -> Checkpoint:
    try:
        return open_checkpoint(note, verifier)
    except LogFormatError as error:
        why = f"the directory holds another log ({error}): export to a new one"
        raise Wrong("history", str(directory / "checkpoint"), why) from error


async def _copy(
    source: LogSource,
    tree: StagedTree,
    checkpoint: Checkpoint,
    pasts: list[Checkpoint],
    progress: Progress,
) -> bool:
    """Get the tree right, without what was there if it does not come out right with it."""
    for reuse in (True, False):
        copy = Pass(source, tree, checkpoint.size, pasts, reuse=reuse)
        progress.begin("Exporting entries", checkpoint.size)
        try:
            check_root(checkpoint, await copy.run(progress))
        except Wrong:
            tree.discard()
            if copy.reused:
                continue
            raise
        return copy.openings
    raise AssertionError("a pass that reuses nothing either succeeds or raises")
