"""The desk's HTTP interface, for people with the desk's token; a proxy does not publish it."""

import hmac
from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, Router, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream

from services.registrar.body import NDJSON, read_lines, require_media_type
from services.registrar.desk import Desk
from services.registrar.reports import Reports
from shared.eligibility.errors import DeskClosed
from shared.eligibility.views import (
    Commitment,
    CommitmentRequest,
    CounterBatches,
    CounterCodes,
    CounterCodesRequest,
    DeskView,
    IssuanceReport,
    PhonesForgotten,
    RollSummary,
    VoidRequest,
)

EditionName = Annotated[
    str,
    PathParameter(description="The edition's id", pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z"),
]
_SCHEME = "Bearer "


def require_token(
    connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler
) -> None:
    """Raise `DeskClosed` unless the request shows the desk's token."""
    shown = connection.headers.get("authorization", "")
    token: str = connection.app.state.desk_token
    if not hmac.compare_digest(shown.encode(), (_SCHEME + token).encode()):
        raise DeskClosed("the desk asks for its token as a Bearer token")


@put("/{edition:str}/roll")
async def import_roll(
    state: State, edition: EditionName, request: Request[Any, Any, State]
) -> RollSummary:
    """Replace the roll, as long as it is not sealed.

    The body is newline-delimited JSON (`application/x-ndjson`), one `RollRecord` a line. Nothing is
    imported unless every record is right.
    """
    desk: Desk = state.desk
    require_media_type(request.scope, NDJSON)
    return await desk.import_roll(edition, read_lines(request.receive, state.pace.piece_s))


@post("/{edition:str}/commitment", status_code=200)
async def commit(
    state: State, edition: EditionName, data: JSONBody[CommitmentRequest]
) -> Commitment:
    """Seal the roll and make the issuer's key; asked again, the same answer."""
    desk: Desk = state.desk
    return await desk.commit(edition, data)


@get("/{edition:str}/references", media_type="text/plain")
async def list_references(state: State, edition: EditionName) -> Stream:
    """The references of the roll in lower-case hex, one a line, ascending."""
    desk: Desk = state.desk
    await desk.view(edition)

    async def lines() -> AsyncIterator[bytes]:
        async for some in desk.references(edition):
            yield some

    return Stream(lines(), media_type="text/plain")


@post("/{edition:str}/counter-codes")
async def make_counter_codes(
    state: State, edition: EditionName, data: JSONBody[CounterCodesRequest]
) -> CounterCodes:
    """New counter codes, shown this once."""
    desk: Desk = state.desk
    return await desk.make_counter_codes(edition, data)


@get("/{edition:str}/counter-codes")
async def list_counter_codes(state: State, edition: EditionName) -> CounterBatches:
    """The counter codes in numbers, lot by lot."""
    desk: Desk = state.desk
    return await desk.counter_batches(edition)


@post("/{edition:str}/counter-codes/voided", status_code=200)
async def void_counter_codes(
    state: State, edition: EditionName, data: JSONBody[VoidRequest]
) -> CounterBatches:
    """Void counter codes by their numbers, for good; asked again, nothing changes."""
    desk: Desk = state.desk
    return await desk.void_counter_codes(edition, data.serials)


@post("/{edition:str}/issuance-report", status_code=200)
async def report_issuance(state: State, edition: EditionName) -> IssuanceReport:
    """End issuance after the close and say what was issued; asked again, the same answer."""
    reports: Reports = state.reports
    return await reports.report(edition)


@get("/{edition:str}")
async def show_edition(state: State, edition: EditionName) -> DeskView:
    """The edition in numbers."""
    desk: Desk = state.desk
    return await desk.view(edition)


@delete("/{edition:str}/phones", status_code=200)
async def forget_phones(state: State, edition: EditionName) -> PhonesForgotten:
    """Remove the phones of an edition whose issuance was reported."""
    desk: Desk = state.desk
    return await desk.forget_phones(edition)


def desk_router() -> Router:
    """All of the desk."""
    return Router(
        path="/desk/v1/editions",
        route_handlers=[
            import_roll,
            commit,
            list_references,
            make_counter_codes,
            list_counter_codes,
            void_counter_codes,
            report_issuance,
            show_edition,
            forget_phones,
        ],
        guards=[require_token],
    )
