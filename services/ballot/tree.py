"""Reading one log's Merkle tree: tiles and bundles of any published size, and proofs from them.

Full tiles are stored; partial ones are computed from the stored entries, whose bytes are hashed
anew, and from the roots of full tiles.
"""

from collections.abc import Callable, Collection, Coroutine
from typing import Any

from services.ballot import store
from services.ballot.store import CorruptLog, Executor, NewTile
from shared.log.frontier import Frontier, Growth
from shared.log.merkle import HASH_SIZE, Hash, leaf_hash
from shared.log.proofs import NodeReader, inclusion_proof, root_at
from shared.log.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    TileNodes,
    TilePath,
    encode_bundle,
    tiles_for_inclusion,
    tiles_for_root,
)


async def read_tile(db: Executor, log: str, level: int, n: int, width: int) -> bytes:
    """The first `width` hashes of a tile; all of them must be part of the tree."""
    if width == TILE_WIDTH:
        full = await store.tile(db, log, level, n)
        if full is not None:
            return full
    first = n * TILE_WIDTH
    if level:
        return b"".join(await store.tile_roots(db, log, level - 1, first, width))
    return b"".join(map(leaf_hash, await store.entries(db, log, first, first + width)))


async def read_bundle(db: Executor, log: str, tile: TilePath) -> bytes:
    """A bundle of entries or openings."""
    read = store.openings if tile.kind == "openings" else store.entries
    first = tile.n * TILE_WIDTH
    return encode_bundle(await read(db, log, first, first + tile.width))


async def inclusion_path(db: Executor, log: str, index: int, size: int) -> list[Hash]:
    """The path of the entry at `index` in the tree of `size` entries."""
    nodes = await _load(db, log, size, tiles_for_inclusion(index, size))
    return inclusion_proof(index, size, nodes)


async def root(db: Executor, log: str, size: int) -> Hash:
    """The root of the first `size` entries."""
    return root_at(size, await _load(db, log, size, tiles_for_root(size)))


async def new_tiles(
    growth: Growth, stored: Callable[[int, int, int], Coroutine[Any, Any, list[Hash]]]
) -> list[NewTile]:
    """The hash tiles that a growth fills.

    `stored(level, first, count)` gives hashes of a tile level that stood before the growth; raises
    `CorruptLog` when they are not those that the frontier was made of.
    """
    tiles: list[NewTile] = []
    level, start, end = 0, growth.start, growth.frontier.size
    while end // TILE_WIDTH > start // TILE_WIDTH:
        first = start - start % TILE_WIDTH
        hashes = await stored(level, first, start - first)
        hashes += growth.completed(level * TILE_HEIGHT)
        roots = growth.completed((level + 1) * TILE_HEIGHT)
        for offset, root_ in enumerate(roots):
            part = hashes[offset * TILE_WIDTH : (offset + 1) * TILE_WIDTH]
            n = first // TILE_WIDTH + offset
            # Part of it was hashed just now from stored bytes: if those are no longer what was
            # published, nothing more may be.
            if Frontier.empty().extend(part).root != root_:
                raise CorruptLog(f"tile {level}/{n} of the stored entries is not as published")
            tiles.append(NewTile(level, n, b"".join(part), root_))
        level, start, end = level + 1, start // TILE_WIDTH, end // TILE_WIDTH
    return tiles


async def stored_hashes(db: Executor, log: str, level: int, first: int, count: int) -> list[Hash]:
    """`count` hashes of a tile level from `first` on, all within one tile."""
    data = await read_tile(db, log, level, first // TILE_WIDTH, count) if count else b""
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


async def _load(db: Executor, log: str, size: int, tiles: Collection[TilePath]) -> NodeReader:
    data = {
        (tile.kind, tile.n): await read_tile(db, log, int(tile.kind), tile.n, tile.width)
        for tile in tiles
    }
    return TileNodes(size, lambda level, n, _width: data[level, n])
