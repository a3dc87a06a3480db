"""The compose file's services, started once for the tests of this directory."""

from collections.abc import Iterator

import pytest

from tests.integration.deploy.compose import example_environment, load
from tests.integration.deploy.deployment import Deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Everything that docker-compose.yml names, running."""
    compose = load(example_environment() | {"HUIMIN_HOST": "localhost"})
    with Deployment(compose, tmp_path_factory.mktemp("deployment")) as running:
        yield running
