"""One installation for a whole run: PostgreSQL, NATS and all services, real ones.

Tests share it, so each works in editions of its own and stops nothing.
"""

from collections.abc import Iterator

import pytest

from cli.installation import Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running installation in a temporary directory."""
    with Installation(tmp_path_factory.mktemp("installation")) as running:
        yield running
