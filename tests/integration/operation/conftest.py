"""An installation with an open vote, to be looked at by the doctor, backed up and restored.

Tests share it and stop nothing in it; ballots may come at any time.
"""

from collections.abc import Iterator

import pytest

from cli.installation import Installation
from tests.integration.operation.site import Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running installation of its own, in whose edition some people have voted."""
    data = tmp_path_factory.mktemp("site") / "data"
    processes = {"ballot": 1, "tally": 1, "notify": 1, "registrar": 1}
    with Installation(data, processes=processes) as installation:
        site = Site(installation, data.parent / "state")
        site.open()
        yield site
