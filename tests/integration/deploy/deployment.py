"""Runs what docker-compose.yml names, without containers: same commands, environment and secrets.

What a container engine would provide is put in mechanically, and nothing else is changed: names of
hosts with their ports become loopback addresses, `/run/secrets/` and the volumes' paths become
directories. Those replacements are applied alike to commands, environments, health checks and the
contents of mounted files. Services start in the order, and on the conditions, that the file gives.

PostgreSQL is the wheel's, set up as the image does it, with the options of the file; all else are
the programs that it names.
"""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Final, Self

from cli.embedded.binaries import POSTGRES
from cli.embedded.directory import write_private
from cli.embedded.endpoint import free_port
from tests.integration.deploy.compose import ROOT, Compose, Service
from tests.integration.deploy.image_postgres import PASSWORD_FILE, ImagePostgres

PATIENCE_S: Final = 60.0
POSTGRES_NAME: Final = "postgres"
SECRETS_TOOL: Final = "secrets"
IMAGE_ENVIRONMENT: Final[Mapping[str, Mapping[str, str]]] = {
    "proxy": {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/data/config"}
}
"""What images set themselves, and a program would otherwise take from whoever runs the tests."""

_ADDRESS: Final = re.compile(r"(?<![\w.-])(?:(?P<host>[A-Za-z0-9][\w.-]*):)?(?P<port>\d{4,5})\b")


Launch = Callable[[Service, list[str], dict[str, str]], list[str]]
"""The command line that runs a service's command, with what the compose file sets in its
environment; the default runs it as it is."""


class Deployment:
    """The services of a compose file as processes on loopback; `with` starts and stops them.

    `first` names those to start with, until `up` is called; else all that have no profile.
    Files and directories that services find are given to the numeric user `owner`, if there is one.
    """

    def __init__(
        self,
        compose: Compose,
        directory: Path,
        *,
        launch: Launch = lambda _service, command, _environment: command,
        owner: int | None = None,
        first: Sequence[str] | None = None,
    ) -> None:
        self.compose = compose
        self.directory = directory
        self._launch = launch
        self._owner = owner
        self._first = first
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._finished: set[str] = set()
        self._ports = {
            (name, int(port)): free_port()
            for name, service in compose.services.items()
            for port in own_ports(service)
        }
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self._stop)
            self._make_secrets()
            self._up(self._first, stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def up(self) -> None:
        """Start what does not run yet of the services without a profile."""
        self._up(None, self._stack)

    @contextmanager
    def only(self, name: str) -> Iterator[None]:
        """Run nothing but this service; whoever calls plays those that it needs."""
        try:
            self._mount(name, self.compose.services[name])
            self._start(name, self.compose.services[name])
            self._await_health(name)
            yield
        finally:
            self._stop()

    def port(self, service: str, port: int) -> int:
        """The loopback port that stands for a container's."""
        return self._ports[service, port]

    def log(self, name: str) -> str:
        """What a service has printed."""
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def mounted(self, name: str, secret: str) -> Path:
        """The file that the service finds below `/run/secrets/`."""
        assert secret in self.compose.services[name].secrets
        return self.directory / "run-secrets" / secret

    def check_health(self, name: str) -> "subprocess.CompletedProcess[bytes]":
        """Run the health check that the file names for the service, once."""
        health = self.compose.services[name].healthcheck
        assert health is not None, name
        assert health.test[0] == "CMD"
        return subprocess.run(
            self._command(name, health.test[1:]),
            env=self._environment(name),
            capture_output=True,
            timeout=30,
            check=False,
        )

    def tool(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """What `docker compose run --rm NAME WORDS` runs; without words, the service's command."""
        service = self.compose.services[name]
        self._mount(name, service)
        return subprocess.run(
            self._command(name, words or service.command),
            env=self._environment(name),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def _make_secrets(self) -> None:
        tool = self.compose.services[SECRETS_TOOL]
        if os.geteuid() != 0:  # nobody else may give files away
            tool.command = tool.command[: tool.command.index("--services-user")]
        self._mount(SECRETS_TOOL, tool)
        self._finish(SECRETS_TOOL, tool)
        password = self.directory / POSTGRES_NAME / "secrets" / "postgres"
        password.parent.mkdir(parents=True, mode=0o700)
        write_private(password, self._secret("postgres.password").read_text())

    def _secret(self, name: str) -> Path:
        return self.directory / "volumes" / self.compose.secrets[name].file.removeprefix("./")

    def _up(self, names: Sequence[str] | None, stack: ExitStack) -> None:
        services = self.compose.services
        for name in (
            [one for one in services if not services[one].profiles] if names is None else names
        ):
            self._ensure(name, stack)
        for name in self.running:
            self._await_health(name)

    def _ensure(self, name: str, stack: ExitStack) -> None:
        """Start the service after what it needs, unless that was done."""
        if name in self.running or name in self._finished:
            return
        service = self.compose.services[name]
        for needed, need in service.depends_on.items():
            self._ensure(needed, stack)
            if need.condition == "service_healthy":
                self._await_health(needed)
            else:
                assert need.condition == "service_completed_successfully"
                assert needed in self._finished
        self._mount(name, service)
        if name == POSTGRES_NAME:
            self._start_postgres(service, stack)
        elif name == "migrate":
            self._finish(name, service)
        else:
            self._start(name, service)

    def _start_postgres(self, service: Service, stack: ExitStack) -> None:
        assert service.command[0] == "postgres"
        password = self.mounted(POSTGRES_NAME, "postgres.password")
        assert self._environment(POSTGRES_NAME)[PASSWORD_FILE] == str(password)
        data = self.directory / POSTGRES_NAME
        server = ImagePostgres(data, service.environment, password, service.command[1:])
        stack.enter_context(server)
        self._ports[POSTGRES_NAME, 5432] = server.port
        self._finished.add(POSTGRES_NAME)

    def _finish(self, name: str, service: Service) -> None:
        self._start(name, service).wait(PATIENCE_S)
        assert self.running.pop(name).returncode == 0, self.log(name)
        self._finished.add(name)

    def _start(self, name: str, service: Service) -> "subprocess.Popen[bytes]":
        command = self._command(name, service.command)
        with (self.directory / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command,
                env=self._environment(name),
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self.running[name]

    def _command(self, name: str, words: Sequence[str]) -> list[str]:
        service = self.compose.services[name]
        given = {key: self._mapped(value, name) for key, value in service.environment.items()}
        return self._launch(service, [self._mapped(word, name) for word in words], given)

    def _environment(self, name: str) -> dict[str, str]:
        service = self.compose.services[name]
        path = f"{Path(sys.executable).parent}:{_postgres_programs()}:/usr/local/bin:/usr/bin:/bin"
        given = {**IMAGE_ENVIRONMENT.get(name, {}), **service.environment}
        return {"PATH": path, **{key: self._mapped(value, name) for key, value in given.items()}}

    def _await_health(self, name: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.check_health(name)).returncode != 0:
            process = self.running.get(name)
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"{name}: {answer.stderr!r}\n{self.log(name)[-4000:]}")
            time.sleep(0.1)

    def _mount(self, name: str, service: Service) -> None:
        (self.directory / "run-secrets").mkdir(exist_ok=True)
        for secret in service.secrets:
            text = self._mapped(self._secret(secret).read_text(), name)
            write_private(self.directory / "run-secrets" / secret, text)
            self._give(self.directory / "run-secrets" / secret)
        for volume, (_, here) in zip(service.volumes, self._volumes(name, service), strict=True):
            source, target = ROOT / volume.split(":")[0], Path(here)
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(self._mapped(source.read_text(), name))
            else:
                target.mkdir(parents=True, exist_ok=True)
                if name != SECRETS_TOOL:
                    self._give(target)

    def _give(self, path: Path) -> None:
        if self._owner is not None:
            os.chown(path, self._owner, self._owner)

    def _volumes(self, name: str, service: Service) -> list[tuple[str, str]]:
        """Paths in the container, and what stands for them: the same for the same volume."""
        pairs = []
        for volume in service.volumes:
            source, target = volume.split(":")[:2]
            shared = source.removeprefix("./").replace("/", "-")
            pairs.append((target, str(self.directory / "volumes" / shared)))
        return pairs

    def _mapped(self, text: str, name: str) -> str:
        service = self.compose.services[name]
        own = own_ports(service)

        def address(found: re.Match[str]) -> str:
            host, port = found["host"], int(found["port"])
            if (host, port) in self._ports:
                return f"127.0.0.1:{self._ports[host, port]}"
            if str(port) in own and host in (None, "127.0.0.1"):
                here = str(self._ports[name, port])
                return here if host is None else f"{host}:{here}"
            return found[0]

        text = _ADDRESS.sub(address, text)
        text = text.replace("/run/secrets", str(self.directory / "run-secrets"))
        for target, here in self._volumes(name, service):
            text = text.replace(target, here)
        for proxy in _addresses(self.compose):
            text = re.sub(rf"(?<![\d.]){re.escape(proxy)}(?![\d.])", "127.0.0.1", text)
        return text.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 # what is replaced

    def _stop(self) -> None:
        for process in reversed(self.running.values()):
            if process.poll() is None:
                os.kill(program_pid(process.pid), signal.SIGTERM)
        for process in reversed(self.running.values()):
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def program_pid(pid: int) -> int:
    """The program's own process: below those of the tool that runs it in a container, if any."""
    while b"buildah" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        started = " ".join(one.read_text() for one in tasks).split()
        if not started:  # it has ended, and the tool is about to
            return pid
        pid = int(started[0])
    return pid


def own_ports(service: Service) -> list[str]:
    """The ports that a service listens on in its container."""
    monitor = ["8222"] if "nats-server" in service.command else []
    return [*service.expose, *(port.split(":")[-1] for port in service.ports), *monitor]


def connect_tls(port: int, *, source: str = "127.0.0.1") -> ssl.SSLSocket:
    """A TLS connection to the proxy's public port, from this address of the machine.

    The proxy makes itself a certificate when it starts, and until then ends the handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    deadline = time.monotonic() + PATIENCE_S
    while True:
        raw = socket.create_connection(("127.0.0.1", port), 20, (source, 0))
        try:
            return context.wrap_socket(raw, server_hostname="localhost")
        except ssl.SSLError:
            raw.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _addresses(compose: Compose) -> Iterator[str]:
    """The fixed addresses of services: all of them are this machine."""
    for service in compose.services.values():
        if isinstance(service.networks, dict):
            yield from (one["ipv4_address"] for one in service.networks.values() if one)


def _postgres_programs() -> str:
    files = distribution(POSTGRES.wheel).files or []
    found = next(one for one in files if str(one).endswith(POSTGRES.path))
    return str(Path(str(found.locate())).parent)
