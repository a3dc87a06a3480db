"""The log's resources under /log/{edition}/, as C2SP tlog-tiles has them, and proofs.

Openings bundles stand beside the entry bundles and are refused while choices are sealed.
"""

from typing import Annotated

from litestar import MediaType, Response, get
from litestar.datastructures import State
from litestar.params import PathParameter

from services.ballot import store, tree
from services.ballot.ballot_box import BallotBox
from services.ballot.store import CONNECTION_LOST
from shared.log.tiles import BadTilePath, TilePath, parse_tile_path, tile_width
from shared.log.tlog_proof import TlogProof
from shared.service.problem import NoSuchResource, Sealed, StoreUnavailable

_OPEN = {"Access-Control-Allow-Origin": "*"}
_FRESH = _OPEN | {"Cache-Control": "no-cache"}
_FOREVER = _OPEN | {"Cache-Control": "public, max-age=604800, immutable"}


EditionName = Annotated[str, PathParameter(description="The edition's id")]
ResourcePath = Annotated[str, PathParameter(description="What is behind `tile/`")]
EntryIndex = Annotated[int, PathParameter(description="The entry's place in the log, from 0 on")]


@get("/log/{edition:str}/checkpoint", media_type=MediaType.TEXT)
async def checkpoint(state: State, edition: EditionName) -> Response[bytes]:
    """The newest signed checkpoint."""
    box = await _box(state, edition)
    note = (await _head(box, edition)).note
    return Response(note, media_type=MediaType.TEXT, headers=_FRESH)


@get("/log/{edition:str}/tile/{tile_path:path}")
async def tile(state: State, edition: EditionName, tile_path: ResourcePath) -> Response[bytes]:
    """A hash tile, an entry bundle or an openings bundle: `<L>/<N>[.p/<W>]` and so on."""
    wanted = _parse(tile_path)
    box = await _box(state, edition)
    if wanted.kind == "openings":
        await _require_public(box, edition)
    _require_in_tree(wanted, (await _head(box, edition)).size)
    try:
        data = await _read(box, edition, wanted)
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the log cannot be read") from error
    return Response(data, media_type="application/octet-stream", headers=_FOREVER)


@get("/log/{edition:str}/proof/{index:int}", media_type=MediaType.TEXT)
async def proof(state: State, edition: EditionName, index: EntryIndex) -> Response[bytes]:
    """A tlog-proof that the entry at `index` is in the log at its newest checkpoint."""
    box = await _box(state, edition)
    head = await _head(box, edition)
    if not 0 <= index < head.size:
        raise NoSuchResource(f"the log has {head.size} entries, from 0 on")
    try:
        path = await tree.inclusion_path(box.db, edition, index, head.size)
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the log cannot be read") from error
    text = TlogProof(index, tuple(path), head.note).encode()
    return Response(text, media_type=MediaType.TEXT, headers=_FRESH)


async def _box(state: State, edition: str) -> BallotBox:
    box: BallotBox = state.ballot_box
    if box.editions.known(edition) is None:
        await box.edition(edition)
    return box


async def _head(box: BallotBox, edition: str) -> store.StoredHead:
    try:
        return await store.head(box.db, edition)
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the log's head cannot be read") from error


def _parse(path: str) -> TilePath:
    try:
        return parse_tile_path("tile/" + path.removeprefix("/"))
    except BadTilePath as error:
        raise NoSuchResource(str(error)) from error


def _require_in_tree(wanted: TilePath, size: int) -> None:
    level = wanted.kind if isinstance(wanted.kind, int) else 0
    if wanted.width > tile_width(level, wanted.n, size):
        raise NoSuchResource(f"{wanted.path} is beyond the {size} entries of this log")


async def _require_public(box: BallotBox, edition: str) -> None:
    state = (await box.edition(edition)).state
    if state is None or not state.openings_public:
        raise Sealed(f"the choices of {edition!r} are published when voting closes")


async def _read(box: BallotBox, edition: str, wanted: TilePath) -> bytes:
    if isinstance(wanted.kind, int):
        return await tree.read_tile(box.db, edition, wanted.kind, wanted.n, wanted.width)
    return await tree.read_bundle(box.db, edition, wanted)
