"""Tiles and bundles: paths, shapes, framing, and proofs computed from tiles."""

import json
from ast import literal_eval
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.log.frontier import Frontier
from shared.log.merkle import leaf_hash, node_hash
from shared.log.proofs import (
    consistency_proof,
    inclusion_proof,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from shared.log.tiles import (
    MAX_ENTRY,
    BadBundle,
    BadTile,
    BadTilePath,
    BundleKind,
    TileNodes,
    TilePath,
    bundles_of,
    decode_bundle,
    encode_bundle,
    parse_tile_path,
    partial_width,
    tile_count,
    tile_width,
    tiles_for_consistency,
    tiles_for_inclusion,
    tiles_for_root,
    tiles_of,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "tlog.json").read_text("utf-8"))
BIGGEST = 66_000
LEAVES = [leaf_hash(b"%d" % i) for i in range(BIGGEST)]
SIZES = [1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 65_793, BIGGEST]


def tile_rows() -> list[list[bytes]]:
    """Hashes at tile levels 0, 1, 2: above 0, the pairwise root of 256 hashes of the one below."""
    rows = [LEAVES]
    while len(rows[-1]) >= 256:
        below, row = rows[-1], []
        for start in range(0, len(below) - 255, 256):
            level = below[start : start + 256]
            while len(level) > 1:
                level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
            row += level
        rows.append(row)
    return rows


ROWS = tile_rows()


def read_tile(level: int, n: int, width: int) -> bytes:
    """The tile as a log would serve it."""
    data = b"".join(ROWS[level][256 * n : 256 * n + width])
    assert len(data) == 32 * width, f"there is no tile {level}/{n} of width {width}"
    return data


@cache
def root(size: int) -> bytes:
    return Frontier.empty().extend(LEAVES[:size]).root


@pytest.mark.parametrize("coordinate", VECTORS["paths"])
def test_path_is_that_of_the_vectors(coordinate: str) -> None:
    """Coordinates of the vectors have the stated paths, both ways."""
    tile = TilePath(*literal_eval(coordinate))
    path = VECTORS["paths"][coordinate]
    assert (tile.path, parse_tile_path(path)) == (path, tile)


def test_openings_have_paths_like_entries() -> None:
    """Bundles of openings stand beside those of entries."""
    assert TilePath("openings", 1000, 5).path == "tile/openings/x001/000.p/5"


KINDS: list[int | BundleKind] = [*range(64), "entries", "openings"]


@given(
    st.sampled_from(KINDS),
    st.integers(0, 10**18 - 1),
    st.integers(1, 256),
)
def test_every_path_reads_back(kind: int | BundleKind, n: int, width: int) -> None:
    """Parsing inverts writing, for all kinds, indices of 18 digits and widths."""
    tile = TilePath(kind, n, width)
    assert parse_tile_path(tile.path) == tile


HOSTILE_PATHS = {
    "empty": "",
    "no tile": "tile/",
    "leading slash": "/tile/0/000",
    "trailing slash": "tile/0/000/",
    "trailing newline": "tile/0/000\n",
    "unknown kind": "tile/data/000",
    "level with leading zero": "tile/00/000",
    "level 64": "tile/64/000",
    "level with sign": "tile/+1/000",
    "level in arabic digits": "tile/\u0661/000",
    "index in arabic digits": "tile/0/\u0660\u0660\u0660",
    "short index": "tile/0/1",
    "long index": "tile/0/0000",
    "index without x": "tile/0/001/000",
    "x on the last group": "tile/0/x001/x000",
    "capital x": "tile/0/X001/000",
    "zero group in front": "tile/0/x000/001",
    "more than 18 digits": "tile/0/x001/x000/x000/x000/x000/x000/000",
    "width 0": "tile/0/000.p/0",
    "width 256": "tile/0/000.p/256",
    "width 999": "tile/0/000.p/999",
    "width with leading zero": "tile/0/000.p/01",
    "width missing": "tile/0/000.p/",
    "width with sign": "tile/0/000.p/-1",
    "dots": "tile/0/../000",
    "escape": "tile/0/%30%30%30",
    "query": "tile/0/000?x",
    "very long": "tile/0/" + "x001/" * 100_000 + "000",
}


@pytest.mark.parametrize("defect", HOSTILE_PATHS)
def test_path_that_is_not_canonical_is_refused(defect: str) -> None:
    """Each resource has one path; anything else raises BadTilePath, in a short message."""
    with pytest.raises(BadTilePath) as error:
        parse_tile_path(HOSTILE_PATHS[defect])
    assert len(str(error.value)) < 200


def test_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    """The example of tlog-tiles: 273 full and three partial tiles, and one full at level 1."""
    tiles = list(tiles_of(70_000))
    assert tiles[:273] == [TilePath(0, n) for n in range(273)]
    assert tiles[273:] == [
        TilePath(0, 273, 112),
        TilePath(1, 0),
        TilePath(1, 1, 17),
        TilePath(2, 0, 1),
    ]


def test_tree_of_256_has_one_full_tile_and_one_hash_above() -> None:
    """The other example of tlog-tiles."""
    assert list(tiles_of(256)) == [TilePath(0, 0), TilePath(1, 0, 1)]


def test_empty_tree_has_no_tiles_and_no_bundles() -> None:
    """Nothing is served for size 0."""
    assert [*tiles_of(0), *bundles_of(0), *tiles_for_root(0)] == []


@pytest.mark.parametrize("size", SIZES)
def test_shapes_of_a_level_agree(size: int) -> None:
    """Count, widths and partial width at each level add up to its hashes."""
    for level in range(4):
        widths = [tile_width(level, n, size) for n in range(tile_count(level, size) + 1)]
        assert sum(widths) == size // 256**level
        assert widths[-1] == 0
        assert all(width == 256 for width in widths[:-2])
        assert partial_width(level, size) == size // 256**level % 256


@pytest.mark.parametrize("kind", ["entries", "openings"])
def test_bundles_are_shaped_like_the_tiles_of_leaves(kind: BundleKind) -> None:
    """A bundle stands beside each level-0 tile, with its width."""
    shapes = [(tile.n, tile.width) for tile in tiles_of(1000) if tile.kind == 0]
    bundles = list(bundles_of(1000, kind))
    assert [(bundle.n, bundle.width) for bundle in bundles] == shapes
    assert {bundle.kind for bundle in bundles} == {kind}


@pytest.mark.parametrize("size", SIZES)
def test_root_computed_from_tiles_is_the_root(size: int) -> None:
    """`TileNodes` gives what `root_at` needs."""
    assert root_at(size, TileNodes(size, read_tile)) == root(size)


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_proofs_from_tiles_verify(size: int) -> None:
    """Leaves at tile borders and elsewhere have valid proofs from tiles alone."""
    nodes = TileNodes(size, read_tile)
    for index in sorted({0, 1, 255, 256, 257, size // 2, size - 2, size - 1} & set(range(size))):
        path = inclusion_proof(index, size, nodes)
        verify_inclusion(LEAVES[index], index, size, path, root(size))


@pytest.mark.parametrize("size", SIZES)
def test_consistency_proofs_from_tiles_verify(size: int) -> None:
    """All smaller sizes have valid proofs from tiles alone."""
    nodes = TileNodes(size, read_tile)
    for old in (old for old in SIZES if old <= size):
        proof = consistency_proof(old, size, nodes)
        verify_consistency(old, root(old), size, root(size), proof)


@given(st.integers(1, BIGGEST), st.integers(0, BIGGEST), st.integers(0, BIGGEST))
@example(65_536, 65_535, 65_535)
def test_tiles_named_beforehand_are_those_that_are_read(size: int, index: int, old: int) -> None:
    """Each proof reads exactly the tiles that were named for it."""
    index, old = index % size, old % size
    read: set[TilePath] = set()

    def recording(level: int, n: int, width: int) -> bytes:
        read.add(TilePath(level, n, width))
        return read_tile(level, n, width)

    inclusion_proof(index, size, TileNodes(size, recording))
    assert read == tiles_for_inclusion(index, size)
    read.clear()
    consistency_proof(old, size, TileNodes(size, recording))
    assert read == tiles_for_consistency(old, size)
    read.clear()
    root_at(size, TileNodes(size, recording))
    assert read == tiles_for_root(size) <= set(tiles_of(size))


def test_a_tile_is_read_once_for_neighbouring_proofs() -> None:
    """The proofs of a whole bundle read each tile once."""
    read: list[tuple[int, int]] = []

    def counting(level: int, n: int, width: int) -> bytes:
        read.append((level, n))
        return read_tile(level, n, width)

    nodes = TileNodes(BIGGEST, counting)
    for index in range(256, 512):
        inclusion_proof(index, BIGGEST, nodes)
    assert len(read) == len(set(read))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_tile_of_the_wrong_length_is_refused(length: int) -> None:
    """A tile that is cut, padded or empty raises BadTile and says which it is."""
    nodes = TileNodes(1, lambda level, n, width: bytes(length))
    with pytest.raises(BadTile, match=f"tile/0/000.p/1 has {length} bytes instead of 32"):
        nodes(0, 0)


def test_bundle_and_tile_are_those_of_the_vectors() -> None:
    """The three-entry log has the stated bundle and tile."""
    entries = [b"one", b"two", b""]
    assert encode_bundle(entries).hex() == VECTORS["three"]["bundle"]
    assert b"".join(map(leaf_hash, entries)).hex() == VECTORS["three"]["tile"]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
@example([b""] * 256)
@example([bytes(MAX_ENTRY)])
def test_every_bundle_reads_back(records: list[bytes]) -> None:
    """Decoding inverts encoding, with empty records and the longest."""
    assert decode_bundle(encode_bundle(records)) == records


@pytest.mark.parametrize(
    ("data", "defect"),
    [
        (b"", "not 0"),
        (b"\0", "record 0 runs past"),
        (b"\0\1", "record 0 runs past"),
        (b"\0\0\0\2x", "record 1 runs past"),
        (b"\0\0" * 256 + b"\0", "1 bytes follow"),
        (b"\0\0" * 257, "2 bytes follow"),
    ],
    ids=["empty", "half a length", "no record", "short record", "a byte more", "257 records"],
)
def test_bundle_that_does_not_split_is_refused(data: bytes, defect: str) -> None:
    """A cut, padded, empty or overfull bundle raises BadBundle."""
    with pytest.raises(BadBundle, match=defect):
        decode_bundle(data)


def test_every_cut_of_a_bundle_inside_a_record_is_refused() -> None:
    """No proper prefix passes for the bundle itself."""
    records = [b"one", b"", b"three"]
    data = encode_bundle(records)
    whole = {len(encode_bundle(records[:n])) for n in (1, 2)}
    for length in set(range(len(data))) - whole:
        with pytest.raises(BadBundle):
            decode_bundle(data[:length])


@pytest.mark.parametrize(
    ("records", "defect"),
    [
        ([], "not 0"),
        ([b""] * 257, "not 257"),
        ([b"x", bytes(MAX_ENTRY + 1)], "record of 65536 bytes"),
    ],
    ids=["none", "257", "too long"],
)
def test_records_that_fit_no_bundle_are_refused(records: list[bytes], defect: str) -> None:
    """Records that could not be read back raise BadBundle."""
    with pytest.raises(BadBundle, match=defect):
        encode_bundle(records)
