"""Hashing, growth and proofs against the recursive definitions of RFC 6962, written out here."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log.frontier import BadFrontier, Frontier
from shared.log.merkle import EMPTY_ROOT, leaf_hash, node_hash
from shared.log.proofs import (
    BadProof,
    NodeReader,
    consistency_proof,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text("utf-8"))
LEAVES = [leaf_hash(b"entry %d" % i) for i in range(80)]
SIZES = range(1, 34)


def split(size: int) -> int:
    """Largest power of two smaller than size: k in RFC 6962."""
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """MTH(D[n]), RFC 6962, section 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def audit_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*audit_path(index, leaves[:k]), mth(leaves[k:])]
    return [*audit_path(index - k, leaves[k:]), mth(leaves[:k])]


def subproof(old: int, leaves: list[bytes], known: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b), RFC 6962, section 2.1.2."""
    if old == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*subproof(old, leaves[:k], known), mth(leaves[k:])]
    return [*subproof(old - k, leaves[k:], False), mth(leaves[:k])]


def reader(leaves: list[bytes]) -> NodeReader:
    """Complete subtrees of exactly these leaves; any other node fails the test."""

    def read(level: int, index: int) -> bytes:
        covered = leaves[index << level : (index + 1) << level]
        assert len(covered) == 1 << level, f"node ({level}, {index}) is not complete"
        return mth(covered)

    return read


def flipped(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


@pytest.mark.parametrize("size", range(9))
def test_root_is_that_of_the_certificate_transparency_vectors(size: int) -> None:
    """The eight classic leaves give the published root at every size."""
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["ct_leaves_hex"][:size]]
    assert Frontier.empty().extend(leaves).root.hex() == VECTORS["ct_roots"][str(size)]


def test_leaf_and_node_hashes_are_those_of_the_three_entry_log() -> None:
    """The log of `one`, `two` and the empty entry has the leaf hashes, node and root stated."""
    three = VECTORS["three"]
    leaves = [leaf_hash(entry) for entry in (b"one", b"two", b"")]
    assert [leaf.hex() for leaf in leaves] == three["leaf"]
    assert node_hash(leaves[0], leaves[1]).hex() == three["n01"]
    assert Frontier.empty().extend(leaves).root.hex() == three["root3"]


def test_inclusion_path_is_that_of_the_vectors() -> None:
    """Entry 1 of the three-entry log has the stated path."""
    leaves = [bytes.fromhex(leaf) for leaf in VECTORS["three"]["leaf"]]
    path = [value.hex() for value in inclusion_proof(1, 3, reader(leaves))]
    assert path == VECTORS["inclusion_1_of_3"]


def test_consistency_proof_is_that_of_the_vectors() -> None:
    """Sizes 2 and 3 of the three-entry log have the stated proof."""
    leaves = [bytes.fromhex(leaf) for leaf in VECTORS["three"]["leaf"]]
    proof = [value.hex() for value in consistency_proof(2, 3, reader(leaves))]
    assert proof == VECTORS["consistency_2_3"]


@given(st.lists(st.integers(0, 20), max_size=6))
def test_growing_by_batches_gives_the_defined_root(batches: list[int]) -> None:
    """However the leaves are split into batches, each growth has the root of all leaves so far."""
    frontier, size = Frontier.empty(), 0
    for batch in batches:
        growth = frontier.extend(LEAVES[size : size + batch])
        frontier, size = growth.frontier, min(size + batch, len(LEAVES))
        assert growth.root == frontier.root() == mth(LEAVES[:size])


@pytest.mark.parametrize("start", range(34))
def test_growth_gives_every_new_leaf_its_defined_path(start: int) -> None:
    """From every start size and by every batch size, paths are those of RFC 6962."""
    before = Frontier.empty().extend(LEAVES[:start]).frontier
    for size in range(start, start + 34):
        growth = before.extend(LEAVES[start:size])
        for index in range(start, size):
            assert growth.inclusion_path(index) == audit_path(index, LEAVES[:size])


@pytest.mark.parametrize("start", range(34))
def test_growth_reports_every_subtree_that_it_completed(start: int) -> None:
    """Completed nodes are those that the new tree has and the old tree had not."""
    before = Frontier.empty().extend(LEAVES[:start]).frontier
    for size in range(start, start + 34):
        growth = before.extend(LEAVES[start:size])
        for level in range(8):
            indices = range(start >> level, size >> level)
            assert growth.completed(level) == [reader(LEAVES)(level, i) for i in indices]


@pytest.mark.parametrize("index", [4, 9])
def test_growth_refuses_the_path_of_a_leaf_that_is_not_new(index: int) -> None:
    """Leaves before the start and after the end have no path here."""
    growth = Frontier.empty().extend(LEAVES[:5]).frontier.extend(LEAVES[5:9])
    with pytest.raises(ValueError, match=rf"leaf {index} is not in \[5, 9\)"):
        growth.inclusion_path(index)


def test_growth_does_not_share_the_callers_list() -> None:
    """The caller may fill its batch anew while paths are still wanted."""
    batch = LEAVES[:3]
    growth = Frontier.empty().extend(batch)
    batch[:] = LEAVES[3:6]
    assert growth.inclusion_path(0) == audit_path(0, LEAVES[:3])


@pytest.mark.parametrize("size", range(34))
def test_frontier_survives_storage(size: int) -> None:
    """A frontier reads back from its bytes as it was."""
    frontier = Frontier.empty().extend(LEAVES[:size]).frontier
    assert Frontier.from_bytes(size, frontier.to_bytes()) == frontier


@pytest.mark.parametrize(
    ("size", "length"), [(0, 32), (1, 0), (3, 32), (3, 63), (3, 65), (4, 64), (-1, 32)]
)
def test_frontier_of_the_wrong_length_is_refused(size: int, length: int) -> None:
    """Bytes that do not fit the stored size raise BadFrontier."""
    with pytest.raises(BadFrontier, match="cannot be the frontier"):
        Frontier.from_bytes(size, bytes(length))


@pytest.mark.parametrize("size", range(34))
def test_root_from_stored_nodes_is_the_defined_root(size: int) -> None:
    """`root_at` reads only complete subtrees and finds the root at every size."""
    assert root_at(size, reader(LEAVES[:size])) == mth(LEAVES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_proofs_are_the_defined_ones_and_verify(size: int) -> None:
    """Every leaf of every small tree has the proof of RFC 6962, and it verifies."""
    leaves = LEAVES[:size]
    for index in range(size):
        path = inclusion_proof(index, size, reader(leaves))
        assert path == audit_path(index, leaves)
        verify_inclusion(leaves[index], index, size, path, mth(leaves))


@pytest.mark.parametrize("size", SIZES)
def test_consistency_proofs_are_the_defined_ones_and_verify(size: int) -> None:
    """Every pair of small trees has the proof of RFC 6962, and it verifies."""
    leaves = LEAVES[:size]
    for old in range(1, size + 1):
        proof = consistency_proof(old, size, reader(leaves))
        assert proof == subproof(old, leaves)
        verify_consistency(old, mth(leaves[:old]), size, mth(leaves), proof)


@pytest.mark.parametrize("size", range(4))
def test_every_tree_continues_the_empty_tree(size: int) -> None:
    """The proof from size 0 is empty and verifies."""
    assert consistency_proof(0, size, reader(LEAVES[:size])) == []
    verify_consistency(0, EMPTY_ROOT, size, mth(LEAVES[:size]), [])


INCLUDED = [(index, size) for size in (1, 2, 3, 7, 8, 13) for index in range(size)]


@pytest.mark.parametrize(("index", "size"), INCLUDED)
def test_inclusion_with_any_bit_flipped_is_refused(index: int, size: int) -> None:
    """A flipped bit in the leaf, the root or any hash of the path raises BadProof."""
    leaves = LEAVES[:size]
    genuine = [leaves[index], mth(leaves), *audit_path(index, leaves)]
    for which, value in enumerate(genuine):
        for bit in range(256):
            hashes = [*genuine[:which], flipped(value, bit), *genuine[which + 1 :]]
            with pytest.raises(BadProof, match="leads to root"):
                verify_inclusion(hashes[0], index, size, hashes[2:], hashes[1])


@pytest.mark.parametrize(("index", "size"), INCLUDED)
def test_inclusion_with_a_hash_missing_added_or_moved_is_refused(index: int, size: int) -> None:
    """A path of another length or order raises BadProof."""
    leaves = LEAVES[:size]
    path = audit_path(index, leaves)
    mutants = [[*path[:i], *path[i + 1 :]] for i in range(len(path))]
    mutants += [[*path[:i], LEAVES[70], *path[i:]] for i in range(len(path) + 1)]
    mutants += [[*path[:i], path[i + 1], path[i], *path[i + 2 :]] for i in range(len(path) - 1)]
    for mutant in mutants:
        with pytest.raises(BadProof):
            verify_inclusion(leaves[index], index, size, mutant, mth(leaves))


@pytest.mark.parametrize(("index", "size"), INCLUDED)
def test_inclusion_at_another_index_is_refused(index: int, size: int) -> None:
    """A path proves one position only."""
    leaves = LEAVES[:size]
    path = audit_path(index, leaves)
    for other in range(-1, 2 * size):
        if other != index:
            with pytest.raises(BadProof):
                verify_inclusion(leaves[index], other, size, path, mth(leaves))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_inclusion_with_a_hash_of_another_length_is_refused(length: int) -> None:
    """Only 32 bytes are a hash, and the message says so."""
    with pytest.raises(BadProof, match="not 32 bytes long"):
        verify_inclusion(LEAVES[0], 0, 2, [bytes(length)], mth(LEAVES[:2]))


@pytest.mark.parametrize("index", [-1, 2])
def test_inclusion_outside_the_tree_is_refused(index: int) -> None:
    """The message says that there is no such leaf, not that hashes differ."""
    with pytest.raises(BadProof, match=f"there is no leaf {index} in a tree of 2"):
        verify_inclusion(LEAVES[0], index, 2, [LEAVES[1]], mth(LEAVES[:2]))


def test_inclusion_in_a_size_of_another_shape_is_refused() -> None:
    """A tree size that needs another number of hashes raises BadProof."""
    leaves = LEAVES[:7]
    for size in (0, 1, 2, 3, 4, 5, 6, 8, 9, 16, 2**63):
        with pytest.raises(BadProof, match=r"there is no leaf|where these sizes need"):
            verify_inclusion(leaves[6], 6, size, audit_path(6, leaves), mth(leaves))


GROWN = [(old, new) for new in (2, 3, 7, 8, 13) for old in range(1, new + 1)]


@pytest.mark.parametrize(("old", "new"), GROWN)
def test_consistency_with_any_bit_flipped_is_refused(old: int, new: int) -> None:
    """A flipped bit in either root or any hash of the proof raises BadProof."""
    genuine = [mth(LEAVES[:old]), mth(LEAVES[:new]), *subproof(old, LEAVES[:new])]
    for which, value in enumerate(genuine):
        for bit in range(256):
            hashes = [*genuine[:which], flipped(value, bit), *genuine[which + 1 :]]
            with pytest.raises(BadProof, match="leads to"):
                verify_consistency(old, hashes[0], new, hashes[1], hashes[2:])


@pytest.mark.parametrize(("old", "new"), GROWN)
def test_consistency_with_a_hash_missing_or_added_is_refused(old: int, new: int) -> None:
    """A proof of another length raises BadProof."""
    proof = subproof(old, LEAVES[:new])
    mutants = [[*proof[:i], *proof[i + 1 :]] for i in range(len(proof))]
    mutants += [[*proof[:i], LEAVES[70], *proof[i:]] for i in range(len(proof) + 1)]
    for mutant in mutants:
        with pytest.raises(BadProof, match="where these sizes need"):
            verify_consistency(old, mth(LEAVES[:old]), new, mth(LEAVES[:new]), mutant)


@pytest.mark.parametrize(("old", "new"), GROWN)
def test_consistency_from_another_old_size_is_refused(old: int, new: int) -> None:
    """The old root stands for one size only."""
    proof = subproof(old, LEAVES[:new])
    for other in range(-1, new + 2):
        if other != old:
            with pytest.raises(BadProof):
                verify_consistency(other, mth(LEAVES[:old]), new, mth(LEAVES[:new]), proof)


def test_two_roots_of_one_size_are_refused() -> None:
    """A fork at equal size raises BadProof, also at size 0."""
    with pytest.raises(BadProof, match="new root"):
        verify_consistency(2, mth(LEAVES[:2]), 2, mth(LEAVES[1:3]), [])
    with pytest.raises(BadProof, match="new root"):
        verify_consistency(0, EMPTY_ROOT, 0, LEAVES[0], [])


def test_an_old_empty_tree_with_another_root_is_refused() -> None:
    """Size 0 has one root only."""
    with pytest.raises(BadProof, match="old root"):
        verify_consistency(0, LEAVES[0], 2, mth(LEAVES[:2]), [])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_making_a_proof_of_a_leaf_outside_the_tree_is_an_error(index: int, size: int) -> None:
    """Asking for what cannot exist raises ValueError before anything is read."""
    with pytest.raises(ValueError, match="there is no leaf"):
        inclusion_proof(index, size, reader([]))


def test_making_a_proof_that_shrinks_is_an_error() -> None:
    """A smaller tree cannot continue a larger one."""
    with pytest.raises(ValueError, match="cannot continue"):
        consistency_proof(3, 2, reader([]))
