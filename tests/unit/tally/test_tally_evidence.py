"""Runs become evidence only when they continue the verified log up to a signed root."""

import msgspec
import pytest

from services.tally.evidence import RunsRead, read_runs
from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash
from shared.log.note import Signer, Verifier
from shared.log.tiles import encode_bundle
from shared.service.runs import Run, encode_run
from tests.log_tree import LogTree

SIGNER = Signer("vote.example/2027", bytes(range(32)))
FOREIGN = Signer("vote.example/2027", bytes(range(1, 33)))
ENTRIES = [b"entry %d" % number for number in range(20)]


def run(start: int, end: int, signer: Signer = SIGNER) -> Run:
    entries = ENTRIES[start:end]
    return Run(
        start,
        encode_bundle(entries),
        encode_bundle([b""] * len(entries)),
        LogTree(signer, ENTRIES[:end]).checkpoint(),
    )


def read(size: int, *runs: Run) -> RunsRead:
    """Read runs when the first `size` entries are known."""
    frontier = Frontier.empty().extend([leaf_hash(entry) for entry in ENTRIES[:size]]).frontier
    payloads = [encode_run(one) for one in runs]
    return read_runs(frontier, payloads, Verifier.parse(SIGNER.vkey))


def test_runs_that_follow_one_another_are_joined() -> None:
    """Two runs give one chunk, under the newer checkpoint."""
    chunk, fault = read(5, run(5, 8), run(8, 12))
    assert chunk is not None
    assert (chunk.start, chunk.entries, chunk.head.size, fault) == (5, ENTRIES[5:12], 12, None)


def test_what_is_known_is_skipped() -> None:
    """Of a run that begins below the known size only the rest is taken."""
    chunk, fault = read(6, run(0, 4), run(4, 9))
    assert chunk is not None
    assert (chunk.start, chunk.entries, fault) == (6, ENTRIES[6:9], None)


def test_nothing_new_is_no_chunk() -> None:
    """Runs that are wholly known bring nothing, and are no fault."""
    assert read(9, run(0, 4), run(4, 9)) == (None, None)


def test_entries_before_a_gap_are_taken() -> None:
    """A gap is a fault from the size on where it is, and what is before it counts."""
    chunk, fault = read(0, run(0, 4), run(6, 9))
    assert chunk is not None
    assert fault is not None
    assert (chunk.entries, fault.index) == (ENTRIES[:4], 4)
    assert fault.why == "it starts at 6: entries before it are missing"


def test_another_history_is_a_fault() -> None:
    """A run whose checkpoint has another root than its entries lead to is not taken."""
    forged = msgspec.structs.replace(run(0, 4), entries=encode_bundle([b"x", *ENTRIES[1:4]]))
    chunk, fault = read(0, forged)
    assert fault is not None
    assert (chunk, fault.index) == (None, 0)


def test_a_checkpoint_of_another_size_is_a_fault() -> None:
    """The checkpoint must be the one at the run's end, even if the log signed it."""
    early = msgspec.structs.replace(run(0, 4), checkpoint=run(0, 3).checkpoint)
    assert read(0, early).chunk is None


def test_a_foreign_signature_is_a_fault() -> None:
    """A checkpoint that another key of the same name signed proves nothing."""
    assert read(0, run(0, 4, FOREIGN)).chunk is None


@pytest.mark.parametrize(
    "payload", [b"", b"\xc1", b"\x81\xa5start\x00", b"\xff" * 100, encode_run(run(0, 4))[:-1]]
)
def test_bytes_that_are_no_run_are_a_fault(payload: bytes) -> None:
    """Whatever was published, reading it raises nothing."""
    chunk, fault = read_runs(Frontier.empty(), [payload], Verifier.parse(SIGNER.vkey))
    assert fault is not None
    assert (chunk, fault.what) == (None, "run")


def test_what_cannot_be_read_is_passed_over() -> None:
    """The run after bytes that are none is read, and the fault is told."""
    payloads = [b"no run", encode_run(run(0, 4))]
    chunk, fault = read_runs(Frontier.empty(), payloads, Verifier.parse(SIGNER.vkey))
    assert fault is not None
    assert chunk is not None
    assert (chunk.start, len(chunk.entries), fault.what) == (0, 4, "run")
