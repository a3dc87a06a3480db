"""What the hash tiles above the bundles must be, computed from the roots of the full bundles."""

from collections.abc import Iterator
from typing import NamedTuple

from shared.log.frontier import Frontier
from shared.log.merkle import Hash
from shared.log.tiles import TILE_WIDTH, TilePath


class ExpectedTile(NamedTuple):
    """A tile and the bytes that it must have."""

    tile: TilePath
    data: bytes


class TileLadder:
    """Tile levels 1 and up of a growing tree: roots of a level's full tiles feed the next one."""

    def __init__(self) -> None:
        self._rows: list[list[Hash]] = []
        self._full: list[int] = []

    def add(self, root: Hash, level: int = 1) -> Iterator[ExpectedTile]:
        """Take the root of the next full tile below `level`; yields the tiles that it completes."""
        if level > len(self._rows):
            self._rows.append([])
            self._full.append(0)
        row = self._rows[level - 1]
        row.append(root)
        if len(row) < TILE_WIDTH:
            return
        yield ExpectedTile(TilePath(level, self._full[level - 1]), b"".join(row))
        above = Frontier.empty().extend(row).root
        self._full[level - 1] += 1
        row.clear()
        yield from self.add(above, level + 1)

    def partial(self) -> Iterator[ExpectedTile]:
        """The partial tiles of the tree as it stands."""
        for level, (row, full) in enumerate(zip(self._rows, self._full, strict=True), 1):
            if row:
                yield ExpectedTile(TilePath(level, full, len(row)), b"".join(row))
