"""What is the same for all requests, before any of them is read: the ASGI application's outside.

The public interface may be used by a page of any origin (CORS): it knows no cookies. The desk may
not. A body of the public interface is JSON and arrives in time, or is refused.
"""

import asyncio
from typing import Final, cast

from litestar.enums import ScopeType
from litestar.types import (
    ASGIApp,
    HTTPReceiveMessage,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from services.registrar.body import require_media_type
from shared.edition.errors import Refusal
from shared.service.problem import TooSlow, send_problem

PUBLIC: Final = "/v1/"

_ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")
_PREFLIGHT: Final = [
    _ANY_ORIGIN,
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"86400"),
]


class Door:
    """Stands before `inside`; a public body may take `body_s` seconds."""

    def __init__(self, inside: ASGIApp, body_s: float) -> None:
        self._inside = inside
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] == ScopeType.HTTP:
            await self._answer(scope, receive, send)
        else:
            await self._inside(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        public = scope["path"].startswith(PUBLIC)
        if public and scope["method"] == "OPTIONS":
            await _allow(send)
            return
        answer = _with_origin(send, any_origin=public)
        if not public or scope["method"] != "POST":
            await self._inside(scope, receive, answer)
            return
        await self._post(scope, receive, answer)

    async def _post(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        try:
            if not scope["path"].endswith("/puzzles"):
                require_media_type(scope, "application/json")
            body = _InTime(receive, self._body_s)
            await self._inside(scope, body, send)
        except Refusal as error:
            await send_problem(send, error)


class _InTime:
    """`receive`, until the body has taken too long."""

    def __init__(self, receive: Receive, body_s: float) -> None:
        self._receive = receive
        self._body_s = body_s
        self._deadline = asyncio.get_running_loop().time() + body_s
        self._complete = False

    async def __call__(self) -> HTTPReceiveMessage:
        """The next piece; after the body, whatever comes, however late."""
        if self._complete:
            return cast("HTTPReceiveMessage", await self._receive())
        try:
            async with asyncio.timeout_at(self._deadline):
                message = cast("HTTPReceiveMessage", await self._receive())
        except TimeoutError as error:
            raise TooSlow(f"it took longer than {self._body_s:.0f} s") from error
        self._complete = message["type"] != "http.request" or not message["more_body"]
        return message


def _with_origin(send: Send, *, any_origin: bool) -> Send:
    """`send`, with the one header about origins that is right here."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() != _ANY_ORIGIN[0]]
            message["headers"] = [*kept, _ANY_ORIGIN] if any_origin else kept
        await send(message)

    return answer


async def _allow(send: Send) -> None:
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": 204,
        "headers": _PREFLIGHT,
    }
    await send(start)
    await send({"type": "http.response.body", "body": b"", "more_body": False})
