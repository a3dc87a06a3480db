"""Receipts: proofs that an entry is in a log, complete in themselves and verifiable offline.

C2SP tlog-proof: the entry's index, its inclusion path, and the signed checkpoint that the path
leads to. Which entry it is about is not in the receipt: the verifier must know the entry's bytes.
"""

import re
from binascii import b2a_base64
from dataclasses import dataclass
from typing import Final

from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.encoding import parse_base64, parse_decimal
from shared.log.errors import LogFormatError
from shared.log.merkle import HASH_SIZE, Hash, leaf_hash
from shared.log.note import MAX_NOTE_BYTES, Verifier
from shared.log.proofs import BadProof, verify_inclusion

MAX_TLOG_PROOF_BYTES: Final = 2 * MAX_NOTE_BYTES
"""Longest receipt that is read: a note, and as much again for path and extra data."""

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_HEAD: Final = re.compile(
    re.escape(_HEADER) + r"\n(?:extra ([^\n]+)\n)?index ([^\n]+)((?:\n[^\n]+){0,63})"
)


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A receipt: `path` runs from the leaf's sibling up, `checkpoint` is the signed note.

    `extra` is what another log's application may have added. Nothing signs it: do not trust it.
    """

    index: int
    path: tuple[Hash, ...]
    checkpoint: bytes
    extra: bytes = b""

    def encode(self) -> bytes:
        """The receipt as text, to be kept as a `.tlog-proof` file."""
        # b2a_base64 ends its output with a newline, as each line here must end.
        extra = b"extra " + b2a_base64(self.extra) if self.extra else b""
        path = b"".join(map(b2a_base64, self.path))
        return b"%s\n%sindex %d\n%s\n%s" % (
            _HEADER.encode(),
            extra,
            self.index,
            path,
            self.checkpoint,
        )

    @classmethod
    def decode(cls, data: bytes) -> "TlogProof":
        """Read a receipt, without verifying what it claims; raises `BadProof`."""
        if len(data) > MAX_TLOG_PROOF_BYTES:
            raise BadProof(f"{len(data)} bytes are over the limit of {MAX_TLOG_PROOF_BYTES}")
        head, _, checkpoint = data.partition(b"\n\n")
        if not checkpoint:
            raise BadProof("a tlog-proof has a blank line and a checkpoint after its path")
        try:
            match = _HEAD.fullmatch(head.decode("ascii"))
            if match is None:
                raise LogFormatError(f"it does not start with {_HEADER}, [extra], index, hashes")
            extra, index, path = match.groups()
            return cls(
                index=parse_decimal(index),
                path=tuple(_parse_hash(line) for line in path.split("\n")[1:]),
                checkpoint=checkpoint,
                extra=parse_base64(extra) if extra else b"",
            )
        except ValueError as error:
            raise BadProof(f"malformed tlog-proof: {error}") from error


def verify(proof: TlogProof, entry: bytes, verifier: Verifier) -> Checkpoint:
    """Check that the log of this key has the entry; returns the checkpoint that shows it.

    Raises `BadNote` for a bad checkpoint, `BadProof` for a path that does not lead to it.
    """
    checkpoint = open_checkpoint(proof.checkpoint, verifier)
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)
    return checkpoint


def _parse_hash(line: str) -> Hash:
    value = parse_base64(line)
    if len(value) != HASH_SIZE:
        raise LogFormatError(f"a hash of the path has {len(value)} bytes instead of {HASH_SIZE}")
    return value
