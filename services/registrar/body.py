"""Bodies that are read line by line, bounded in size and in the time between two pieces."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final, cast

from litestar.types import HTTPReceiveMessage, HTTPScope, Receive

from shared.service.problem import TooLarge, TooSlow, WrongMediaType

NDJSON: Final = "application/x-ndjson"
MAX_LINE: Final = 4_096
MAX_BODY: Final = 4_000_000_000


def require_media_type(scope: HTTPScope, media_type: str) -> None:
    """Raise `WrongMediaType` unless the body is said to be of this type."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            if value.partition(b";")[0].strip().lower() == media_type.encode():
                return
            break
    raise WrongMediaType(f"the body must be {media_type}")


async def read_lines(receive: Receive, piece_s: float) -> AsyncIterator[list[bytes]]:
    """The lines of the body without their newlines, as many at a time as arrived together.

    A last line without newline counts. Raises `TooLarge`, `TooSlow`.
    """
    size, rest = 0, b""
    async for piece in _pieces(receive, piece_s):
        size += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        if size > MAX_BODY or len(rest) > MAX_LINE or any(len(one) > MAX_LINE for one in lines):
            raise TooLarge(f"a line may have at most {MAX_LINE} bytes, all of them {MAX_BODY}")
        if lines:
            yield lines
    if rest:
        yield [rest]


async def _pieces(receive: Receive, piece_s: float) -> AsyncIterator[bytes]:
    more = True
    while more:
        try:
            async with asyncio.timeout(piece_s):
                message = cast("HTTPReceiveMessage", await receive())
        except TimeoutError as error:
            raise TooSlow(f"nothing came for {piece_s:.0f} s") from error
        if message["type"] == "http.disconnect":
            raise TooSlow("the connection ended before the body did")
        yield message["body"]
        more = message["more_body"]
