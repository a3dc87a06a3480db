"""What makes entries worth counting: they lead, hash by hash, to a checkpoint that the log signed.

Two ways bring entries here. Runs from NATS are a copy, and one that does not fit says nothing about
the log. The log's own HTTP interface is where anyone else reads it. Either way entries are counted
only after the root over them is one that the log's key signed; from then on a rule that they break
was broken by the log. What does not fit is `Unproven`: somebody's bytes are wrong, and whoever
asked for them decides what to do next.

Openings are not under the log's root. Each is bound to its ballot by the commitment, so a wrong one
is found when the ballot is inspected.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from shared.client.errors import Missing, Oversized, Sealed
from shared.client.log_source import LogSource, read_tile
from shared.edition.errors import UNREADABLE_JSON
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.frontier import Frontier, Growth
from shared.log.merkle import Hash, leaf_hash
from shared.log.note import BadNote, Verifier
from shared.log.proofs import consistency_proof, verify_consistency
from shared.log.tiles import (
    TILE_WIDTH,
    TileNodes,
    TilePath,
    decode_bundle,
    tile_width,
    tiles_for_consistency,
)
from shared.service.runs import Run, decode_run

CHUNK: Final = 16 * TILE_WIDTH
"""At most so many entries are read over HTTP, counted and saved at a time."""


class Unproven(Exception):
    """What was read does not fit what the log signed: `index` from which on, and why."""

    def __init__(self, index: int, what: str, why: str) -> None:
        super().__init__(f"{what} from index {index}: {why}")
        self.index = index
        self.what = what
        self.why = why


class SignedHead(Struct, frozen=True):
    """A checkpoint whose signature was verified, and the signed note itself."""

    size: int
    root: Hash
    note: bytes


class Chunk(Struct, frozen=True):
    """Entries that continue the log at `start`, proven to be below `head`.

    `openings` has one record for each entry, not verified; empty where there was none.
    """

    start: int
    entries: Sequence[bytes]
    openings: Sequence[bytes]
    head: SignedHead


class RunsRead(NamedTuple):
    """What runs brought: entries that continue the log, if any, and the first that did not fit."""

    chunk: Chunk | None
    fault: Unproven | None


def read_head(note: bytes, verifier: Verifier) -> SignedHead:
    """The checkpoint in a note that the log's key signed; raises `BadNote`."""
    checkpoint = open_checkpoint(note, verifier)
    return SignedHead(checkpoint.size, checkpoint.root, note)


def read_runs(frontier: Frontier, payloads: Sequence[bytes], verifier: Verifier) -> RunsRead:
    """Join runs that follow one another from `frontier` on; skips what is below it.

    Every run is checked against its own checkpoint. One that does not fit is passed over: the next
    may go on from the same place, and else does not fit either.
    """
    start = frontier.size
    entries: list[bytes] = []
    openings: list[bytes] = []
    head: SignedHead | None = None
    fault: Unproven | None = None
    for payload in payloads:
        try:
            run = _split(payload, frontier.size)
            known = frontier.size - run.start
            if known >= len(run.entries):
                continue
            new = run.entries[known:]
            growth = frontier.extend([leaf_hash(entry) for entry in new])
            head = _signed_end(run.checkpoint, verifier, growth)
        except Unproven as error:
            fault = fault or error
            continue
        frontier = growth.frontier
        entries += new
        openings += run.openings[known:]
    chunk = Chunk(start, entries, openings, head) if head and entries else None
    return RunsRead(chunk, fault)


class _SplitRun(NamedTuple):
    start: int
    entries: list[bytes]
    openings: list[bytes]
    checkpoint: bytes


def _split(payload: bytes, size: int) -> _SplitRun:
    try:
        run: Run = decode_run(payload)
        entries, openings = decode_bundle(run.entries), decode_bundle(run.openings)
    except (*UNREADABLE_JSON, LogFormatError) as error:
        raise Unproven(size, "run", f"it cannot be read: {error}") from error
    if len(openings) != len(entries):
        raise Unproven(size, "run", f"{len(openings)} openings for {len(entries)} entries")
    if not 0 <= run.start <= size:
        raise Unproven(size, "run", f"it starts at {run.start}: entries before it are missing")
    return _SplitRun(run.start, entries, openings, run.checkpoint)


def _signed_end(note: bytes, verifier: Verifier, growth: Growth) -> SignedHead:
    try:
        head = read_head(note, verifier)
    except BadNote as error:
        raise Unproven(growth.start, "run", f"its checkpoint: {error}") from error
    if (head.size, head.root) != (growth.frontier.size, growth.root):
        raise Unproven(
            growth.start,
            "run",
            f"its entries lead to size {growth.frontier.size} and root {growth.root.hex()}, its"
            f" checkpoint names size {head.size} and root {head.root.hex()}",
        )
    return head


class LogReader:
    """Reads one log over its public interface, believing only what the checkpoint proves.

    Besides `Unproven`, every method raises a `ClientError` when there was nothing to judge.
    """

    def __init__(self, source: LogSource, verifier: Verifier) -> None:
        self._source = source
        self._verifier = verifier

    async def head(self) -> SignedHead:
        """The newest checkpoint; raises `BadNote` if the log's key did not sign what is there."""
        return read_head(await self._source.read("checkpoint"), self._verifier)

    async def prove_extension(self, size: int, root: Hash, head: SignedHead, what: str) -> None:
        """Raise `Unproven` unless the tree under `head` begins with the one of this root."""
        try:
            tiles = {
                tile: await read_tile(self._source, tile)
                for tile in tiles_for_consistency(size, head.size)
            }
            nodes = TileNodes(head.size, lambda level, n, width: tiles[TilePath(level, n, width)])
            proof = consistency_proof(size, head.size, nodes)
            verify_consistency(size, root, head.size, head.root, proof)
        except (LogFormatError, Oversized) as error:
            raise Unproven(size, what, str(error)) from error

    async def chunk(self, frontier: Frontier, head: SignedHead, *, with_openings: bool) -> Chunk:
        """The next entries below `head`, at most `CHUNK` and up to a bundle's end."""
        start = frontier.size
        end = min(head.size, start - start % TILE_WIDTH + CHUNK)
        entries: list[bytes] = []
        openings: list[bytes] = []
        for n in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            width = tile_width(0, n, head.size)
            entries += await self._bundle(TilePath("entries", n, width), start)
            openings += await self._openings(n, width, start) if with_openings else [b""] * width
        skip = start % TILE_WIDTH
        growth = frontier.extend([leaf_hash(entry) for entry in entries[skip:]])
        await self.prove_extension(end, growth.root, head, "entries")
        return Chunk(start, entries[skip:], openings[skip:], head)

    async def _openings(self, n: int, width: int, start: int) -> list[bytes]:
        """The openings of a bundle, all empty while they are not there."""
        try:
            return await self._bundle(TilePath("openings", n, width), start)
        except (Missing, Sealed):
            return [b""] * width

    async def _bundle(self, tile: TilePath, start: int) -> list[bytes]:
        try:
            records = decode_bundle(await read_tile(self._source, tile))
        except (LogFormatError, Oversized) as error:
            raise Unproven(start, str(tile.kind), f"{tile.path}: {error}") from error
        if len(records) != tile.width:
            why = f"{tile.path}: {len(records)} records instead of {tile.width}"
            raise Unproven(start, str(tile.kind), why)
        return records
