"""The tree over roll references: what a roll or a report of issuance commits to.

A reference is the 32-byte keyed hash that stands for a person. The tree is that of RFC 6962 over
the references sorted ascending, each once; leaf i is the hash of reference i's bytes. Where the
references come from, and who may see them, is the registrar's affair.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from shared.eligibility.views import IssuanceProof
from shared.log.errors import LogFormatError
from shared.log.frontier import Frontier
from shared.log.merkle import HASH_SIZE, leaf_hash
from shared.log.proofs import BadProof, verify_inclusion

_RUN: Final = 1 << 16
"""Leaves hashed at a time, so that the root of a large roll takes little memory."""


_LINE: Final = re.compile(rb"[0-9a-f]{64}")


class BadReferences(LogFormatError):
    """References that are not 32 bytes each, ascending and unique."""


class BadReferenceFile(LogFormatError):
    """Bytes that are no file of references."""


def format_references(references: Iterable[bytes]) -> bytes:
    """References as a file: each as 64 lower-case hexadecimal digits on a line of its own."""
    return b"".join(b"%s\n" % reference.hex().encode() for reference in references)


def parse_references(lines: Iterable[bytes]) -> list[bytes]:
    """The references in the lines of a file, in its order, which is not checked.

    Raises `BadReferenceFile`.
    """
    return [_parse_line(number, line) for number, line in enumerate(lines, 1)]


def check_ascending(references: Sequence[bytes]) -> None:
    """Check that each reference has 32 bytes and follows the one before it.

    Raises `BadReferences`, which names the first wrong one by its place, counted from 1.
    """
    for place, reference in enumerate(references, 1):
        if len(reference) != HASH_SIZE:
            raise BadReferences(f"reference {place} has {len(reference)} bytes, not {HASH_SIZE}")
    for place, (one, following) in enumerate(pairwise(references), 2):
        if one == following:
            raise BadReferences(f"reference {place} is the same as the one before it")
        if one > following:
            raise BadReferences(f"reference {place} is out of order: sort them ascending")


def references_root(references: Sequence[bytes]) -> bytes:
    """The root over ascending references; that of no references is SHA-256 of nothing.

    Raises `BadReferences`. A million take about three seconds.
    """
    check_ascending(references)
    frontier = Frontier.empty()
    for start in range(0, len(references), _RUN):
        leaves = [leaf_hash(one) for one in references[start : start + _RUN]]
        frontier = frontier.extend(leaves).frontier
    return frontier.root()


class ReferenceTree:
    """The whole tree over ascending references, kept so that many of them can be proved.

    It holds about 150 bytes a reference. Raises `BadReferences`.
    """

    def __init__(self, references: Sequence[bytes]) -> None:
        check_ascending(references)
        self._references = references
        self._growth = Frontier.empty().extend([leaf_hash(one) for one in references])

    @property
    def root(self) -> bytes:
        """The root over all references."""
        return self._growth.root

    def prove(self, reference: bytes) -> IssuanceProof:
        """Prove that a reference is in the tree; `KeyError` if it is not."""
        index = bisect_left(self._references, reference)
        if index == len(self._references) or self._references[index] != reference:
            raise KeyError("this reference is not in the tree")
        path = tuple(self._growth.inclusion_path(index))
        return IssuanceProof(index=index, size=len(self._references), path=path, root=self.root)


def reference_proof(references: Sequence[bytes], reference: bytes) -> IssuanceProof:
    """One proof, from ascending references; hashes all of them: see `ReferenceTree` for many.

    Raises `BadReferences`; `KeyError` for a reference that is not among them.
    """
    return ReferenceTree(references).prove(reference)


def verify_reference(reference: bytes, proof: IssuanceProof, size: int, root: bytes) -> None:
    """Check that a reference is among the `size` that a root was published for.

    `size` and `root` are to be those of the log, as a proof that brings its own shows nothing.
    Raises `BadProof`.
    """
    if (proof.size, proof.root) != (size, root):
        raise BadProof(
            f"the proof is for {proof.size} references with root {proof.root.hex()},"
            f" but the log has {size} with root {root.hex()}"
        )
    verify_inclusion(leaf_hash(reference), proof.index, size, proof.path, root)


def _parse_line(number: int, line: bytes) -> bytes:
    digits = line.removesuffix(b"\n")
    if _LINE.fullmatch(digits) is None:
        raise BadReferenceFile(f"line {number} is not a reference, 64 lower-case hex digits")
    return bytes.fromhex(digits.decode())
