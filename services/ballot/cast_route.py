"""The hot path's HTTP side: POST a ballot, bare ASGI in front of the application.

A typed handler would spend more on its arguments than both signature checks take together, so this
one route reads its body itself: bounded in size and time, decoded once. It stands before Litestar,
not in it, because Litestar 2.25 cannot route HTTP to an `asgi` handler with path parameters.
"""

import asyncio
from typing import cast

import msgspec
import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import (
    HTTPReceiveMessage,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Receive,
    Scope,
    Send,
)

from services.ballot.ballot_box import BallotBox
from shared.edition.ballot import Ballot
from shared.edition.errors import Refusal
from shared.service.problem import (
    Malformed,
    TooLarge,
    TooSlow,
    Unforeseen,
    WrongMediaType,
    WrongMethod,
    send_problem,
)

MAX_BODY = 16 * 1024
BODY_TIMEOUT_S = 10

log = structlog.get_logger()
_decoder = msgspec.json.Decoder(Ballot)


class CastRoute:
    """An ASGI application: a POST to an edition's ballots casts one, the rest is `app`'s."""

    PREFIX = "/v1/editions/"
    SUFFIX = "/ballots"

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == ScopeType.HTTP:
            path = scope["path"]
            if path.startswith(self.PREFIX) and path.endswith(self.SUFFIX):
                edition = path[len(self.PREFIX) : -len(self.SUFFIX)]
                box = self._app.state.ballot_box
                await cast_ballot(box, edition, cast("HTTPScope", scope), receive, send)
                return
        await self._app(scope, receive, send)


async def cast_ballot(
    box: BallotBox, edition: str, scope: HTTPScope, receive: Receive, send: Send
) -> None:
    """Accept one ballot and answer its receipt, or a problem document."""
    try:
        if scope["method"] != "POST":
            raise WrongMethod("ballots are posted")
        ballot = _decode(await _body(scope, receive))
        receipt = await box.cast(edition, ballot)
    except Refusal as refusal:
        await send_problem(send, refusal)
    except _Gone:
        return
    except Exception:
        log.exception("unforeseen exception", route="ballots")
        await send_problem(send, Unforeseen("an unforeseen error was logged"))
    else:
        await _send_created(send, receipt)


class _Gone(Exception):
    """The client went away before its body was complete."""


def _decode(body: bytes) -> Ballot:
    try:
        return _decoder.decode(body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Malformed(str(error)) from error


async def _body(scope: HTTPScope, receive: Receive) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-type" and value.partition(b";")[0].strip() != b"application/json":
            raise WrongMediaType("a ballot is application/json")
        if name == b"content-length" and int(value) > MAX_BODY:
            raise TooLarge(f"a ballot has at most {MAX_BODY} bytes")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _read(receive)
    except TimeoutError as error:
        raise TooSlow(f"it took longer than {BODY_TIMEOUT_S} s") from error


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = cast("HTTPReceiveMessage", await receive())
        if message["type"] == "http.disconnect":
            raise _Gone
        body += message["body"]
        if len(body) > MAX_BODY:
            raise TooLarge(f"a ballot has at most {MAX_BODY} bytes")
        if not message["more_body"]:
            return body


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
