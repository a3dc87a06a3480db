"""Runs the notify service: `python -m services.notify`."""

import sys

from services.notify.app import create_app
from services.notify.pace import Pace
from services.notify.settings import Settings
from shared.service.process import run

if __name__ == "__main__":
    sys.exit(run("notify", Settings, lambda settings, drain: create_app(settings, drain, Pace())))
