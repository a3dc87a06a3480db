"""One POST to a provider or a subscriber, and whether it was certainly not sent.

No redirects, cookies, proxies from the environment or compressed answers. A request that fails
while connecting was certainly not sent; whatever goes wrong later leaves that open. Neither URLs
nor answers get into reasons: both may hold what is private.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from msgspec import Struct
from yarl import URL

from services.notify.channels.channel import Rejected, Retry, Unknown

MAX_ANSWER_BYTES: Final = 65_536
MAX_RETRY_AFTER_S: Final = 86_400.0
KEEP_OPEN_S: Final = 5.0
"""Shorter than servers keep an idle connection, so that they seldom close one under a request."""


class AddressRefused(OSError):
    """A connection that our own rules forbid; a connector's socket factory raises it."""


class Reply(Struct, frozen=True):
    """An answer: `body` is empty if it was not asked for, `retry_after_s` 0 without the header."""

    status: int
    body: bytes
    retry_after_s: float


@asynccontextmanager
async def open_session(
    timeout_s: float, connector: aiohttp.TCPConnector
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session of which each request takes at most `timeout_s` seconds, half of it to connect."""
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": "huimin", "Accept-Encoding": "identity"},
    ) as session:
        yield session


async def post(
    session: aiohttp.ClientSession,
    url: URL,
    body: bytes,
    headers: Mapping[str, str],
    *,
    read_answer: bool,
) -> Reply | Rejected | Retry | Unknown:
    """POST `body`; the answer, or what became of a request that got none."""
    try:
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            answer = await _read_bounded(response) if read_answer else b""
            return Reply(response.status, answer, _retry_after_s(response))
    except aiohttp.InvalidURL:
        return Rejected("not a URL that can be asked")
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, AddressRefused):
            return Rejected(str(error.os_error))
        return Retry("no connection")
    except aiohttp.ConnectionTimeoutError:
        return Retry("no connection in time")
    except (aiohttp.ClientError, TimeoutError) as error:
        return Unknown(f"the answer was lost ({type(error).__name__})")


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_any():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError("longer than any answer that is agreed")
    return bytes(answer)


def _retry_after_s(response: aiohttp.ClientResponse) -> float:
    """The pause asked for in seconds; a date, the header's other form, is not looked at."""
    value = response.headers.get("Retry-After", "")
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        return 0.0
    return min(float(value), MAX_RETRY_AFTER_S)
