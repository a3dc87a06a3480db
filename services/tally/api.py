"""The HTTP interface: the tally of an edition, live or as it stands, and health."""

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
from litestar import MediaType, Response, get, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from litestar.types import ASGIApp
from msgspec import Struct

from services.tally import metrics, store
from services.tally.board import Board
from services.tally.download import BallotsFile
from services.tally.editions import Editions
from services.tally.receipt_checks import Meter, Outcome, city_day
from services.tally.store import CONNECTION_LOST
from services.tally.stream import EventStream
from shared.edition.manifest import LogIdentity
from shared.edition.views import Contradiction, ReceiptChecks, TallySnapshot, Turnout
from shared.log.note import ED25519, Verifier
from shared.service.problem import StoreUnavailable

EditionName = Annotated[str, PathParameter(description="The edition's id", max_length=63)]
CheckOutcome = Annotated[Outcome, QueryParameter(description="How the check ended")]
IfNoneMatch = Annotated[
    str | None, HeaderParameter(name="If-None-Match", description="The ETag of the last answer")
]


class StoppedEdition(Struct, frozen=True):
    """An edition that is not counted any more, because its log contradicts itself."""

    edition: str
    contradiction: Contradiction


class Readiness(Struct, frozen=True):
    """Whether the tally can be asked, and which editions it does not count any more, or not now.

    `failing` names editions that cannot be counted now through no fault of their logs. Neither
    these nor `contradictions` make the service unready: it has to be there to show them.
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


@get(
    "/v1/editions/{edition:str}/tally/turnout",
    responses={200: ResponseSpec(Turnout, description="Ballots and first ballots by hour")},
)
async def show_turnout(
    state: State, edition: EditionName, if_none_match: IfNoneMatch = None
) -> Response[bytes]:
    """Ballots, and how many were a voter's first, for each hour in which any were cast.

    Nothing finer exists: the log has the hour only, because a public finer time would help to link
    a person to a ballot.
    """
    board: Board = state.board
    board.channel(edition)  # raises unless this edition is counted here
    try:
        turnout = await store.turnout(state.pool, edition)
    except store.CONNECTION_LOST as error:
        raise StoreUnavailable("the turnout cannot be read") from error
    # The same log gives the same hours for the same number of ballots.
    etag = f'"{sum(hour.ballots for hour in turnout.hours)}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    if if_none_match is not None and etag in if_none_match:
        return Response(b"", status_code=304, media_type=MediaType.JSON, headers=headers)
    return Response(msgspec.json.encode(turnout), media_type=MediaType.JSON, headers=headers)


@get(
    "/v1/editions/{edition:str}/tally/ballots.pb",
    media_type="text/plain",
    responses={200: ResponseSpec(str, description="A Pabulib file", media_type="text/plain")},
)
async def download_ballots(state: State, edition: EditionName) -> ASGIApp:
    """Every counted ballot as an approval election in the Pabulib format, to download.

    There is none while choices are sealed. Voters are numbered in the order of the hashes of their
    keys, which says nothing about when they voted.
    """
    board: Board = state.board
    board.channel(edition)
    logs: LogIdentity = state.logs
    verifier = Verifier(f"{logs.origin}/{edition}", ED25519, logs.key)
    return BallotsFile(state.downloads, edition, verifier)


@get("/v1/receipt-checks")
async def show_receipt_checks(state: State) -> Response[ReceiptChecks]:
    """How many receipts were checked today, as pages reported: a sign of life, no evidence."""
    return await _receipt_checks(state, city_day(datetime.now(UTC)))


@post("/v1/receipt-checks")
async def count_receipt_check(state: State, outcome: CheckOutcome) -> Response[ReceiptChecks]:
    """Count one check. Nothing is kept of who made it, or of which receipt."""
    meter: Meter = state.receipt_check_meter
    now = datetime.now(UTC)
    meter.take(now)
    try:
        await store.count_receipt_check(state.pool, city_day(now), outcome)
        metrics.CHECKS.labels(outcome).inc()
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the check cannot be counted") from error
    return await _receipt_checks(state, city_day(now))


async def _receipt_checks(state: State, day: date) -> Response[ReceiptChecks]:
    try:
        checks = await store.receipt_checks(state.pool, day)
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the checks cannot be read") from error
    body = ReceiptChecks(day=day, verified=checks.get("verified", 0), wrong=checks.get("wrong", 0))
    headers = {"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    return Response(body, status_code=200, headers=headers)


@get("/live", sync_to_thread=False)
def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/ready")
async def ready(state: State) -> Response[Readiness]:
    """503 while the database is away, and for nothing else: proxies ask whom to send people to.

    NATS does not matter for that: without it the logs are read over HTTP. It is reported.
    """
    editions: Editions = state.editions
    reachable = await store.answers(state.pool)
    body = Readiness(
        ready=reachable,
        database="ok" if reachable else "unreachable",
        nats="ok" if state.nats.is_connected else "disconnected",
        failing=editions.failing(),
        contradictions=tuple(StoppedEdition(*found) for found in editions.contradictions()),
    )
    return Response(body, status_code=200 if body.ready else 503)
