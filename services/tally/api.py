"""The HTTP interface: the tally of an edition, live or as it stands, and health."""

from typing import Annotated

from litestar import MediaType, Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, PathParameter
from litestar.types import ASGIApp
from msgspec import Struct

from services.tally import store
from services.tally.board import Board
from services.tally.editions import Editions
from services.tally.stream import EventStream
from shared.edition.views import Contradiction, TallySnapshot

EditionName = Annotated[str, PathParameter(description="The edition's id", max_length=63)]
IfNoneMatch = Annotated[
    str | None, HeaderParameter(name="If-None-Match", description="The ETag of the last answer")
]


class StoppedEdition(Struct, frozen=True):
    """An edition that is not counted any more, because its log contradicts itself."""

    edition: str
    contradiction: Contradiction


class Readiness(Struct, frozen=True):
    """Whether the tally can count and says nothing but what it has verified.

    `failing` names editions that cannot be counted now through no fault of their logs.
    """

    ready: bool
    database: str
    nats: str
    failing: dict[str, str]
    contradictions: tuple[StoppedEdition, ...]


@get(
    "/v1/editions/{edition:str}/tally",
    responses={200: ResponseSpec(TallySnapshot, description="The newest snapshot")},
)
async def show_tally(
    state: State, edition: EditionName, if_none_match: IfNoneMatch = None
) -> Response[bytes]:
    """The verified tally, as it was last let out; `…/tally/stream` sends it when it changes."""
    board: Board = state.board
    frame = board.channel(edition).shown
    assert frame is not None
    headers = {
        "ETag": frame.etag,
        "Cache-Control": "no-cache",
        "Access-Control-Allow-Origin": "*",
    }
    if if_none_match is not None and frame.etag in if_none_match:
        return Response(b"", status_code=304, media_type=MediaType.JSON, headers=headers)
    return Response(frame.body, media_type=MediaType.JSON, headers=headers)


@get(
    "/v1/editions/{edition:str}/tally/stream",
    media_type="text/event-stream",
    responses={200: ResponseSpec(str, description="Snapshots", media_type="text/event-stream")},
)
async def stream_tally(state: State, edition: EditionName) -> ASGIApp:
    """The verified tally as server-sent events: at once, then whenever it changes.

    At most one a second. The data is what `…/tally` answers, the id is the log position.
    """
    board: Board = state.board
    return EventStream(board.channel(edition), state.drain, state.heartbeat_s)


@get("/live", sync_to_thread=False)
def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/ready")
async def ready(state: State) -> Response[Readiness]:
    """503 while the database is away, or for good once a log has contradicted itself.

    NATS does not matter for that: without it the logs are read over HTTP. It is reported.
    """
    editions: Editions = state.editions
    stopped = tuple(StoppedEdition(*found) for found in editions.contradictions())
    reachable = await store.answers(state.pool)
    failing = editions.failing()
    body = Readiness(
        ready=reachable and not stopped and not failing,
        database="ok" if reachable else "unreachable",
        nats="ok" if state.nats.is_connected else "disconnected",
        failing=failing,
        contradictions=stopped,
    )
    return Response(body, status_code=200 if body.ready else 503)
