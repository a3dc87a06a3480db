"""Receipts: the vector, and everything about one that must be refused."""

import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash
from shared.log.note import BadNote, Signer, Verifier
from shared.log.proofs import BadProof
from shared.log.tlog_proof import TlogProof, verify

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text("utf-8"))
KEY = Verifier.parse(VECTORS["log"]["vkey"])
SIGNER = Signer(KEY.name, bytes.fromhex(VECTORS["log"]["seed"]))
DATA: bytes = VECTORS["proof"].encode()
PROOF = TlogProof(
    index=1,
    path=tuple(bytes.fromhex(value) for value in VECTORS["inclusion_1_of_3"]),
    checkpoint=VECTORS["checkpoint"].encode(),
)
HASH = b64encode(PROOF.path[0])


def test_encoding_gives_the_receipt_of_the_vectors() -> None:
    """Byte for byte."""
    assert PROOF.encode() == DATA


def test_receipt_of_the_vectors_decodes() -> None:
    """Index, path and checkpoint are read back."""
    assert TlogProof.decode(DATA) == PROOF


def test_receipt_of_the_vectors_verifies() -> None:
    """Entry `two` is in the log at size 3."""
    root = bytes.fromhex(VECTORS["three"]["root3"])
    assert verify(PROOF, b"two", KEY) == Checkpoint(KEY.name, 3, root)


def test_receipt_of_a_log_with_one_entry_has_no_path() -> None:
    """The smallest receipt is complete."""
    growth = Frontier.empty().extend([leaf_hash(b"only")])
    note = sign_checkpoint(Checkpoint(KEY.name, 1, growth.root), SIGNER)
    proof = TlogProof.decode(TlogProof(0, (), note).encode())
    assert verify(proof, b"only", KEY).size == 1


def test_extra_data_is_kept() -> None:
    """What another application added after the header survives."""
    data = DATA.replace(b"index", b"extra aGVsbG8=\nindex")
    proof = TlogProof.decode(data)
    assert (proof.extra, proof.encode()) == (b"hello", data)


@given(st.integers(0, 10**19 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_every_receipt_reads_back(index: int, path: list[bytes]) -> None:
    """Decoding inverts encoding, for every index and length of path."""
    proof = TlogProof(index, tuple(path), PROOF.checkpoint, b"x")
    assert TlogProof.decode(proof.encode()) == proof


def test_every_flipped_bit_of_a_receipt_is_refused() -> None:
    """No single bit can change unnoticed."""
    for position in range(8 * len(DATA)):
        mutant = bytearray(DATA)
        mutant[position // 8] ^= 1 << position % 8
        with pytest.raises((BadProof, BadNote)):
            verify(TlogProof.decode(bytes(mutant)), b"two", KEY)


def test_every_cut_receipt_is_refused() -> None:
    """No proper prefix is a receipt."""
    for length in range(len(DATA)):
        with pytest.raises((BadProof, BadNote)):
            verify(TlogProof.decode(DATA[:length]), b"two", KEY)


@pytest.mark.parametrize("entry", [b"one", b"", b"two ", b"\0two"])
def test_receipt_of_another_entry_is_refused(entry: bytes) -> None:
    """The receipt is about the exact bytes of one entry."""
    with pytest.raises(BadProof, match="leads to root"):
        verify(PROOF, entry, KEY)


def test_receipt_under_another_log_key_is_refused() -> None:
    """A receipt means nothing without the log's own signature."""
    other = Verifier.parse(Signer(KEY.name, bytes(32)).vkey)
    with pytest.raises(BadNote, match="no signature of a known key"):
        verify(PROOF, b"two", other)


HOSTILE = {
    "empty": b"",
    "checkpoint missing": DATA.split(b"\n\n")[0] + b"\n\n",
    "blank line missing": DATA.replace(b"\n\n", b"\n"),
    "version 2": DATA.replace(b"@v1", b"@v2"),
    "text in front": b"\n" + DATA,
    "index missing": DATA.replace(b"index 1\n", b""),
    "index twice": DATA.replace(b"index 1\n", b"index 1\nindex 1\n"),
    "index negative": DATA.replace(b"index 1", b"index -1"),
    "index with leading zero": DATA.replace(b"index 1", b"index 01"),
    "index with two spaces": DATA.replace(b"index 1", b"index  1"),
    "index of a million digits": DATA.replace(b"index 1", b"index " + b"1" * 1_000_000),
    "extra after the index": DATA.replace(b"index 1\n", b"index 1\nextra aGVsbG8=\n"),
    "extra twice": DATA.replace(b"index", b"extra aGVsbG8=\nextra aGVsbG8=\nindex"),
    "extra empty": DATA.replace(b"index", b"extra \nindex"),
    "extra not base64": DATA.replace(b"index", b"extra hello\nindex"),
    "unknown line": DATA.replace(b"index", b"note hello\nindex"),
    "carriage returns": DATA.replace(b"\n", b"\r\n"),
    "hash of 31 bytes": DATA.replace(HASH, b64encode(bytes(31))),
    "hash without padding": DATA.replace(HASH, HASH[:-1]),
    "hash with a stray bit": DATA.replace(b"N+ek=", b"N+el="),
    "not ASCII": DATA.replace(b"index 1", "index \u0661".encode()),
    "64 hashes": DATA.replace(HASH, b"\n".join([HASH] * 63)),
    "two megabytes": DATA + bytes(2_000_000),
}


@pytest.mark.parametrize("defect", HOSTILE)
def test_hostile_receipt_is_refused(defect: str) -> None:
    """Each defect raises BadProof, in a short message."""
    assert HOSTILE[defect] != DATA
    with pytest.raises(BadProof) as error:
        TlogProof.decode(HOSTILE[defect])
    assert len(str(error.value)) < 300
