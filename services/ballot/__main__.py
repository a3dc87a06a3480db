"""Runs one process of the ballot service: `python -m services.ballot`."""

import os
import sys

import structlog

from services.ballot.app import create_app
from services.ballot.settings import Settings
from shared.service.logging import configure_logging
from shared.service.server import Drain, serve
from shared.service.settings import BadSettings, load_settings


def main() -> int:
    """Serve until told to stop. 0: stopped; 1: could not start or had to stop; 2: bad settings."""
    configure_logging("ballot")
    try:
        settings = load_settings(Settings, "ballot", os.environ)
    except BadSettings as error:
        structlog.get_logger().critical("bad settings", why=str(error))
        return 2
    configure_logging("ballot", settings.log_level)
    drain = Drain()
    in_order = serve(create_app(settings, drain), drain, host=settings.host, port=settings.port)
    return 0 if in_order else 1


if __name__ == "__main__":
    sys.exit(main())
