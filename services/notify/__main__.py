"""Runs the notify service: `python -m services.notify`."""

import sys

from services.notify.app import create_app
from services.notify.outlets import try_outlets
from services.notify.pace import Pace
from services.notify.settings import Settings
from shared.service.process import run

if __name__ == "__main__":
    sys.exit(
        run("notify", Settings, lambda given, drain: create_app(given, drain, Pace()), try_outlets)
    )
