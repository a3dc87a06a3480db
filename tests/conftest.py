"""Fixtures for all tests, what they log to, and which of them one worker runs."""

import sys
from pathlib import PurePath
from typing import Any, Final

import pytest
import structlog
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ("tests.servers", "tests.installation", "tests.browser.vote_fixtures")

# Commands that a test runs in its own process print to standard output: it has to be theirs alone.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

APART: Final = (
    "integration/test_stopping.py",
    "integration/operation/*.py",
    "integration/privileges/*.py",
    "integration/sight/*.py",
    "integration/deploy/*.py",
    "integration/test_separation.py",
    "integration/test_interfaces.py",
    "integration/test_faults.py",
    "browser/test_demo_kept.py",
    "browser/test_vote_crowded.py",
)
"""Tests with an installation of their own, the longest first: after the others, with
`--dist loadscope`, one worker runs all that share it."""


def installation_of(path: PurePath) -> str | None:
    """Which of `APART` a test's file belongs to."""
    return next((pattern for pattern in APART if path.match(pattern)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that run apart."""
    for item in items:
        if installation_of(item.path):
            item.add_marker("apart")
    items.sort(key=lambda item: APART.index(installation_of(item.path) or APART[0]))


class ByInstallation(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives one worker all the tests that share an installation."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return installation_of(PurePath(file)) or file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """For `--dist loadscope`; the other ways are xdist's own."""
    return ByInstallation(config, log) if config.getvalue("dist") == "loadscope" else None
