"""Inclusion and consistency proofs: made from stored nodes, and verified.

The proofs are those of RFC 6962, sections 2.1.1 and 2.1.2. A node (level, index) is the root of the
perfect subtree over leaves [index * 2^level, (index + 1) * 2^level). Both proofs climb from one
node to the root of a tree, and list the sibling met at each level. Where the nodes are stored is
the reader's affair; nodes that it gets wrong make a proof that does not verify.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from shared.log.errors import LogFormatError
from shared.log.merkle import EMPTY_ROOT, HASH_SIZE, Hash, node_hash

NodeReader: TypeAlias = Callable[[int, int], Hash]
"""Gives the hash of the complete subtree (level, index)."""


class BadProof(LogFormatError):
    """A proof that does not show what it is said to show."""


def verify_inclusion(leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash) -> None:
    """Check that the leaf hash stands at `index` in the tree of `size` leaves with this root.

    The path runs from the leaf's sibling up. Raises `BadProof`.
    """
    if not 0 <= index < size:
        raise BadProof(f"there is no leaf {index} in a tree of {size} leaves")
    # Above the level where the ways of this leaf and of the last one meet, we are on the right
    # edge of the tree: siblings stand only to the left, one for each set bit of the index.
    inner = (index ^ (size - 1)).bit_length()
    edge = (index >> inner).bit_count()
    _check_hashes("inclusion path", path, inner + edge)
    node = leaf
    for level, sibling in enumerate(path[:inner]):
        left = index >> level & 1
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
    for sibling in path[inner:]:
        node = node_hash(sibling, node)
    if node != root:
        raise BadProof(
            f"the path of leaf {index} leads to root {node.hex()},"
            f" but the tree of {size} leaves has root {root.hex()}"
        )


def verify_consistency(
    old_size: int, old_root: Hash, new_size: int, new_root: Hash, proof: Sequence[Hash]
) -> None:
    """Check that the new tree starts with all the leaves of the old one. Raises `BadProof`.

    Every tree starts with the empty tree; its proof is empty.
    """
    if not 0 <= old_size <= new_size:
        raise BadProof(f"a tree of {new_size} leaves cannot continue one of {old_size}")
    if old_size in (0, new_size):
        _check_hashes("consistency proof", proof, 0)
        if old_size == 0:
            _check_root("old", 0, EMPTY_ROOT, old_root)
        if old_size == new_size:
            _check_root("new", new_size, old_root, new_root)
        return
    # The climb starts at the last perfect subtree of the old tree: one node in both trees.
    last = old_size - 1
    start = _trailing_zeros(old_size)
    inner = (last ^ (new_size - 1)).bit_length() - start
    edge = (last >> (start + inner)).bit_count()
    whole = old_size == 1 << start
    _check_hashes("consistency proof", proof, inner + edge + (not whole))
    old = new = old_root if whole else proof[0]
    siblings = proof if whole else proof[1:]
    for level, sibling in enumerate(siblings[:inner], start):
        if last >> level & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    for sibling in siblings[inner:]:
        old, new = node_hash(sibling, old), node_hash(sibling, new)
    _check_root("old", old_size, old, old_root)
    _check_root("new", new_size, new, new_root)


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[Hash]:
    """The path of leaf `index` in the tree of `size` leaves, leaf sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size} leaves")
    return list(_siblings(0, index, size, read))


def consistency_proof(old_size: int, new_size: int, read: NodeReader) -> list[Hash]:
    """The proof that the tree of `new_size` leaves continues that of `old_size`."""
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {new_size} leaves cannot continue one of {old_size}")
    if old_size in (0, new_size):
        return []
    level = _trailing_zeros(old_size)
    index = (old_size >> level) - 1
    # If that node is the whole old tree, the verifier has its hash already: the old root.
    start = [read(level, index)] if index else []
    return start + list(_siblings(level, index, new_size, read))


def root_at(size: int, read: NodeReader) -> Hash:
    """Root hash of the tree of the first `size` leaves."""
    return _edge_root(size.bit_length(), size, read) if size else EMPTY_ROOT


def _siblings(level: int, index: int, size: int, read: NodeReader) -> Iterator[Hash]:
    """Siblings on the way from node (level, index) to the root of the tree of `size` leaves."""
    while (size - 1) >> level:
        sibling = index ^ 1
        if sibling < size >> level:
            yield read(level, sibling)
        elif sibling << level < size:
            yield _edge_root(level, size, read)
        level += 1
        index >>= 1


def _edge_root(level: int, size: int, read: NodeReader) -> Hash:
    """Root over the last `size % 2^level` leaves, at least one: the tree's incomplete edge."""
    lows = [low for low in range(level) if size >> low & 1]
    root = read(lows[0], (size >> lows[0]) - 1)
    for low in lows[1:]:
        root = node_hash(read(low, (size >> low) - 1), root)
    return root


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _check_hashes(what: str, hashes: Sequence[Hash], count: int) -> None:
    if len(hashes) != count:
        raise BadProof(f"the {what} has {len(hashes)} hashes where these sizes need {count}")
    if any(len(value) != HASH_SIZE for value in hashes):
        raise BadProof(f"the {what} has a hash that is not {HASH_SIZE} bytes long")


def _check_root(which: str, size: int, computed: Hash, stated: Hash) -> None:
    if computed != stated:
        raise BadProof(
            f"the consistency proof leads to {which} root {computed.hex()},"
            f" but the {which} tree of {size} leaves has root {stated.hex()}"
        )
