"""Checkpoints: the signed heads of a log's Merkle tree.

C2SP tlog-checkpoint, in a note signed by the log's key, whose name is the origin. Whether a
checkpoint is consistent with an earlier one is for `proofs` to verify, and for the log's store to
ensure before it signs.
"""

from dataclasses import dataclass
from typing import Final

from shared.log.encoding import format_base64, parse_base64, parse_decimal, shorten
from shared.log.errors import LogFormatError
from shared.log.merkle import HASH_SIZE, Hash
from shared.log.note import BadKey, BadNote, Signer, Verifier, open_note

MAX_SIZE: Final = 2**63 - 1
"""Largest tree size: it fits the signed 64-bit integers of databases and of other verifiers."""


class BadCheckpoint(BadNote):
    """A note whose text is no checkpoint of the log that it should come from."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The statement that the tree of `size` leaves of the log `origin` has this root."""

    origin: str
    size: int
    root: Hash

    def __post_init__(self) -> None:
        """Refuse what could not be written and read back; raises `BadCheckpoint`."""
        if not self.origin or "\n" in self.origin:
            raise BadCheckpoint(f"{shorten(self.origin)} is no origin: it must be one line")
        if not 0 <= self.size <= MAX_SIZE:
            raise BadCheckpoint(f"tree size {self.size} is not between 0 and 2^63 - 1")
        if len(self.root) != HASH_SIZE:
            raise BadCheckpoint(f"a root has {HASH_SIZE} bytes, not {len(self.root)}")

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint note; raises `BadCheckpoint`.

        Lines after the third are extensions, which a client must tolerate: they are dropped.
        """
        *lines, end = text.split("\n")
        if end or len(lines) < 3 or "" in lines:
            raise BadCheckpoint("a checkpoint is three lines or more, none of them empty")
        origin = lines[0]
        try:
            size, root = parse_decimal(lines[1]), parse_base64(lines[2])
        except LogFormatError as error:
            raise BadCheckpoint(f"checkpoint of {shorten(origin)}: {error}") from error
        return cls(origin, size, root)

    def text(self) -> str:
        """The three lines that are signed: origin, size, and root in base64."""
        return f"{self.origin}\n{self.size}\n{format_base64(self.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The checkpoint as a signed note; raises `BadKey` unless the key's name is the origin.

    Once a checkpoint has left this process, a log that forgets it can fork: commit first.
    """
    if signer.name != checkpoint.origin:
        raise BadKey(f"key {shorten(signer.name)} must not sign for {shorten(checkpoint.origin)}")
    return signer.sign(checkpoint.text())


def open_checkpoint(note: bytes, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that the log's key signed.

    Raises `BadNote` if the key did not sign it, `BadCheckpoint` if it is no checkpoint of the log
    whose key this is.
    """
    checkpoint = Checkpoint.parse(open_note(note, [verifier]))
    if checkpoint.origin != verifier.name:
        raise BadCheckpoint(
            f"the checkpoint is of {shorten(checkpoint.origin)}, not of {shorten(verifier.name)}"
        )
    return checkpoint
