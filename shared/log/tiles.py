"""Tiles and bundles: what a log's static files are called, hold, and which of them a proof needs.

C2SP tlog-tiles. A tile at tile level L holds up to 256 consecutive nodes of tree level 8 L; a
bundle holds the records that belong to the leaves of one level-0 tile. Beside the bundles of
entries, this log has bundles of openings with the same framing. Only the last tile of a level can
be partial, and it is named by its width. This module neither fetches nor stores.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from shared.log.encoding import shorten
from shared.log.errors import LogFormatError
from shared.log.merkle import EMPTY_ROOT, HASH_SIZE, Hash, node_hash
from shared.log.proofs import NodeReader, consistency_proof, inclusion_proof, root_at

TILE_HEIGHT: Final = 8
"""Tree levels between one tile level and the next."""

TILE_WIDTH: Final = 1 << TILE_HEIGHT
"""Hashes in a full tile, records in a full bundle."""

MAX_ENTRY: Final = 65535
"""Most bytes in one record of a bundle: its length must fit 16 bits."""

MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY)
"""Most bytes in a bundle, for whoever must bound what is read."""

BundleKind: TypeAlias = Literal["entries", "openings"]

# A tile index has at most 18 digits, so it fits 63 bits; `x000/` in front of it would be a second
# spelling of the same index.
_PATH: Final = re.compile(
    r"tile/(?:([0-9]|[1-5][0-9]|6[0-3])|(entries|openings))"
    r"/((?!x000/)(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/([1-9][0-9]{0,2}))?"
)
_TILES_KEPT: Final = 64


class BadTilePath(LogFormatError):
    """A path that names no tile and no bundle."""


class BadTile(LogFormatError):
    """A tile whose length is not that of its width."""


class BadBundle(LogFormatError):
    """A bundle that does not split into its records, or records that make no bundle."""


@dataclass(frozen=True, slots=True)
class TilePath:
    """Which tile or bundle: its tile level or kind, its index there, and its width, 1 to 256."""

    kind: int | BundleKind
    n: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix, such as `tile/0/x001/000.p/17`."""
        digits = str(self.n)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        index = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.kind}/{index}{partial}"


def parse_tile_path(path: str) -> TilePath:
    """The tile or bundle with exactly this path; raises `BadTilePath`."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise BadTilePath(f"{shorten(path)} is not the path of a tile or a bundle")
    level, bundle, index, partial = match.groups()
    width = int(partial or TILE_WIDTH)
    if partial and width >= TILE_WIDTH:
        raise BadTilePath(f"a partial tile is 1 to {TILE_WIDTH - 1} wide, not {width}")
    kind: int | BundleKind = "openings" if bundle == "openings" else "entries"
    if level:
        kind = int(level)
    return TilePath(kind, int(index.replace("x", "").replace("/", "")), width)


def partial_width(level: int, size: int) -> int:
    """Width of the partial tile at a tile level of the tree of `size` leaves; 0: there is none."""
    return (size >> TILE_HEIGHT * level) % TILE_WIDTH


def tile_count(level: int, size: int) -> int:
    """How many tiles a tile level has in the tree of `size` leaves, a partial one included."""
    return -(-(size >> TILE_HEIGHT * level) // TILE_WIDTH)


def tile_width(level: int, n: int, size: int) -> int:
    """Width of tile `n` at a tile level of the tree of `size` leaves; 0: there is no such tile."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - TILE_WIDTH * n))


def tiles_of(size: int) -> Iterator[TilePath]:
    """Every tile of the tree of `size` leaves, the lowest level first."""
    level = 0
    while size >> TILE_HEIGHT * level:
        for n in range(tile_count(level, size)):
            yield TilePath(level, n, tile_width(level, n, size))
        level += 1


def bundles_of(size: int, kind: BundleKind = "entries") -> Iterator[TilePath]:
    """Every bundle of one kind of the tree of `size` leaves."""
    for n in range(tile_count(0, size)):
        yield TilePath(kind, n, tile_width(0, n, size))


def encode_bundle(records: Iterable[bytes]) -> bytes:
    """Bundle of 1 to 256 records: for each, its length in two bytes, big-endian, then its bytes.

    Raises `BadBundle` for another number of records, or one of more than 65,535 bytes.
    """
    parts = []
    for record in records:
        if len(record) > MAX_ENTRY:
            raise BadBundle(f"a record of {len(record)} bytes is over the limit of {MAX_ENTRY}")
        parts += [len(record).to_bytes(2, "big"), record]
    _check_record_count(len(parts) // 2)
    return b"".join(parts)


def decode_bundle(data: bytes) -> list[bytes]:
    """The records of a bundle, at least one; raises `BadBundle`."""
    records: list[bytes] = []
    position = 0
    while position < len(data) and len(records) < TILE_WIDTH:
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        if position > len(data):
            raise BadBundle(f"record {len(records)} runs past the end of the {len(data)} bytes")
        records.append(data[start:position])
    if position < len(data):
        raise BadBundle(f"{len(data) - position} bytes follow the record that fills the bundle")
    _check_record_count(len(records))
    return records


def _check_record_count(count: int) -> None:
    if not 1 <= count <= TILE_WIDTH:
        raise BadBundle(f"a bundle has 1 to {TILE_WIDTH} records, not {count}")


class TileNodes:
    """A `NodeReader` for the tree of `size` leaves, over a function that reads its tiles.

    `read_tile(level, n, width)` gives the tile's bytes; a wrong number of them raises `BadTile`.
    The contents are believed: a proof made from them is worth what its verification says. The
    inner nodes of the last tiles read are kept, so that neighbouring proofs share their hashing.
    """

    def __init__(self, size: int, read_tile: Callable[[int, int, int], bytes]) -> None:
        self._size = size
        self._read_tile = read_tile
        self._rows = lru_cache(maxsize=_TILES_KEPT)(self._load)

    def __call__(self, level: int, index: int) -> Hash:
        """Hash of the complete subtree (level, index)."""
        tile_level, n, height = _locate(level, index)
        return self._rows(tile_level, n)[height][index % (TILE_WIDTH >> height)]

    def _load(self, level: int, n: int) -> list[list[Hash]]:
        """The tile's complete nodes, by height above its hashes."""
        tile = TilePath(level, n, tile_width(level, n, self._size))
        data = self._read_tile(level, n, tile.width)
        if len(data) != HASH_SIZE * tile.width:
            raise BadTile(f"{tile.path} has {len(data)} bytes instead of {HASH_SIZE * tile.width}")
        row = [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
        rows = [row]
        while len(row) > 1:
            row = list(map(node_hash, row[::2], row[1::2]))
            rows.append(row)
        return rows


def tiles_for_inclusion(index: int, size: int) -> set[TilePath]:
    """The tiles that `inclusion_proof` reads."""
    return _tiles_read(size, lambda read: inclusion_proof(index, size, read))


def tiles_for_root(size: int) -> set[TilePath]:
    """The tiles that `root_at` reads."""
    return _tiles_read(size, lambda read: root_at(size, read))


def tiles_for_consistency(old_size: int, new_size: int) -> set[TilePath]:
    """The tiles that `consistency_proof` reads."""
    return _tiles_read(new_size, lambda read: consistency_proof(old_size, new_size, read))


def _tiles_read(size: int, compute: Callable[[NodeReader], object]) -> set[TilePath]:
    """Which nodes a computation reads depends on sizes alone, so a run on no data tells."""
    tiles = set()

    def read(level: int, index: int) -> Hash:
        tile_level, n, _ = _locate(level, index)
        tiles.add(TilePath(tile_level, n, tile_width(tile_level, n, size)))
        return EMPTY_ROOT

    compute(read)
    return tiles


def _locate(level: int, index: int) -> tuple[int, int, int]:
    """Where a node stands: tile level, tile index, and height above the tile's own hashes."""
    tile_level, height = divmod(level, TILE_HEIGHT)
    return tile_level, index >> (TILE_HEIGHT - height), height
