"""Editions whose roll and issuer key are those of the real registrar."""

import itertools
from pathlib import Path

import pytest

from cli.installation import Installation
from tests.command_line import CommandLine, Office
from tests.electorate import Electorate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def electorate(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Electorate:
    """An open edition with a roll, shared by tests that only add voters."""
    line = CommandLine(tmp_path_factory.mktemp("registration"))
    electorate = Electorate(Office(installation, line, "registration-shared"))
    electorate.open()
    return electorate


@pytest.fixture
def own(installation: Installation, tmp_path: Path) -> Electorate:
    """An edition of the test's own, not open yet."""
    return Electorate(Office(installation, CommandLine(tmp_path), f"registration-{next(_numbers)}"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a voter's file will be."""
    return tmp_path / "me.json"
