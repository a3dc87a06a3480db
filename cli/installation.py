"""A whole installation in one directory: PostgreSQL, NATS and the services, as real processes.

`huimin up`, `huimin demo`, the benchmarks and the tests all use this; nothing in it is for one of
them alone. Layout of the directory: `postgres/`, `nats/`, `services/`, `secrets/` (0600), `logs/`,
`announcers/` (public keys of officers who may announce), `checkpoints/` (published copies).
"""

import asyncio
import os
import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.database_roles import CannotSetUp
from cli.databases import set_up
from cli.embedded.directory import DataDirectory, secret, write_private
from cli.embedded.endpoint import remembered_port
from cli.embedded.errors import Unusable
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from cli.roles import SERVICES, database_role, nats_users, nkey_file
from cli.service_process import ServiceProcess

PROCESSES: Final[Mapping[str, int]] = {"ballot": 2, "tally": 1, "notify": 1, "registrar": 1}
"""How many processes of each service run, unless somebody wants it otherwise."""

ServiceSettings = Mapping[str, Mapping[str, str]]
"""For each service, settings that are added to what every installation sets."""

NO_SETTINGS: Final[ServiceSettings] = {}

Progress = Callable[[str], None]


class Installation:
    """`with Installation(data) as huimin:` runs everything in the directory `data`.

    `processes` says how many of each service; one that is not named does not run. `settings` are
    added to what every installation sets. Raises the errors of `cli.embedded.errors` and
    `ServiceFailed`.
    """

    def __init__(
        self,
        data: Path,
        *,
        processes: Mapping[str, int] = PROCESSES,
        settings: ServiceSettings = NO_SETTINGS,
        log_level: str = "info",
        progress: Progress = lambda _: None,
    ) -> None:
        self.data = data.absolute()
        self.postgres = Postgres(self.data, progress=progress)
        self.services: dict[str, ServiceProcess] = {}
        self._processes = processes
        self._settings = settings
        self._log_level = log_level
        self._progress = progress
        self._ports: dict[str, int] = {}
        self._stack = ExitStack()

    @property
    def secrets(self) -> Path:
        """Where secrets are kept, 0600 each."""
        return self.data / "secrets"

    @property
    def announcers(self) -> Path:
        """Where the public keys of officers are who may announce editions."""
        return self.data / "announcers"

    @property
    def checkpoints(self) -> Path:
        """Where published checkpoints are copied to."""
        return self.data / "checkpoints"

    @property
    def log_key_seed(self) -> bytes:
        """The Ed25519 seed that signs the logs, made at the first look; a secret."""
        return b64decode(secret(self._log_key_file, lambda: b64encode(os.urandom(32)).decode()))

    @property
    def log_origin(self) -> str:
        """The prefix of the logs' origins: two installations must never share a log's name."""
        return f"huimin.localhost/{_public_key(self.log_key_seed)[:4].hex()}"

    @property
    def ballot_url(self) -> str:
        """The public interface of the ballot box, and of the log."""
        return f"http://127.0.0.1:{self._port('ballot')}"

    @property
    def tally_url(self) -> str:
        """The public interface of the tally."""
        return f"http://127.0.0.1:{self._port('tally')}"

    @property
    def registrar_url(self) -> str:
        """The public interface of the registrar, and its desk."""
        return f"http://127.0.0.1:{self._port('registrar')}"

    @property
    def notify_url(self) -> str:
        """The public interface of the notify service, and the development inbox."""
        return f"http://127.0.0.1:{self._port('notify')}"

    def desk_token_file(self, service: str) -> Path:
        """Where the token of a service's desk is, made at the first look; a secret."""
        file = self.secrets / f"desk-{service}.token"
        secret(file)
        return file

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(DataDirectory(self.data))
            for directory in (self.secrets, self.announcers, self.checkpoints):
                directory.mkdir(mode=0o700, exist_ok=True)
            self._progress("starting PostgreSQL and NATS")
            self.nats = NatsServer(self.data, nats_users(self.secrets), progress=self._progress)
            stack.enter_context(self.postgres)
            stack.enter_context(self.nats)
            self._set_up_databases()
            stack.enter_context(self._running_services())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress("stopping")
        self._stack.close()

    def revive(self) -> list[str]:
        """Start again whatever has ended by itself; returns the names of what had."""
        ended = []
        for name, server in (("PostgreSQL", self.postgres), ("NATS", self.nats)):
            if not server.alive:
                server.stop()
                server.start()
                ended.append(name)
        for process in self.services.values():
            if not process.alive:
                process.stop()
                process.start()
                ended.append(process.name)
        return ended

    def database_url(self, service: str) -> str:
        """The address of a service's database for its own role; it contains the password."""
        role = database_role(service)
        return self.postgres.dsn(role, role, secret(self.secrets / f"{role}.password"))

    @property
    def _log_key_file(self) -> Path:
        return self.secrets / "log-key.seed"

    def _set_up_databases(self) -> None:
        passwords = {
            service: secret(self.secrets / f"{database_role(service)}.password")
            for service in SERVICES
        }
        try:
            asyncio.run(set_up(self.postgres.admin_dsn, passwords, dedicated=True))
        except CannotSetUp as error:
            raise Unusable(str(error)) from error

    @contextmanager
    def _running_services(self) -> Iterator[None]:
        self._progress("starting the services")
        for service in self._processes:
            shutil.rmtree(self._counts(service))
        for service, count in self._processes.items():
            for number in range(count):
                self._add(f"{service}-{number}", service)
        try:
            for process in self.services.values():
                process.start()
            for process in self.services.values():
                process.wait_ready()
            yield
        finally:
            for process in reversed(self.services.values()):
                process.stop()

    def _add(self, name: str, service: str) -> None:
        home = self.data / "services" / name
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = self._environment(service)
        log = self.data / "logs" / f"{name}.log"
        self.services[name] = ServiceProcess(
            name, SERVICES[service].package, home, log, self._port(service), environment
        )

    def _port(self, service: str) -> int:
        """The service's port for all of this run: that of the last run if it is free."""
        if service not in self._ports:
            directory = self.data / "services"
            directory.mkdir(mode=0o700, exist_ok=True)
            self._ports[service] = remembered_port(directory / f"{service}.port")
        return self._ports[service]

    def _environment(self, service: str) -> dict[str, str]:
        """Settings of a service: secrets by file, so that no environment holds one."""
        url_file = self.secrets / f"{service}.database-url"
        write_private(url_file, self.database_url(service))
        values = {
            "port": str(self._port(service)),
            "database_url_file": str(url_file),
            "nats_url": self.nats.url,
            "nats_nkey_seed_file": str(nkey_file(self.secrets, service)),
            "log_origin": self.log_origin,
            "log_level": self._log_level,
        }
        match service:
            case "ballot":
                values["log_key_seed_file"] = str(self._log_key_file)
                values["announcers"] = str(self.announcers)
                values["checkpoint_copies"] = str(self.checkpoints)
                values |= self._public_urls("registrar", "tally", "notify")
            case "tally":
                values["log_url"] = self.ballot_url
                values |= self._public_urls("ballot", "registrar", "notify")
            case "registrar" | "notify":
                values["ballot_url"] = self.ballot_url
                values["key_file"] = str(self._service_key_file(service))
                values["desk_token_file"] = str(self.desk_token_file(service))
        if service != "ballot":
            values["log_key"] = b64encode(_public_key(self.log_key_seed)).decode()
        if service == "notify":  # no provider is configured here: what would be sent is shown
            values["inbox"] = "true"
            values["public_url"] = self.notify_url
            values["voting_url"] = f"{self.ballot_url}/vote#{{edition}}"
            values["board_url"] = f"{self.tally_url}/board#{{edition}}"
        values |= self._settings.get(service, {})
        prefix = f"HUIMIN_{service.upper()}_"
        inherited = {
            name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ
        }
        environment = {prefix + name.upper(): value for name, value in values.items()}
        return inherited | environment | {"PROMETHEUS_MULTIPROC_DIR": str(self._counts(service))}

    def _public_urls(self, *services: str) -> dict[str, str]:
        """Where browsers reach these services: each has an origin of its own here."""
        return {f"{one}_url": f"http://127.0.0.1:{self._port(one)}" for one in services}

    def _service_key_file(self, service: str) -> Path:
        file = self.secrets / f"{service}.key"
        secret(file, lambda: b64encode(os.urandom(32)).decode())
        return file

    def _counts(self, service: str) -> Path:
        """Where the processes of a service add up their metrics, for this run."""
        directory = self.data / "services" / f"{service}-metrics"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory


def _public_key(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
