"""Appending to a Merkle tree from its right edge alone.

A tree of n leaves is a row of perfect subtrees, one for each set bit of n, the largest first
(RFC 6962, section 2.1, unrolled). Their roots, the frontier, are all that an append needs: at most
63 hashes, however long the log. This module grows a frontier by a batch of leaves and proves the
inclusion of each of them; proofs for older leaves need stored nodes, see `proofs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

from shared.log.errors import LogFormatError
from shared.log.merkle import EMPTY_ROOT, HASH_SIZE, Hash, node_hash


class BadFrontier(LogFormatError):
    """Stored bytes that are no frontier of the tree size stored with them."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the perfect subtrees that make up a tree of `size` leaves, largest first."""

    size: int
    nodes: tuple[Hash, ...]

    @classmethod
    def empty(cls) -> "Frontier":
        """The frontier of the tree without leaves."""
        return cls(0, ())

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        """Read back what `to_bytes` wrote for a tree of `size` leaves; raises `BadFrontier`."""
        if size < 0 or len(data) != HASH_SIZE * size.bit_count():
            raise BadFrontier(
                f"{len(data)} bytes cannot be the frontier of a tree of {size} leaves:"
                " restore the log's head row"
            )
        return cls(size, tuple(data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)))

    def to_bytes(self) -> bytes:
        """The nodes, one after the other: 32 bytes for each set bit of `size`."""
        return b"".join(self.nodes)

    def root(self) -> Hash:
        """Root hash of the tree."""
        if not self.nodes:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.nodes))

    def extend(self, leaves: Sequence[Hash]) -> "Growth":
        """Append leaf hashes. The cost is that of hashing each new node once."""
        size = self.size + len(leaves)
        rows: list[list[Hash]] = []
        nodes: list[Hash] = []
        lone = list(self.nodes)
        made = list(leaves)
        edge: Hash | None = None
        for level in range(size.bit_length()):
            row = [lone.pop(), *made] if self.size >> level & 1 else made
            made = list(map(node_hash, row[::2], row[1::2]))
            if size >> level & 1:
                nodes.append(row[-1])
                if edge is None:
                    edge = row[-1]
                else:
                    row.append(edge)
                    edge = node_hash(row[-2], edge)
            rows.append(row)
        after = Frontier(size, tuple(reversed(nodes)))
        return Growth(self.size, after, EMPTY_ROOT if edge is None else edge, tuple(rows))


@dataclass(frozen=True, slots=True)
class Growth:
    """What one `Frontier.extend` did: leaves `start` to `frontier.size - 1` are new."""

    start: int
    frontier: Frontier
    root: Hash
    # _rows[level] holds consecutive nodes of that level, from the even index next to or at
    # `start >> level`: an old frontier node, if there is one, then the new nodes. Where the last
    # of them is a left child without a complete sibling, the incomplete subtree to its right
    # follows, if it has leaves: then every sibling that a path can need is found by position.
    _rows: tuple[list[Hash], ...] = field(repr=False)

    def inclusion_path(self, index: int) -> list[Hash]:
        """Inclusion proof of new leaf `index` in the tree after the growth, leaf sibling first.

        Raises `ValueError` for a leaf that is not new: its path needs nodes to the left of ours.
        """
        if not self.start <= index < self.frontier.size:
            raise ValueError(
                f"leaf {index} is not in [{self.start}, {self.frontier.size}): use inclusion_proof"
            )
        path = []
        first, position = self.start, index
        for row in self._rows:
            sibling = (position ^ 1) - (first & ~1)
            if sibling < len(row):
                path.append(row[sibling])
            first >>= 1
            position >>= 1
        return path

    def completed(self, level: int) -> list[Hash]:
        """The roots of the perfect subtrees of 2^level leaves that the growth completed.

        The first has index `start >> level`. Levels 0, 8, 16 … are what tiles are made of.
        """
        if level >= len(self._rows):
            return []
        first, end = self.start >> level, self.frontier.size >> level
        return self._rows[level][first & 1 : end - (first & ~1)]
