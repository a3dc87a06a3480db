"""The hot path's HTTP side: POST a ballot, bare ASGI in front of the application.

A typed handler would spend more on its arguments than both signature checks take together. It
stands before Litestar, not in it, because Litestar 2.25 cannot route HTTP to an `asgi` handler with
path parameters.
"""

import msgspec
import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import (
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Receive,
    Scope,
    Send,
)

from services.ballot.ballot_box import BallotBox
from services.ballot.body import decode, read_body
from shared.edition.ballot import Ballot
from shared.edition.errors import Refusal
from shared.service.problem import Unforeseen, WrongMethod, send_problem
from shared.service.requests import RequestRecorder

MAX_BODY = 16 * 1024

log = structlog.get_logger()
_decoder = msgspec.json.Decoder(Ballot)


class CastRoute:
    """An ASGI application: a POST to an edition's ballots casts one, the rest is `app`'s."""

    PREFIX = "/v1/editions/"
    SUFFIX = "/ballots"
    ROUTE = "/v1/editions/{edition}/ballots"

    def __init__(self, app: Litestar, recorder: RequestRecorder) -> None:
        self._app = app
        self._recorder = recorder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == ScopeType.HTTP:
            path = scope["path"]
            edition = path.removeprefix(self.PREFIX).removesuffix(self.SUFFIX)
            if path == f"{self.PREFIX}{edition}{self.SUFFIX}":
                await self._recorder.record(self._cast, self.ROUTE, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _cast(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        edition = scope["path"].removeprefix(self.PREFIX).removesuffix(self.SUFFIX)
        await cast_ballot(self._app.state.ballot_box, edition, scope, receive, send)


async def cast_ballot(
    box: BallotBox, edition: str, scope: HTTPScope, receive: Receive, send: Send
) -> None:
    """Accept one ballot and answer its receipt, or a problem document."""
    try:
        if scope["method"] != "POST":
            raise WrongMethod("ballots are posted")
        ballot = decode(await read_body(scope, receive, MAX_BODY), _decoder)
        receipt = await box.cast(edition, ballot)
    except Refusal as refusal:
        await send_problem(send, refusal)
    except Exception:
        log.exception("unforeseen exception", route="ballots")
        await send_problem(send, Unforeseen("an unforeseen error was logged"))
    else:
        await _send_created(send, receipt)


async def _send_created(send: Send, body: bytes) -> None:
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": 201,
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ],
    }
    end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": False}
    await send(start)
    await send(end)
