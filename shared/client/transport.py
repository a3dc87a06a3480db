"""Requests to one server: bounded answers, timeouts, and retries that wait longer each time.

Retried are lost connections, 429 and 5xx answers; a Retry-After header is obeyed up to the longest
pause. Everything else is an answer, and what it means is for the caller to say; so is a 429 that
asks for a longer pause than that.
"""

import asyncio
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from shared.client.errors import (
    BadAnswer,
    CannotRead,
    OutcomeUnknown,
    Oversized,
    Problem,
    Refused,
)
from shared.edition.errors import UNREADABLE_JSON
from shared.service import tracing

MAX_DOCUMENT_BYTES: Final = 8_000_000
"""Longest JSON answer that is read; 500 initiatives with the longest texts stay below."""

T = TypeVar("T")

Chunks = Callable[[], AsyncIterable[bytes]]
"""Gives a body piece by piece, anew for each attempt to send it."""

_NOT_CARRIED_OUT: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_problem_decoder = msgspec.json.Decoder(Problem)


class Patience(Struct, frozen=True, kw_only=True):
    """How often to ask, how long to wait for an answer, and how long between attempts."""

    attempts: int = 6
    timeout_s: float = 30.0
    first_pause_s: float = 0.25
    longest_pause_s: float = 5.0


PATIENT: Final = Patience()
"""For most callers."""


class Answer(NamedTuple):
    """A status other than 5xx, and the whole body; a 429 only if it asks for a long pause."""

    status: int
    body: bytes

    def problem(self) -> Problem:
        """The problem document in the body; an empty one if it has none."""
        try:
            return _problem_decoder.decode(self.body)
        except UNREADABLE_JSON:
            return Problem()

    def accepted(self) -> bytes:
        """The body of a 200, 201 or 204; raises `Refused` for any other answer."""
        if self.status in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
            return self.body
        raise Refused(self.status, self.problem())


class _Failure(NamedTuple):
    """An attempt that gave no answer; `sent` if the server may have acted on it nevertheless."""

    why: str
    sent: bool
    retry_after_s: float = 0.0


class _Body(NamedTuple):
    """What is sent; `data` gives it anew for each attempt."""

    data: Callable[[], bytes | AsyncIterable[bytes]]
    media_type: str


class Transport:
    """Requests below one base URL. `open_transport` makes one and closes its connections."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        patience: Patience,
        token: str | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = session
        self._patience = patience
        self._authorization = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, *, limit: int = MAX_DOCUMENT_BYTES) -> Answer:
        """GET; raises `CannotRead`, or `Oversized` above `limit` bytes."""
        return await self._ask("GET", path, None, limit, repeatable=True)

    async def document(self, path: str, kind: type[T]) -> T:
        """GET of JSON; raises `CannotRead`, `Refused` or `BadAnswer`."""
        try:
            return msgspec.json.decode((await self.get(path)).accepted(), type=kind)
        except (Oversized, *UNREADABLE_JSON) as error:
            raise BadAnswer(f"{self.base_url}/{path}: not the answer agreed: {error}") from error

    async def post(self, path: str, body: bytes, *, repeatable: bool) -> Answer:
        """POST of JSON. If it is not `repeatable`, a lost answer raises `OutcomeUnknown`."""
        sent = _Body(lambda: body, "application/json")
        return await self._ask("POST", path, sent, MAX_DOCUMENT_BYTES, repeatable=repeatable)

    async def put(self, path: str, chunks: Chunks, media_type: str) -> Answer:
        """PUT of a long body, sent once the server has said that it will read it; repeatable."""
        sent = _Body(chunks, media_type)
        return await self._ask("PUT", path, sent, MAX_DOCUMENT_BYTES, repeatable=True)

    async def delete(self, path: str) -> Answer:
        """DELETE; repeatable."""
        return await self._ask("DELETE", path, None, MAX_DOCUMENT_BYTES, repeatable=True)

    async def _ask(
        self, method: str, path: str, body: _Body | None, limit: int, *, repeatable: bool
    ) -> Answer:
        url = f"{self.base_url}/{path}"
        patience, attempt = self._patience, 1
        while isinstance(outcome := await self._attempt(method, url, body, limit), _Failure):
            if outcome.sent and not repeatable:
                raise OutcomeUnknown(
                    f"{url}: {outcome.why}. Look at the edition's phase before sending it again"
                )
            if attempt == patience.attempts:
                raise CannotRead(f"{url}: {outcome.why}, {attempt} times")
            await asyncio.sleep(_pause_s(patience, attempt, outcome.retry_after_s))
            attempt += 1
        return outcome

    async def _attempt(
        self, method: str, url: str, body: _Body | None, limit: int
    ) -> Answer | _Failure:
        headers: Mapping[str, str] = self._authorization
        if body is not None:
            headers = {**headers, "Content-Type": body.media_type}
        try:
            with tracing.asking(method) as context:
                headers = {**headers, **context}
                return await self._exchange(method, url, body, headers, limit)
        except aiohttp.InvalidURL as error:
            raise CannotRead(f"{url} is no URL that can be asked: {error}") from error
        except aiohttp.ClientConnectorError as error:
            return _Failure(f"no connection ({error.os_error})", sent=False)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _Failure(f"the answer was lost ({type(error).__name__})", sent=True)

    async def _exchange(
        self, method: str, url: str, body: _Body | None, headers: Mapping[str, str], limit: int
    ) -> Answer | _Failure:
        async with self._session.request(
            method,
            url,
            data=None if body is None else body.data(),
            headers=headers,
            # A token is for this server alone.
            allow_redirects=method == "GET" and not self._authorization,
            # Who is refused is told before a long body is sent, not while it is.
            expect100=method == "PUT",
        ) as response:
            answer = await _read_bounded(response, limit)
            return _outcome(response, answer, self._patience)


@asynccontextmanager
async def open_transport(
    base_url: str, patience: Patience, *, token: str | None = None
) -> AsyncIterator[Transport]:
    """A transport whose connections are closed at the end; `token` is sent with each request."""
    timeout = aiohttp.ClientTimeout(total=patience.timeout_s)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Transport(session, base_url, patience, token)


def _outcome(
    response: aiohttp.ClientResponse, body: bytes, patience: Patience
) -> Answer | _Failure:
    answer = Answer(response.status, body)
    retry_after_s = _retry_after_s(response)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        if retry_after_s > patience.longest_pause_s:
            return answer
    elif response.status < 500:
        return answer
    title = answer.problem().title
    why = f"the server answered {response.status}" + (f" ({title})" if title else "")
    return _Failure(why, response.status not in _NOT_CARRIED_OUT, retry_after_s)


def _pause_s(patience: Patience, attempt: int, asked_s: float) -> float:
    """Twice as long after each attempt, and not the same for all who were turned away at once."""
    pause_s = patience.first_pause_s * (1 << (attempt - 1))
    pause_s *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
    return min(max(pause_s, asked_s), patience.longest_pause_s)


async def _read_bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise Oversized(f"{response.url} has more than {limit} bytes")
    return bytes(content)


def _retry_after_s(response: aiohttp.ClientResponse) -> float:
    """The pause asked for in seconds; a date, the header's other form, is not looked at."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0
