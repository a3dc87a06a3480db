"""The engineers' tool of docker-compose.yml, with the very commands that the documents give."""

import json
import shlex
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from shared.edition.officer_keys import format_public
from shared.log.encoding import parse_base64
from tests.docs.pages import ENGLISH, blocks
from tests.editions import EditionBuilder
from tests.integration.deploy.compose import example_environment
from tests.integration.deploy.deployment import Deployment
from tests.polls import Poll

PAGE: Final = ENGLISH / "howto" / "operate-compose.md"
RUN: Final = ["docker", "compose", "run", "--rm", "operator"]


def documented(word: str) -> list[str]:
    """What the document lets the operator run, of the commands that have this word."""
    lines = (
        shlex.split(line)
        for block in blocks(PAGE)
        for line in block.text.replace("\\\n", " ").splitlines()
    )
    found = {tuple(line[len(RUN) :]) for line in lines if line[: len(RUN)] == RUN and word in line}
    (command,) = found
    return list(command)


@pytest.fixture
async def poll(deployment: Deployment) -> AsyncIterator[Poll]:
    """An edition in the deployment, in which people could vote."""
    seed = parse_base64(deployment.mounted("ballot-1", "log-key.seed").read_text().strip())
    origin = example_environment()["HUIMIN_LOG_ORIGIN"]
    builder = EditionBuilder("kept", origin=origin, log_seed=seed)
    announcers = deployment.directory / "volumes" / "announcers"
    for officer in builder.manifest.officers:
        (announcers / f"{officer.id}.pub").write_text(format_public(officer))
    url = f"http://127.0.0.1:{deployment.port('ballot-1', 8080)}"
    async with aiohttp.ClientSession() as session:
        poll = Poll(session, url, builder)
        if await poll.size() == 0:
            await poll.prepare()
        yield poll


def test_the_doctor_finds_nothing_but_the_provider_that_nobody_has_named(
    deployment: Deployment, poll: Poll
) -> None:
    """Every part can be reached with what the operator has; codes cannot go out yet."""
    del poll
    done = deployment.tool("operator", *deployment.compose.services["operator"].command, "--json")
    levels: dict[str, set[str]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        levels.setdefault(finding["level"], set()).add(finding["check"])
    assert (done.returncode, levels["fail"]) == (1, {"codes"}), done.stdout
    assert levels["unchecked"] == {"certificates", "clock-reference", "secret-files"}


def test_an_upgrade_has_nothing_to_do(deployment: Deployment) -> None:
    """Databases and each process are of this version, as the operator sees them."""
    done = deployment.tool("operator", *documented("upgrade"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("http://") == 5


@pytest.fixture
def survived(deployment: Deployment, poll: Poll, tmp_path: Path) -> Iterator[Path]:
    """What there is on the machine that comes after: a backup, and the files beside it."""
    del poll
    done = deployment.tool("operator", *documented("backup"))
    assert done.returncode == 0, done.stderr
    volumes = deployment.directory / "volumes"
    for name in ("secrets", "backups", "checkpoints", "announcers"):
        shutil.copytree(volumes / name, tmp_path / "volumes" / name)
    yield tmp_path
    shutil.rmtree(volumes / "backups")


async def test_a_backup_is_restored_on_an_empty_postgresql_and_goes_on(
    deployment: Deployment, poll: Poll, survived: Path
) -> None:
    """Started in the order of the document: PostgreSQL alone, the restore, then everything."""
    with Deployment(deployment.compose, survived, first=["postgres"]) as after:
        done = after.tool("operator", *documented("restore"))
        assert done.returncode == 0, done.stderr
        after.up()
        url = f"http://127.0.0.1:{after.port('ballot-2', 8080)}"
        assert await poll.at(url).checkpoint() == await poll.checkpoint()


def test_migrations_before_the_restore_are_in_its_way(
    deployment: Deployment, survived: Path
) -> None:
    """`docker compose up` has made databases: the restore refuses, and names one."""
    with Deployment(deployment.compose, survived, first=["migrate"]) as after:
        done = after.tool("operator", *documented("restore"))
    assert done.returncode == 1
    assert "there is a database huimin_" in done.stderr
