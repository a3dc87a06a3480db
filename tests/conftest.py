"""Fixtures for all tests, what they log to, and which of them one worker runs."""

import sys
from pathlib import Path
from typing import Final

import pytest
import structlog

pytest_plugins = ("tests.servers", "tests.installation", "tests.browser.vote_fixtures")

# Commands that a test runs in its own process print to standard output: it has to be theirs alone.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

TESTS: Final = Path(__file__).parent
TOGETHER: Final = (
    "browser/test_vote*.py",
    "browser/test_[!v]*.py",
    "integration/deploy/*.py",
    "integration/operation/*.py",
    "integration/privileges/*.py",
    "integration/registration/*.py",
    "integration/sight/*.py",
    "integration/test_cli_*.py",
    "integration/test_faults.py",
    "integration/test_interfaces.py",
    "integration/test_separation.py",
    "integration/test_stopping.py",
)
"""Files whose tests share something that takes long to start: one worker runs them all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the group of each test that has one, for `--dist loadgroup`."""
    for item in items:
        path = item.path.relative_to(TESTS)
        for pattern in TOGETHER:
            if path.match(pattern):
                item.add_marker(pytest.mark.xdist_group(pattern))
