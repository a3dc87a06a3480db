"""The ballot service as real processes, each with the settings that a test gives it.

A `Site` is what several processes may share: a database with the roles of an operation, NATS with
their permissions, announcers, and a directory of checkpoint copies.
"""

import asyncio
import os
import secrets
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import aiohttp
import asyncpg

from cli.embedded.endpoint import remembered_port
from cli.embedded.nats import NatsServer
from cli.embedded.postgres import Postgres
from shared.edition.manifest import Officer
from shared.edition.officer_keys import format_public
from shared.service.migrations import migrate
from tests.editions import LOG_SEED, OFFICERS
from tests.servers import fresh_database, query, seed_file

ORIGIN: Final = "vote.example"
ROLE: Final = "huimin_ballot"
OWNER: Final = "huimin_ballot_owner"
PASSWORD: Final = secrets.token_hex(8)
LIMIT_S: Final = 20.0


class Site:
    """A database (`url` for the service's role), NATS, and directories below `home`."""

    def __init__(self, home: Path, postgres: Postgres, database: str, nats: NatsServer) -> None:
        self.url = postgres.dsn(database, ROLE, PASSWORD)
        self.admin_url = postgres.admin_dsn.replace("/postgres?", f"/{database}?")
        self.postgres = postgres
        self.database = database
        self.copies = home / "checkpoints"
        self.announcers = home / "announcers"
        self.nats = nats
        self._home = home
        for directory in (self.copies, self.announcers):
            directory.mkdir(exist_ok=True)
        first = Officer(id="first", key=OFFICERS["first"].public_key().public_bytes_raw())
        (self.announcers / "first.pub").write_text(format_public(first))

    @contextmanager
    def running(self, **settings: object) -> Iterator["BallotProcess"]:
        """A process that answers; it is killed afterwards if it still runs."""
        with self.started(**settings) as process:
            process.wait_ready()
            yield process

    @contextmanager
    def started(self, **settings: object) -> Iterator["BallotProcess"]:
        """A process just started, which may refuse to go on."""
        process = BallotProcess(self._environment(settings), self._home)
        try:
            yield process
        finally:
            process.kill()

    def url_of(self, database: str) -> str:
        """The address of another database of this server, for the service's role."""
        return self.postgres.dsn(database, ROLE, PASSWORD)

    def copy_database(self, before: int) -> str:
        """A database as a backup would have it that was made when the log had `before` entries.

        For one log, and fewer entries than a tile; no process may be running.
        """
        name = f"{self.database}_{secrets.token_hex(4)}"
        copy = f"CREATE DATABASE {name} TEMPLATE {self.database} OWNER {OWNER}"
        query(self.postgres.admin_dsn, copy)
        url = self.admin_url.replace(self.database, name)
        for table, column in (
            ("entries", "index + 1"),
            ("openings", "index + 1"),
            ("checkpoints", "size"),
        ):
            query(url, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            delete = f"DELETE FROM {table} WHERE {column} > $1"  # noqa: S608  # our own names
            query(url, delete, before)
            query(url, f"ALTER TABLE {table} ENABLE TRIGGER ALL")
        return name

    @contextmanager
    def without_standby(self) -> Iterator[None]:
        """No COMMIT of the whole server ends meanwhile: each waits for a standby that is not there.

        A backend that is ended while it waits has committed, and its client does not know.
        """
        query(self.admin_url, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        query(self.admin_url, "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            query(self.admin_url, "ALTER SYSTEM RESET synchronous_standby_names")
            query(self.admin_url, "SELECT pg_reload_conf()")

    @contextmanager
    def away(self) -> Iterator[None]:
        """The database takes no connections meanwhile, and has lost those that it had."""
        admin = self.postgres.admin_dsn
        query(admin, f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS false")
        leave = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
        query(admin, leave, self.database)
        try:
            yield
        finally:
            query(admin, f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS true")

    def replace_database(self, other: str) -> None:
        """Put another database in the place of this one, as a failover would, under load."""
        admin = self.postgres.admin_dsn
        kept, gone = self.database, f"{self.database}_gone"
        with self.away():
            query(admin, f"ALTER DATABASE {kept} RENAME TO {gone}")
            query(admin, f"ALTER DATABASE {other} RENAME TO {kept}")

    def _environment(self, settings: dict[str, object]) -> dict[str, str]:
        values = {
            "port": remembered_port(self._home / f"port-{secrets.token_hex(4)}"),
            "database_url": self.url,
            "nats_url": self.nats.url,
            "nats_nkey_seed": seed_file(self.nats.data, "ballot").read_text().strip(),
            "log_origin": ORIGIN,
            "log_key_seed": b64encode(LOG_SEED).decode(),
            "announcers": self.announcers,
            "checkpoint_copies": self.copies,
        } | settings
        environment = {f"HUIMIN_BALLOT_{name.upper()}": str(v) for name, v in values.items()}
        inherited = ("PATH", "PYTHONPATH")
        return environment | {name: os.environ[name] for name in inherited if name in os.environ}


class BallotProcess:
    """One `python -m services.ballot`."""

    def __init__(self, environment: dict[str, str], home: Path) -> None:
        self.url = f"http://127.0.0.1:{environment['HUIMIN_BALLOT_PORT']}"
        self._log = home / f"ballot-{secrets.token_hex(4)}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.ballot"], env=environment, stderr=log, cwd=home
            )

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_ready(self) -> Self:
        """Return when it answers."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._answers()).result()
        return self

    def wait(self) -> int:
        """Its exit status, when it ends by itself."""
        return self._process.wait(LIMIT_S)

    def terminate(self) -> int:
        """Ask it to stop; returns its exit status."""
        self._process.terminate()
        return self.wait()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    async def _answers(self) -> None:
        deadline = time.monotonic() + LIMIT_S
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < deadline and self._process.poll() is None:
                try:
                    async with session.get(f"{self.url}/live"):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)
        raise AssertionError(f"the ballot service did not start:\n{self.log}")


@contextmanager
def open_site(home: Path, postgres: Postgres, nats: NatsServer) -> Iterator[Site]:
    """A site with a fresh database, dropped afterwards."""
    postgres.create_role(OWNER, None)
    postgres.create_role(ROLE, PASSWORD)
    with fresh_database(postgres, OWNER) as database:
        site = Site(home, postgres, database, nats)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _migrate(site.admin_url)).result()
        yield site


async def _migrate(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"SET ROLE {OWNER}")
        await migrate(connection, "services.ballot")
    finally:
        await connection.close()
