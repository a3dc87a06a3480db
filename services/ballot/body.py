"""Request bodies: bounded in size and time, JSON only, decoded once."""

import asyncio
from typing import TypeVar, cast

import msgspec
from litestar.types import HTTPReceiveMessage, HTTPScope, Receive

from shared.edition.errors import UNREADABLE_JSON
from shared.service.problem import Malformed, TooLarge, TooSlow, WrongMediaType

BODY_TIMEOUT_S = 10

T = TypeVar("T")


def decode(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """What the body says; raises `Malformed`."""
    try:
        return decoder.decode(body)
    except UNREADABLE_JSON as error:
        raise Malformed(str(error)) from error


async def read_body(scope: HTTPScope, receive: Receive, limit: int) -> bytes:
    """The whole body, at most `limit` bytes; raises a `Refusal`."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type = value.partition(b";")[0].strip().lower()
            if media_type != b"application/json":
                raise WrongMediaType("the body must be application/json")
        elif name == b"content-length" and int(value) > limit:
            raise TooLarge(f"it may have at most {limit} bytes")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await _read(receive, limit)
    except TimeoutError as error:
        raise TooSlow(f"it took longer than {BODY_TIMEOUT_S} s") from error


async def _read(receive: Receive, limit: int) -> bytes:
    body = b""
    while True:
        message = cast("HTTPReceiveMessage", await receive())
        if message["type"] == "http.disconnect":
            raise TooSlow("the connection ended before the body did")
        body += message["body"]
        if len(body) > limit:
            raise TooLarge(f"it may have at most {limit} bytes")
        if not message["more_body"]:
            return body
