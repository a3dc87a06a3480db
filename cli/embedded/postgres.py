"""PostgreSQL 18 on one data directory, durable and closed to everyone without a password.

    postgres/            ours to write, the server's to read
      pgdata/            the cluster
      port               the TCP port that this directory keeps
      socket             where the Unix socket is in this run
      lock, running      held by our process, and by every process of the server
    secrets/postgres     the administrator's password
    logs/postgres.log, logs/initdb.log

A postmaster that lost its owner is not adopted, because nobody would know how it was started: its
warden has told it to stop, and a start waits for that. Left out: upgrades from another major
version, backups, replicas.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeAlias, TypeVar
from urllib.parse import quote

import asyncpg

from .cluster import ADMIN, clear_stale_pid, make_cluster, server_command
from .directory import SECRETS, secret
from .endpoint import LOOPBACK, fresh_socket_directory, remove_socket_directory
from .errors import Unusable
from .lock import Progress
from .server import EmbeddedServer

__all__ = ["ADMIN", "Postgres"]

# Fast shutdown writes a checkpoint, as long as the disk needs; immediate leaves it to recovery.
STOP_STEPS: Final = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 15.0))
CONNECT_LIMIT_S: Final = 10.0

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
T = TypeVar("T")


class Postgres(EmbeddedServer):
    """`with Postgres(data) as postgres:` runs the server of the data directory `data`."""

    def __init__(self, data: Path, *, progress: Progress = lambda _: None) -> None:
        super().__init__("PostgreSQL", "postgres", data, STOP_STEPS, progress)
        self.socket_directory = Path()
        self._pgdata = self._home / "pgdata"
        self._password_file = self.data / SECRETS / "postgres"
        self._password = ""

    def dsn(self, database: str, role: str, password: str) -> str:
        """The address of `database` for `role`, over loopback TCP; it contains the password."""
        user = f"{quote(role, safe='')}:{quote(password, safe='')}"
        where = f"{LOOPBACK}:{self.port}/{quote(database, safe='')}"
        return f"postgresql://{user}@{where}?sslmode=disable"

    @property
    def admin_dsn(self) -> str:
        """The address of the maintenance database for the superuser `ADMIN`."""
        return self.dsn("postgres", ADMIN, self._password)

    def create_role(self, name: str, password: str | None) -> None:
        """Makes the role, or gives it this password; without a password it cannot log in."""
        options = "NOLOGIN" if password is None else "LOGIN PASSWORD %L"

        async def work(admin: Connection) -> None:
            exists = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
            verb = "ALTER" if await admin.fetchval(exists, name) else "CREATE"
            await _execute(admin, f"{verb} ROLE %I {options}", name, password)

        self._as_admin(work, f"make the role {name}")

    def create_database(
        self, name: str, owner: str, *, connect: Sequence[str] | None = None
    ) -> None:
        """Makes the database, unless it is there.

        With `connect`, only these roles and the owner may connect to it; without, every role may.
        """

        async def work(admin: Connection) -> None:
            exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
            if not await admin.fetchval(exists, name):
                await _execute(admin, "CREATE DATABASE %I OWNER %I", name, owner)
            if connect is not None:
                await _execute(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
                for role in connect:
                    await _execute(admin, "GRANT CONNECT ON DATABASE %I TO %I", name, role)

        self._as_admin(work, f"make the database {name}")

    def _prepare(self) -> None:
        is_new = not self._pgdata.exists()
        if not is_new and not self._password_file.exists():
            raise Unusable(
                f"{self._password_file}, the administrator's password of {self._pgdata}, is "
                "missing. Put it back, or choose another data directory."
            )
        self._password = secret(self._password_file)
        if is_new:
            self._progress("making the PostgreSQL cluster")
            make_cluster(self._pgdata, self._logs, self._account, self._password, self._progress)
        clear_stale_pid(self._pgdata)

    def _launch(self) -> tuple[Sequence[str], Path]:
        self.socket_directory = fresh_socket_directory(self._home / "socket", self._account)
        command = server_command(self._pgdata, self._account, self.port, self.socket_directory)
        return command, self._pgdata

    def _answers(self) -> bool:
        async def ask(admin: Connection) -> bool:
            return bool(await admin.fetchval("SELECT true"))

        try:
            return self._in_session(ask)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
            return False
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise Unusable(
                f"PostgreSQL does not accept the password in {self._password_file}: {error}. "
                "Put back the password that the cluster was made with."
            ) from error

    def _clean_up(self) -> None:
        remove_socket_directory(self._home / "socket", self._account)

    def _as_admin(self, work: Callable[[Connection], Awaitable[T]], purpose: str) -> T:
        try:
            return self._in_session(work)
        except (asyncpg.PostgresError, OSError) as error:
            raise self._process.failure(f"PostgreSQL could not {purpose}: {error}") from error

    def _in_session(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async def session() -> T:
            admin = await asyncpg.connect(
                host=str(self.socket_directory),
                port=self.port,
                user=ADMIN,
                password=self._password,
                database="postgres",
                ssl=False,
                timeout=CONNECT_LIMIT_S,
            )
            try:
                return await work(admin)
            finally:
                await admin.close()

        # A thread, because the caller may have an event loop running in this one.
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(asyncio.run, session()).result()


async def _execute(admin: Connection, template: str, *values: str | None) -> None:
    """Executes the statement in which the server itself quotes the names (%I) and texts (%L)."""
    filled = await admin.fetchval("SELECT format($1, VARIADIC $2::text[])", template, values)
    await admin.execute(filled)
