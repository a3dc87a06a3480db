"""The tree over roll references, against a tree that is computed from RFC 6962's definition."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from msgspec.structs import replace

from shared.eligibility.references import (
    BadReferenceFile,
    BadReferences,
    ReferenceTree,
    check_ascending,
    format_references,
    parse_references,
    reference_proof,
    references_root,
    verify_reference,
)
from shared.log.proofs import BadProof

SIZES = (1, 2, 3, 5, 8, 13, 64, 100)


def references(count: int) -> list[bytes]:
    """So many references, ascending."""
    return sorted(sha256(b"%d" % number).digest() for number in range(count))


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962, section 2.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    both = by_definition(leaves[:half]) + by_definition(leaves[half:])
    return sha256(b"\x01" + both).digest()


@pytest.mark.parametrize("count", [0, *SIZES])
def test_the_root_is_that_of_the_definition(count: int) -> None:
    """Nobody's root is the hash of nothing."""
    given = references(count)
    assert references_root(given) == ReferenceTree(given).root == by_definition(given)


def test_the_root_of_many_is_that_of_one_piece() -> None:
    """A large roll is hashed in runs: 70,000 take two."""
    given = references(70_000)
    assert references_root(given) == ReferenceTree(given).root


@pytest.mark.parametrize("count", SIZES)
def test_each_reference_can_be_proved(count: int) -> None:
    """Against size and root alone."""
    given = references(count)
    tree = ReferenceTree(given)
    for reference in given:
        verify_reference(reference, tree.prove(reference), count, tree.root)


def test_one_proof_is_that_of_the_tree() -> None:
    """Whoever needs one need not keep a tree."""
    given = references(13)
    assert reference_proof(given, given[4]) == ReferenceTree(given).prove(given[4])


@pytest.mark.parametrize("missing", [bytes(32), b"\xff" * 32, sha256(b"missing").digest()])
def test_a_reference_that_is_not_there_has_no_proof(missing: bytes) -> None:
    """Before the first, after the last, or in between."""
    with pytest.raises(KeyError):
        reference_proof(references(13), missing)


def test_a_proof_for_someone_else_fails() -> None:
    """The path of one reference does not prove another."""
    given = references(13)
    proof = reference_proof(given, given[4])
    with pytest.raises(BadProof):
        verify_reference(given[5], proof, 13, proof.root)


def test_a_proof_with_a_root_of_its_own_fails() -> None:
    """What counts is the root in the log."""
    given = references(13)
    forged = reference_proof([given[4]], given[4])
    with pytest.raises(BadProof, match="the log has 13"):
        verify_reference(given[4], forged, 13, references_root(given))


def test_a_proof_for_another_place_fails() -> None:
    """Index and path belong together."""
    given = references(13)
    proof = reference_proof(given, given[4])
    with pytest.raises(BadProof):
        verify_reference(given[4], replace(proof, index=5), 13, proof.root)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda given: [*given[:5], given[4], *given[5:]], "reference 6 is the same"),
        (lambda given: [*given[:4], given[5], given[4], *given[6:]], "reference 6 is out of order"),
        (lambda given: [*given, b"\xff" * 31], "reference 14 has 31 bytes"),
    ],
)
def test_what_is_not_ascending_and_unique_is_refused(
    change: Callable[[list[bytes]], list[bytes]], why: str
) -> None:
    """By the place of the first that is wrong."""
    given = change(references(13))
    for use in (check_ascending, references_root, ReferenceTree):
        with pytest.raises(BadReferences, match=why):
            use(given)


def test_a_file_is_read_as_it_was_written() -> None:
    """One a line."""
    given = references(13)
    assert parse_references(format_references(given).splitlines(keepends=True)) == given


@pytest.mark.parametrize(
    "line", [b"\n", b"ab" * 31, b"AB" * 32, b"ab" * 33, b"zz" * 32, b"ab" * 32 + b"\r\n"]
)
def test_a_line_that_is_no_reference_is_named(line: bytes) -> None:
    """64 lower-case digits and nothing else."""
    with pytest.raises(BadReferenceFile, match="line 2 is not a reference"):
        parse_references([b"ab" * 32 + b"\n", line])
