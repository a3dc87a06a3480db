"""The image, built once, and the compose file's services run from it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.buildah import Buildah
from tests.integration.deploy.compose import example_environment, load
from tests.integration.deploy.deployment import Deployment

USER = 10001


@pytest.fixture(scope="session")
def image() -> Iterator[Buildah]:
    """The image of deploy/Dockerfile, and a container of it."""
    directory = Path(tempfile.mkdtemp(prefix="huimin-image-", dir="/var/tmp"))  # large
    directory.chmod(0o711)
    buildah = Buildah(directory)
    try:
        buildah.build()
        yield buildah
    finally:
        buildah.unmount()
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def deployment(image: Buildah) -> Iterator[Deployment]:
    """Everything that docker-compose.yml names; what has our image runs from it."""
    compose = load(example_environment() | {"HUIMIN_HOST": "localhost"})
    with Deployment(compose, image.data, launch=image.launch, owner=USER) as running:
        yield running
