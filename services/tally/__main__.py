"""Runs the tally service: `python -m services.tally`."""

import os
import sys

import structlog

from services.tally.app import create_app
from services.tally.pace import Pace
from services.tally.settings import Settings
from shared.service.logging import configure_logging
from shared.service.server import Drain, serve
from shared.service.settings import BadSettings, load_settings


def main() -> int:
    """Serve until told to stop. 0: stopped; 1: it could not start, and the log says why."""
    configure_logging("tally")
    drain = Drain()
    try:
        settings = load_settings(Settings, "tally", os.environ)
        app = create_app(settings, drain, Pace())
    except BadSettings as error:
        structlog.get_logger().critical("bad settings", why=str(error))
        return 1
    configure_logging("tally", settings.log_level)
    started = serve(app, drain, host=settings.host, port=settings.port)
    return 0 if started else 1


if __name__ == "__main__":
    sys.exit(main())
