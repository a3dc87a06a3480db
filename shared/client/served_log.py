"""Which log a server has for an edition, compared with what is known of that log.

Before anything is signed or sent for an edition, its log must be the one that the manifest names,
under the key that was given or remembered, and no shorter than remembered. That it continues what
was remembered is not proved here: an audit does that, and only an audit moves the memory on.
"""

from typing import NamedTuple

from shared.client.errors import ClientError
from shared.client.known_logs import KnownLogs
from shared.edition.manifest import LogIdentity
from shared.edition.views import EditionView
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import ED25519, Verifier


class WrongLog(ClientError):
    """The server's log is not the one that is known: nothing was signed or sent."""


class ServedLog(NamedTuple):
    """The key of an edition's log, and the newest checkpoint that the server showed."""

    verifier: Verifier
    checkpoint: Checkpoint


def verifier_of(log: LogIdentity) -> Verifier:
    """The verifier key of a log as a manifest names it."""
    return Verifier(log.origin, ED25519, log.key)


def identify_log(view: EditionView, given: Verifier | None, known: KnownLogs) -> ServedLog:
    """The log of an edition as served; `given` is the key published for it, if there is one.

    Raises `WrongLog`, and `UnreadableMemory`.
    """
    verifier = verifier_of(view.manifest.log)
    if view.vkey != verifier.vkey:
        raise WrongLog(
            f"the server names the log key {view.vkey} and the manifest of {view.edition!r} another"
        )
    check_key(verifier, given, known)
    try:
        checkpoint = open_checkpoint(view.checkpoint.encode(), verifier)
    except LogFormatError as error:
        raise WrongLog(f"the server's checkpoint of {verifier.name!r}: {error}") from error
    _compare(checkpoint, known)
    return ServedLog(verifier, checkpoint)


def check_key(verifier: Verifier, given: Verifier | None, known: KnownLogs) -> None:
    """Raise `WrongLog` unless the key is the one given, and the one remembered for its origin."""
    if given is not None and verifier != given:
        raise WrongLog(f"the server's log key is {verifier.vkey}, and the key given {given.vkey}")
    remembered = known.recall(verifier.name)
    if remembered is not None and remembered.verifier != verifier:
        raise WrongLog(
            f"the server's log key is {verifier.vkey}, and the key remembered for this log is"
            f" {remembered.verifier.vkey}"
        )


def pin_key(verifier: Verifier, note: bytes, known: KnownLogs) -> None:
    """Remember a log on first use by a checkpoint that its key signed; raises `UnreadableMemory`.

    A log remembered already stays as it is: this checkpoint was not compared with its history.
    """
    if known.recall(verifier.name) is None:
        known.remember(verifier, note)


def _compare(checkpoint: Checkpoint, known: KnownLogs) -> None:
    remembered = known.recall(checkpoint.origin)
    if remembered is None:
        return
    past = remembered.checkpoint
    if checkpoint.size < past.size:
        raise WrongLog(
            f"the log {checkpoint.origin!r} had {past.size} entries when last verified and the"
            f" server shows {checkpoint.size}: it was rolled back"
        )
    if checkpoint.size == past.size and checkpoint.root != past.root:
        raise WrongLog(
            f"the log {checkpoint.origin!r} had another root at size {past.size} when last"
            " verified: its history was changed"
        )
