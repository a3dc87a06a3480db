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
APART: Final = (
    "integration/deploy/*.py",
    "integration/operation/*.py",
    "integration/privileges/*.py",
    "integration/sight/*.py",
    "integration/test_faults.py",
    "integration/test_interfaces.py",
    "integration/test_separation.py",
    "integration/test_stopping.py",
)
"""Tests with an installation of their own: one worker runs all that share it, after the others."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run apart, and say which of them belong together."""
    for item in items:
        path = item.path.relative_to(TESTS)
        for pattern in APART:
            if path.match(pattern):
                item.add_marker("apart")
                item.add_marker(pytest.mark.xdist_group(pattern))
