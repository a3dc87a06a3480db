"""Every error of the HTTP interfaces as problem+json (RFC 9457), mapped in this one place.

`type` is `urn:huimin:problem:<slug>`; slugs are stable. `title` and `next` also come in Chinese, as
`title_zh` and `next_zh`. An unforeseen exception is logged and answered without its text.
"""

from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap, HTTPResponseBodyEvent, HTTPResponseStartEvent, Send
from msgspec import UNSET, Struct, UnsetType

from shared.edition.errors import Conflict, Forbidden, Invalid, Limited, NotFound, Refusal
from shared.service.metrics import PROBLEMS

PROBLEM_JSON = "application/problem+json"

log = structlog.get_logger()


class Problem(Struct, frozen=True, kw_only=True):
    """The body of every error answer."""

    type: str
    title: str
    title_zh: str
    status: int
    detail: str
    next: str
    next_zh: str
    retry_after_s: int | UnsetType = UNSET


class Unavailable(Refusal):
    """Not now; nothing was lost, and the same request may be sent again."""

    retry_after_s: ClassVar[int] = 1


class TooManyRequests(Limited):
    slug = "too-many-requests"
    title = ("请求过于频繁", "Too many requests")
    next = ("请稍后再试", "Wait as long as Retry-After says, then try again")


class Overloaded(Unavailable):
    slug = "overloaded"
    title = ("系统繁忙", "Too many requests are waiting")
    next = ("请稍候再次提交，不会重复计票", "Send the same request again; nothing counts twice")


class StoreUnavailable(Unavailable):
    slug = "store-unavailable"
    title = ("暂时无法保存", "The store cannot be reached")
    next = ("请稍候再次提交，不会重复计票", "Send the same request again; nothing counts twice")
    retry_after_s = 2


class Malformed(Invalid):
    slug = "malformed-json"
    title = ("内容格式错误", "The body is not the JSON expected here")
    next = ("请按接口说明改正", "Correct the field named; the schema is under /schema")


class TooLarge(Invalid):
    slug = "body-too-large"
    title = ("内容过大", "The body is too large")
    next = ("请缩短内容", "Send a smaller body")


class TooSlow(Invalid):
    slug = "body-too-slow"
    title = ("上传超时", "The body did not arrive in time")
    next = ("请检查网络后重试", "Check the connection and send it again")


class WrongMediaType(Invalid):
    slug = "unsupported-media-type"
    title = ("内容类型不支持", "The content type is not supported here")
    next = ("请使用 application/json", "Send application/json")


class WrongMethod(Invalid):
    slug = "method-not-allowed"
    title = ("不支持此方法", "The method is not allowed here")
    next = ("请查看接口说明", "See the methods under /schema")


class Sealed(Forbidden):
    slug = "sealed"
    title = ("投票结束前不公开", "Choices are sealed until voting closes")
    next = ("投票结束后再查看", "Ask again after the close")


class NoSuchResource(NotFound):
    slug = "not-found"
    title = ("没有此资源", "There is nothing at this address")
    next = ("请检查地址", "Check the address; interfaces are listed under /schema")


class Unforeseen(Refusal):
    slug = "internal-error"
    title = ("服务器内部错误", "The server failed")
    next = ("请稍后重试；如持续出现请联系管理员", "Try again later; tell the operator if it lasts")


_STATUS: dict[type[Refusal], int] = {
    TooLarge: 413,
    TooSlow: 408,
    WrongMediaType: 415,
    WrongMethod: 405,
    Malformed: 400,
    Invalid: 422,
    Forbidden: 403,
    Conflict: 409,
    NotFound: 404,
    Limited: 429,
    Unavailable: 503,
    Unforeseen: 500,
}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal: that of the first class it is an instance of."""
    return next(status for kind, status in _STATUS.items() if isinstance(refusal, kind))


def _retry_after_s(refusal: Refusal) -> int | None:
    return refusal.retry_after_s if isinstance(refusal, Limited | Unavailable) else None


def problem_of(refusal: Refusal) -> Problem:
    """The problem document of a refusal."""
    return Problem(
        type=f"urn:huimin:problem:{refusal.slug}",
        title=refusal.title[1],
        title_zh=refusal.title[0],
        status=status_of(refusal),
        detail=refusal.detail,
        next=refusal.next[1],
        next_zh=refusal.next[0],
        retry_after_s=UNSET if (wait := _retry_after_s(refusal)) is None else wait,
    )


async def send_problem(send: Send, refusal: Refusal) -> None:
    """Answer a raw ASGI request with a refusal."""
    PROBLEMS.labels(refusal.slug).inc()
    body = msgspec.json.encode(problem_of(refusal))
    headers = _headers(refusal) | {
        "Content-Type": PROBLEM_JSON,
        "Content-Length": str(len(body)),
    }
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": status_of(refusal),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    end: HTTPResponseBodyEvent = {
        "type": "http.response.body",
        "body": body,
        "more_body": False,
    }
    await send(start)
    await send(end)


def _answer(refusal: Refusal) -> Response[Problem]:
    PROBLEMS.labels(refusal.slug).inc()
    return Response(
        problem_of(refusal),
        status_code=status_of(refusal),
        media_type=PROBLEM_JSON,
        headers=_headers(refusal),
    )


def _headers(refusal: Refusal) -> dict[str, str]:
    # All interfaces are public and know no cookies: a page of any origin may see what went wrong.
    headers = {"Access-Control-Allow-Origin": "*"}
    if (wait := _retry_after_s(refusal)) is not None:
        headers["Retry-After"] = str(wait)
    return headers


def _on_refusal(_request: Request[Any, Any, Any], error: Refusal) -> Response[Problem]:
    return _answer(error)


def _on_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    kinds: dict[int, type[Refusal]] = {
        400: Malformed,
        404: NoSuchResource,
        405: WrongMethod,
        413: TooLarge,
        415: WrongMediaType,
    }
    kind = kinds.get(error.status_code, Unforeseen)
    detail = error.detail
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        detail = "; ".join(f"{one.get('key', '')}: {one.get('message', '')}" for one in error.extra)
    return _answer(kind(detail or HTTPStatus(error.status_code).phrase))


def _on_exception(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.error(
        "unforeseen exception",
        method=request.method,
        route=request.scope.get("path_template", ""),
        exception=type(error).__name__,
        exc_info=error,
    )
    return _answer(Unforeseen("an unforeseen error was logged"))


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Refusal: _on_refusal,
    HTTPException: _on_http,
    Exception: _on_exception,
}
