"""What the Kubernetes files say to programs, said to the real ones: settings, NATS, three of them.

Paths and ports are mapped into a directory and to free ones of this machine; nothing else changes.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import aiohttp
import nats
import pytest
import yaml
from nats.aio.client import Client

from cli.embedded.account import current_account
from cli.embedded.binaries import NATS_SERVER, program
from cli.embedded.endpoint import free_port
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from shared.service.subjects import run_subject, stream_name
from tests.editions import EditionBuilder
from tests.integration.ballot.service import open_site
from tests.polls import Poll, until
from tests.servers import seed_file
from tests.unit.deploy.manifests import (
    KUBERNETES,
    SERVICES,
    containers,
    environment,
    named,
    of_kind,
    overlay,
    rendered,
)

LIMIT_S: Final = 20.0
ELECTIONS_S: Final = 60.0


class Server(NamedTuple):
    """A nats-server: where clients connect, and where it tells about itself."""

    url: str
    monitor: str
    process: "subprocess.Popen[bytes]"

    def says(self, path: str) -> dict[str, Any]:
        """One of its documents."""
        with urlopen(f"{self.monitor}/{path}", timeout=5) as answer:  # noqa: S310  # our own
            found: dict[str, Any] = json.load(answer)
        return found


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `secrets/` with the files that its own script makes."""
    copy = tmp_path_factory.mktemp("kubernetes") / "secrets"
    shutil.copytree(KUBERNETES / "secrets", copy, ignore=shutil.ignore_patterns("files"))
    _prepare(copy)
    return copy


def test_secrets_are_made_of_the_files_that_the_script_writes(secrets: Path) -> None:
    """Every one, each with its contents, and addresses at its own side's database."""
    made = {one["metadata"]["name"]: one for one in of_kind(rendered(secrets), "Secret")}
    urls = {
        name: one["stringData" if "stringData" in one else "data"] for name, one in made.items()
    }
    assert all(all(values.values()) for values in urls.values())
    assert (secrets / "files/people/registrar.database-url").read_text().count(
        "@postgres-people:5432/huimin_registrar"
    ) == 1
    assert (secrets / "files/ballots/tally.database-url").read_text().count(
        "@postgres-ballots:5432/huimin_tally"
    ) == 1


@pytest.mark.parametrize("side", ["ballots", "people"])
def test_migrations_log_in_as_the_administrator_whom_the_image_makes(
    secrets: Path, side: str
) -> None:
    """Name, password and database of the address are those that PostgreSQL's container is given."""
    server = named(overlay("single-node"), "StatefulSet", f"postgres-{side}")
    given = {one["name"]: one["value"] for one in containers(server)[0]["env"]}
    files = sources(secrets, f"huimin-postgres-{side}")
    url = urlsplit(files["admin-url"].read_text().strip())
    assert Path(given["POSTGRES_PASSWORD_FILE"]).parent == Path("/run/secrets/postgres")
    assert (url.username, url.password, url.hostname, url.path) == (
        given["POSTGRES_USER"],
        files["password"].read_text().strip(),
        f"postgres-{side}",
        f"/{given['POSTGRES_DB']}",
    )


def test_administrators_of_the_two_sides_have_passwords_of_their_own(secrets: Path) -> None:
    """Whoever has one side's is not let in at the other."""
    first, second = (
        sources(secrets, f"huimin-postgres-{side}")["password"].read_text()
        for side in ("ballots", "people")
    )
    assert first != second


def test_secrets_made_again_stay_as_they_are(secrets: Path) -> None:
    """The script run twice changes no file that a Secret is made of."""
    before = _contents(secrets / "files")
    _prepare(secrets)
    assert _contents(secrets / "files") == before


def test_each_service_takes_its_pods_settings(secrets: Path, tmp_path: Path) -> None:
    """`--check` in the pod's environment, with the files of its own Secret and no other's."""
    objects = overlay("production")
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    checks = []
    for service in SERVICES:
        files = tmp_path / service
        files.mkdir()
        for key, source in sources(secrets, f"huimin-{service}").items():
            shutil.copyfile(source, files / key)
        given = environment(objects, named(objects, "Deployment", service))
        there = "/run/secrets/huimin"
        here = {key: value.replace(there, str(files)) for key, value in given.items()}
        command = [sys.executable, "-m", f"services.{service}", "--check"]
        checks.append(subprocess.Popen(command, env=here | kept, stdout=subprocess.PIPE))
    said = [check.communicate(timeout=120)[0] for check in checks]
    assert [check.returncode for check in checks] == [0, 0, 0, 0], said


async def test_one_server_of_nats_syncs_always_and_knows_the_services(
    secrets: Path, tmp_path: Path
) -> None:
    """The overlay single-node: ballot logs in with its nkey; somebody without one does not."""
    objects = overlay("single-node")
    (config,) = (
        one["data"]["nats.conf"]
        for one in of_kind(objects, "ConfigMap")
        if one["metadata"]["name"].startswith("nats-config-")
    )
    port, monitor = free_port(), free_port()
    for old, new in (
        ("port: 4222", f"port: {port}"),
        ("http_port: 8222", f"http_port: {monitor}"),
        ("store_dir: /data", f"store_dir: {tmp_path}/data"),
        ("/tmp/nats.pid", f"{tmp_path}/nats.pid"),  # noqa: S108  # of the container
    ):
        assert config.count(old) == 1
        config = config.replace(old, new)
    with running(tmp_path, secrets, config, port, monitor) as server:
        jetstream = server.says("varz")["jetstream"]["config"]
        assert jetstream["sync_always"] is True
        client = await ballot_client(secrets, server)
        assert client.is_connected
        await client.close()
        with pytest.raises(nats.errors.Error):
            await nats.connect(server.url, allow_reconnect=False, error_cb=_heard)


async def test_streams_are_on_three_servers_and_outlive_one(
    secrets: Path,
    tmp_path: Path,
    postgres_server: Postgres,
    nats_server: NatsServer,
    http: aiohttp.ClientSession,
) -> None:
    """The overlay production: a ballot service with its settings, and the chart with our values."""
    objects = overlay("production")
    given = environment(objects, named(objects, "Deployment", "ballot"))
    seed = (secrets / "files" / "ballot.nkey").read_text().strip()
    seed_file(nats_server.data, "ballot").write_text(seed)
    with ExitStack() as stack:
        servers = [stack.enter_context(one) for one in cluster(secrets, tmp_path)]
        site = stack.enter_context(open_site(tmp_path, postgres_server, nats_server))
        settings = {
            "nats_url": servers[0].url,
            "stream_replicas": given["HUIMIN_BALLOT_STREAM_REPLICAS"],
        }
        ballot = stack.enter_context(site.running(**settings))
        assert all(one.says("varz")["jetstream"]["config"]["sync_always"] for one in servers)
        poll = Poll(http, ballot.url, EditionBuilder("in-three"))
        await poll.prepare()
        client = await ballot_client(secrets, servers[0])
        stream = client.jetstream()
        name = stream_name(poll.edition)

        async def replicated() -> bool:
            try:
                info = await stream.stream_info(name)
            except nats.errors.Error:  # not there yet, or no leader
                return False
            replicas = (info.cluster and info.cluster.replicas) or ()
            current = [one for one in replicas if one.current]
            return info.config.num_replicas == 3 and len(current) == 2

        await until(replicated, ELECTIONS_S)
        servers[2].process.kill()  # not the one that the ballot service is connected to
        await poll.vote(1, "i01")

        async def published() -> bool:
            try:
                last = await stream.get_last_msg(name, run_subject(poll.edition))
            except nats.errors.Error:  # another server has to lead first
                return False
            return b"\n5\n" in (last.data or b"")

        await until(published, ELECTIONS_S)
        await client.close()


def cluster(secrets: Path, directory: Path) -> Iterator[AbstractContextManager[Server]]:
    """Three servers with the configuration that the chart makes of our values."""
    values = yaml.safe_load((KUBERNETES / "overlays/production/nats-values.yaml").read_text())
    assert values["config"]["cluster"] == {"enabled": True, "replicas": 3}
    ports = [(free_port(), free_port(), free_port()) for _ in range(3)]
    routes = [f"nats://127.0.0.1:{route}" for _, _, route in ports]
    for number, (port, monitor, route) in enumerate(ports):
        home = directory / f"nats-{number}"
        home.mkdir()
        config = {
            "server_name": f"nats-{number}",
            "lame_duck_grace_period": "10s",
            "lame_duck_duration": "30s",
            "port": port,
            "http_port": monitor,
            "cluster": {"name": "nats", "port": route, "no_advertise": True, "routes": routes},
            "jetstream": {"max_memory_store": 0, "store_dir": str(home / "data")}
            | values["config"]["jetstream"]["merge"],
        } | values["config"]["merge"]
        text = json.dumps(config, indent=2, sort_keys=True)
        text = re.sub(r'".*\$include": "(.*)",?', r"include \1;", text)
        yield running(home, secrets, text, port, monitor)


@contextmanager
def running(home: Path, secrets: Path, config: str, port: int, monitor: int) -> Iterator[Server]:
    """A server on this configuration, with the users' file where the volume has it."""
    for directory in ("nats", "nats-users"):
        (home / "etc" / directory).mkdir(parents=True)
    users = sources(secrets, "huimin-nats")
    shutil.copyfile(users["users.conf"], home / "etc/nats-users/users.conf")
    (home / "etc/nats/nats.conf").write_text(config)
    binary = program(NATS_SERVER, current_account())
    with (home / "nats.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, "--config", str(home / "etc/nats/nats.conf")], stdout=log, stderr=log
        )
    server = Server(f"nats://127.0.0.1:{port}", f"http://127.0.0.1:{monitor}", process)
    try:
        _await_listening(server, home / "nats.log")
        yield server
    finally:
        process.kill()
        process.wait()


def _prepare(secrets: Path) -> None:
    here = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": here}
    command = [secrets / "prepare"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def _await_listening(server: Server, log: Path) -> None:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, log.read_text()
        try:
            server.says("varz")
        except (URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(log.read_text())


def sources(secrets: Path, name: str) -> Mapping[str, Path]:
    """The files that a Secret is made of, by its keys."""
    plan = yaml.safe_load((secrets / "kustomization.yaml").read_text())
    (files,) = (one["files"] for one in plan["secretGenerator"] if one["name"] == name)
    pairs = (file.split("=") for file in files)
    return {key: secrets / path for key, path in pairs}


async def ballot_client(secrets: Path, server: Server) -> Client:
    """A connection with the ballot service's rights."""
    seed = (secrets / "files" / "ballot.nkey").read_text().strip()
    return await nats.connect(server.url, nkeys_seed_str=seed, inbox_prefix="_INBOX_ballot")


async def _heard(_error: Exception) -> None:
    """What NATS says in passing is of no interest here."""


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """What the edition is asked with."""
    async with aiohttp.ClientSession() as session:
        yield session
