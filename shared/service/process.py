"""What every service's `__main__` does: settings, logging, serving, exit status."""

import os
from collections.abc import Callable
from typing import TypeVar

import structlog
from litestar.types import ASGIApp

from shared.service.logging import configure_logging
from shared.service.nats import check_nkey_seed
from shared.service.server import Drain, serve
from shared.service.settings import BadSettings, ServiceSettings, load_settings

S = TypeVar("S", bound=ServiceSettings)


def run(service: str, kind: type[S], create_app: Callable[[S, Drain], ASGIApp]) -> int:
    """Serve until told to stop. 0: stopped; 1: could not start or had to stop; 2: bad settings."""
    configure_logging(service)
    drain = Drain()
    try:
        settings = load_settings(kind, service, os.environ)
        check_nkey_seed(settings.nats_nkey_seed)
        app = create_app(settings, drain)
    except BadSettings as error:
        structlog.get_logger().critical("bad settings", why=str(error))
        return 2
    configure_logging(service, settings.log_level)
    in_order = serve(app, drain, host=settings.host, port=settings.port)
    return 0 if in_order else 1
