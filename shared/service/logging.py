"""Structured logs: one JSON object a line, and only fields that are on the list.

A field that is not on the list is dropped and its name is reported, so that no body, token, address
or identity reaches a log because somebody passed one along. An exception is logged by its type and
by where it was raised, without its text: that may quote what was being worked on, as a database
does in the details of an error. Of libraries' logs only those are quoted that are known not to
speak of people.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Final

import structlog

ALLOWED_FIELDS = frozenset(
    {
        "event", "level", "timestamp", "service", "pid", "error", "exception",
        "edition", "phase", "size", "start", "end", "index", "what", "why", "stream",
        "method", "route", "status", "seconds", "port", "url", "version", "migration",
        "attempt", "batch", "copy", "reason", "dropped_fields",
        "channel", "milestone", "total", "sent", "pending", "failed", "unknown", "dead", "rate",
        "eta_s",
    }
)  # fmt: skip

QUOTED: Final = ("asyncio", "opentelemetry", "py", "uvicorn")
"""Libraries whose messages are logged. Only the first line: what follows shows values."""


def configure_logging(service: str, level: str = "info") -> None:
    """Write logs of this process to standard error as JSON; libraries' logs included."""
    shared_processors: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _bind_service(service),
        structlog.processors.ExceptionRenderer(_told),
    ]
    structlog.configure(
        processors=[
            *shared_processors,
            drop_unlisted,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_quote, *shared_processors],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                drop_unlisted,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def drop_unlisted(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """A structlog processor that keeps `ALLOWED_FIELDS` and names what it dropped."""
    unlisted = sorted(event.keys() - ALLOWED_FIELDS)
    for name in unlisted:
        del event[name]
    if unlisted:
        event["dropped_fields"] = unlisted
    return event


def _told(exc_info: Any) -> str:
    """Type and place of an exception and of what led to it, innermost first; never its text."""
    return "\n".join(_chain(exc_info[1]))


def _chain(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        yield f"{kind.__module__}.{kind.__qualname__}{why}"
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from (f"  | {line}" for line in _chain(one))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _quote(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor for the logs of libraries."""
    record: logging.LogRecord = event["_record"]
    if record.name.partition(".")[0] in QUOTED:
        event["event"] = str(event["event"]).partition("\n")[0]
    else:
        event["event"], event["what"] = "a library has logged something", record.name
    return event


def _bind_service(service: str) -> Any:
    def bind(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return bind


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]
