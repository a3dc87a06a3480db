"""The typed HTTP interface: editions, officers' commands, health. Ballots: `cast_route.py`."""

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import State
from litestar.params import Parameter
from msgspec import Struct

from services.ballot import store
from services.ballot.ballot_box import BallotBox
from services.ballot.body import decode, read_body
from services.ballot.edition import Edition
from services.ballot.store import CONNECTION_LOST
from shared.edition.commands import SignedCommand
from shared.edition.errors import UnknownEdition
from shared.edition.state import EditionState
from shared.edition.views import EditionList, EditionSummary, EditionView, RollView
from shared.service.problem import StoreUnavailable

MAX_COMMAND_BODY = 128 * 1024

_decoder = msgspec.json.Decoder(SignedCommand)

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
"""What is public here may be read by a page of any origin: the interface knows no cookies."""

EditionName = Annotated[str, Parameter(description="The edition's id")]


class Readiness(Struct, frozen=True):
    """Whether ballots can be committed, and whether the copy in NATS is being kept."""

    ready: bool
    database: str
    nats: str


@get("/v1/editions", response_headers=ANY_ORIGIN)
async def list_editions(state: State) -> EditionList:
    """All editions of this service, the newest last."""
    box: BallotBox = state.ballot_box
    try:
        editions = await box.editions.all()
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the editions cannot be read") from error
    key = box.editions.key
    return EditionList(
        log_origin=key.prefix,
        log_key=key.public,
        editions=tuple(_summary(edition, _state(edition)) for edition in editions),
    )


@get("/v1/editions/{edition:str}", response_headers=ANY_ORIGIN)
async def show_edition(state: State, edition: EditionName) -> EditionView:
    """One edition: its manifest, shortlist and roll, and where its log stands."""
    box: BallotBox = state.ballot_box
    found = await box.edition(edition)
    now = _state(found)
    try:
        head = await store.head(box.db, edition)
    except CONNECTION_LOST as error:
        raise StoreUnavailable("the log's head cannot be read") from error
    roll = now.roll
    return EditionView(
        edition=edition,
        phase=now.phase,
        manifest=now.manifest,
        initiatives=now.initiatives,
        roll=RollView(size=roll.size, root=roll.root, issuer_key=roll.issuer_key, mode=roll.mode)
        if roll
        else None,
        issued=now.issued,
        milestone_size=now.milestone_size,
        size=head.size,
        checkpoint=head.note.decode(),
        log=f"/log/{edition}",
        vkey=found.signer.vkey,
    )


@post("/v1/editions/{edition:str}/commands")
async def command(
    state: State, edition: EditionName, request: "Request[Any, Any, State]"
) -> Response[bytes]:
    """Carry out a command that officers signed; answers the receipt of the event it led to."""
    body = await read_body(request.scope, request.receive, MAX_COMMAND_BODY)
    receipt = await state.ballot_box.command(edition, decode(body, _decoder))
    return Response(receipt, media_type=MediaType.JSON, status_code=201)


@get("/live", sync_to_thread=False)
def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/ready")
async def ready(state: State) -> Response[Readiness]:
    """Whether ballots can be committed. NATS does not matter for that, but is reported."""
    box: BallotBox = state.ballot_box
    database = "; ".join(f"{name}: {fault}" for name, fault in box.faults.items()) or "ok"
    try:
        await box.db.fetchval("SELECT 1")
    except CONNECTION_LOST as error:
        database = type(error).__name__
    body = Readiness(
        ready=database == "ok",
        database=database,
        nats="ok" if state.nats.is_connected else "disconnected",
    )
    return Response(body, status_code=200 if body.ready else 503)


def _state(edition: Edition) -> EditionState:
    if edition.state is None:
        raise UnknownEdition(f"there is no edition {edition.name!r}")
    return edition.state


def _summary(edition: Edition, state: EditionState) -> EditionSummary:
    return EditionSummary(
        edition=edition.name,
        title=state.manifest.title,
        phase=state.phase,
        log=f"/log/{edition.name}",
        vkey=edition.signer.vkey,
    )
