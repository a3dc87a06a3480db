"""Runs one process of the ballot service: `python -m services.ballot`."""

import sys

from services.ballot.app import create_app
from services.ballot.settings import Settings
from shared.service.process import run

if __name__ == "__main__":
    sys.exit(run("ballot", Settings, create_app))
