"""The one run of an installation that all tests here look at."""

from collections.abc import Iterator

import pytest

from tests.integration.sight.collector import collecting
from tests.integration.sight.stage import Seen, watch


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What an installation showed while an edition went through it."""
    with collecting() as collector:
        yield watch(tmp_path_factory.mktemp("sight"), collector)
