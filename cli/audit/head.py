"""A log's head: its key, its signed checkpoint, and that it is not behind what it once was."""

from cli.audit.evidence import Wrong
from shared.client.known_logs import KnownLogs
from shared.client.log_key import LogKey, NoKey, choose_key
from shared.client.log_source import LogSource
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.merkle import Hash
from shared.log.note import Verifier


async def pick_key(
    source: LogSource, note: bytes, verifier: Verifier | None, known: KnownLogs | None
) -> LogKey:
    """See `choose_key`; raises `Wrong` where the log itself is at fault."""
    try:
        return await choose_key(source, note, verifier, known)
    except LogFormatError as error:
        raise Wrong("checkpoint", "checkpoint", str(error)) from error
    except NoKey as error:
        raise Wrong("entries", f"index 0 ({error.path})", error.why) from error


def open_signed(note: bytes, key: LogKey) -> Checkpoint:
    """The checkpoint, signed by the log's key; raises `Wrong`."""
    try:
        return open_checkpoint(note, key.verifier)
    except LogFormatError as error:
        why = str(error)
        if key.source == "remembered":
            why += "; its key was remembered, so if the log was set up anew, give its published key"
        raise Wrong("checkpoint", "checkpoint", why) from error


def check_not_behind(past: Checkpoint | None, checkpoint: Checkpoint) -> None:
    """The log has not lost entries since `past`; raises `Wrong`."""
    if past is not None and past.size > checkpoint.size:
        why = f"the log had {past.size} entries when last verified and now has {checkpoint.size}"
        raise Wrong("history", "checkpoint", f"{why}: it was rolled back")


def check_past_root(past: Checkpoint, root: Hash) -> None:
    """The log's first `past.size` entries have the root that they had; raises `Wrong`."""
    if past.root != root:
        raise Wrong(
            "history",
            f"entries 0 to {past.size - 1}",
            f"the log had root {past.root.hex()} at size {past.size} when last verified, and now"
            f" has {root.hex()} there: its history was changed",
        )


def check_root(checkpoint: Checkpoint, root: Hash) -> None:
    """The tree over the entries has the root that the checkpoint says; raises `Wrong`."""
    if checkpoint.root != root:
        why = f"it says root {checkpoint.root.hex()}, and the entries have root {root.hex()}"
        raise Wrong("root", "checkpoint", why)
