"""Structured logs: one JSON object a line, and only fields that are on the list.

A field that is not on the list is dropped and its name is reported, so that no body, token, address
or identity reaches a log because somebody passed one along.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

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


def configure_logging(service: str, level: str = "info") -> None:
    """Write logs of this process to standard error as JSON; libraries' logs included."""
    shared_processors: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _bind_service(service),
        structlog.processors.format_exc_info,
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
            foreign_pre_chain=shared_processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                drop_unlisted,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
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


def _bind_service(service: str) -> Any:
    def bind(
        _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["service"] = service
        return event

    return bind


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]
