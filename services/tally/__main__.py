"""Runs the tally service: `python -m services.tally`."""

import sys

from services.tally.app import create_app
from services.tally.pace import Pace
from services.tally.settings import Settings
from shared.service.process import run

if __name__ == "__main__":
    sys.exit(run("tally", Settings, lambda settings, drain: create_app(settings, drain, Pace())))
