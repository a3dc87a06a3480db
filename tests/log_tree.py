"""The static files of a log of given entries, computed from the definitions of tree and tiles."""

from collections.abc import Sequence
from pathlib import Path

from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.frontier import Frontier
from shared.log.merkle import Hash, leaf_hash
from shared.log.note import Signer
from shared.log.proofs import inclusion_proof
from shared.log.tiles import TILE_WIDTH, TileNodes, TilePath, bundles_of, encode_bundle, tiles_of
from shared.log.tlog_proof import TlogProof


class LogTree:
    """The log of these entries, under this key."""

    def __init__(self, signer: Signer, entries: Sequence[bytes]) -> None:
        self.signer = signer
        self.entries = entries
        self.leaves = [leaf_hash(entry) for entry in entries]
        self.root = root_of(self.leaves)

    def checkpoint(self) -> bytes:
        """The signed checkpoint."""
        return sign_checkpoint(
            Checkpoint(self.signer.name, len(self.entries), self.root), self.signer
        )

    def proof(self, index: int) -> TlogProof:
        """That the entry at `index` is in the log."""
        rows = _rows(self.leaves)
        nodes = TileNodes(
            len(self.entries),
            lambda level, n, width: b"".join(_part(rows[level], n, width)),
        )
        path = inclusion_proof(index, len(self.entries), nodes)
        return TlogProof(index, tuple(path), self.checkpoint())

    def files(self, openings: Sequence[bytes] | None) -> dict[str, bytes]:
        """Every resource by its path; without bundles of openings if there are none."""
        size, rows = len(self.entries), _rows(self.leaves)
        files = {"checkpoint": self.checkpoint()}
        for tile in tiles_of(size):
            files[tile.path] = b"".join(_part(rows[int(tile.kind)], tile.n, tile.width))
        for bundle in bundles_of(size, "entries"):
            files[bundle.path] = _bundle(self.entries, bundle)
        for bundle in bundles_of(size, "openings") if openings is not None else ():
            files[bundle.path] = _bundle(openings or (), bundle)
        return files

    def write(self, directory: Path, openings: Sequence[bytes] | None) -> Path:
        """Write those files into a directory."""
        for path, data in self.files(openings).items():
            file = directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return directory


def root_of(leaves: Sequence[Hash]) -> Hash:
    """The root over these leaf hashes."""
    return Frontier.empty().extend(leaves).root


def _rows(leaves: Sequence[Hash]) -> list[list[Hash]]:
    """The hashes in each level's tiles: above the leaves, the roots of the full tiles below."""
    rows = [list(leaves)]
    while len(rows[-1]) >= TILE_WIDTH:
        full = len(rows[-1]) // TILE_WIDTH
        rows.append([root_of(_part(rows[-1], n, TILE_WIDTH)) for n in range(full)])
    return rows


def _part(row: Sequence[bytes], n: int, width: int) -> Sequence[bytes]:
    return row[TILE_WIDTH * n :][:width]


def _bundle(records: Sequence[bytes], bundle: TilePath) -> bytes:
    return encode_bundle(_part(records, bundle.n, bundle.width))
