"""The hash tiles above the bundles: all of the tree's, and with its root."""

import pytest

from cli.audit.tiles import ExpectedTile, TileLadder
from shared.log.frontier import Frontier
from shared.log.merkle import HASH_SIZE, leaf_hash
from shared.log.proofs import root_at
from shared.log.tiles import TILE_WIDTH, TileNodes, TilePath, tiles_of


@pytest.mark.parametrize("size", [255, 256, 257, 65535, 65536, 65537, 70000])
def test_tiles_give_the_root(size: int) -> None:
    """The root computed from tiles of all levels is that of the leaves."""
    leaves = [leaf_hash(number.to_bytes(8)) for number in range(size)]
    tiles = dict(climbed(leaves))
    nodes = TileNodes(size, lambda level, n, width: tiles[TilePath(level, n, width)])
    assert root_at(size, nodes) == Frontier.empty().extend(leaves).root


@pytest.mark.parametrize("size", [1, 256, 65536, 65537, 70000])
def test_every_tile_is_climbed_once(size: int) -> None:
    """No tile of the tree is left out, and none comes twice."""
    leaves = [leaf_hash(number.to_bytes(8)) for number in range(size)]
    paths = [tile.path for tile, _ in climbed(leaves)]
    assert sorted(paths) == sorted(tile.path for tile in tiles_of(size))


def climbed(leaves: list[bytes]) -> list[ExpectedTile]:
    """Tiles of all levels; level 0 is the leaves themselves."""
    ladder = TileLadder()
    tiles = []
    for n, start in enumerate(range(0, len(leaves), TILE_WIDTH)):
        part = leaves[start : start + TILE_WIDTH]
        data = b"".join(part)
        tiles.append(ExpectedTile(TilePath(0, n, len(data) // HASH_SIZE), data))
        if len(part) == TILE_WIDTH:
            tiles += ladder.add(Frontier.empty().extend(part).root)
    return [*tiles, *ladder.partial()]
