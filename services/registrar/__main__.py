"""Runs the registrar: `python -m services.registrar`."""

import sys

from services.registrar.app import create_app
from services.registrar.pace import Pace
from services.registrar.settings import Settings
from shared.service.process import run

if __name__ == "__main__":
    sys.exit(run("registrar", Settings, lambda given, drain: create_app(given, drain, Pace())))
