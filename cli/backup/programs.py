"""`pg_dump` and `pg_restore`, of the installed wheel or of a directory that the operator names.

Passwords go by environment, never by command line, which other users of the machine see. The
wheel's programs cannot speak TLS: a server that demands it needs the programs of its own packages.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from msgspec import Struct

from cli.backup.manifest import CHUNK_BYTES
from cli.embedded.account import current_account
from cli.embedded.binaries import POSTGRES, Program, program

LAST_LINES: Final = 5
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class ProgramFailed(Exception):
    """A program of PostgreSQL ended with an error; carries the end of what it said."""


class Server(Struct, frozen=True):
    """A PostgreSQL server: the URL of a superuser (or owner of all), and where its programs are.

    Without `programs` they are those of the wheel.
    """

    url: str
    programs: Path | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Server({without_password(self.url)[0]!r})"

    def database(self, name: str) -> str:
        """The URL of another database of the same server, with the password."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(path="/" + quote(name, safe="")))

    def program(self, name: str) -> str:
        """Where a program is; raises `Unsupported`."""
        if self.programs is not None:
            return str(self.programs / name)
        directory = POSTGRES.path.rpartition("/")[0]
        wanted = Program(POSTGRES.wheel, f"{directory}/{name}", POSTGRES.needs)
        return str(program(wanted, current_account()))


def without_password(url: str) -> tuple[str, str]:
    """The URL without its password, and the password."""
    parts = urlsplit(url)
    user, _, where = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}@{where}")), unquote(password)


async def dump(
    server: Server, database: str, snapshot: str, target: Path, wrote: Callable[[int], None]
) -> None:
    """Write the archive of a database as of an exported snapshot; `wrote` is told of each piece.

    Raises `ProgramFailed`, `OSError` for the file.
    """
    url, password = without_password(server.database(database))
    options = ["--format=custom", "--compress=gzip:1", f"--snapshot={snapshot}", "--no-password"]
    command = [server.program("pg_dump"), f"--dbname={url}", *options, "--lock-wait-timeout=60s"]
    process = await _start(command, password, stdin=DEVNULL, stdout=PIPE)
    said = _errors(process)
    assert process.stdout is not None, "it was started with a pipe"
    try:
        with target.open("wb") as file:
            while chunk := await process.stdout.read(CHUNK_BYTES):
                file.write(chunk)
                wrote(len(chunk))
    except BaseException:
        await _kill(process, said)
        raise
    await _finish("pg_dump", database, process, said)


async def load(
    server: Server, database: str | None, source: Path, read: Callable[[int], None]
) -> None:
    """Load an archive into a database; None: only see that all of it can be read.

    Raises `ProgramFailed`, `OSError` for the file.
    """
    url, password = without_password(server.database(database)) if database else ("", "")
    where = [f"--dbname={url}", "--exit-on-error"] if database else ["--file=/dev/null"]
    command = [server.program("pg_restore"), *where, "--no-password"]
    process = await _start(command, password, stdin=PIPE, stdout=DEVNULL)
    said = _errors(process)
    assert process.stdin is not None, "it was started with a pipe"
    try:
        with source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                process.stdin.write(chunk)
                await process.stdin.drain()
                read(len(chunk))
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has ended: its status and its last words say why
    except BaseException:
        await _kill(process, said)
        raise
    await _finish("pg_restore", database or source.name, process, said)


async def _start(command: Sequence[str], password: str, *, stdin: int, stdout: int) -> Process:
    environment = {**_ENVIRONMENT, "PGPASSWORD": password}
    return await asyncio.create_subprocess_exec(
        *command, stdin=stdin, stdout=stdout, stderr=PIPE, env=environment
    )


def _errors(process: Process) -> "asyncio.Task[bytes]":
    assert process.stderr is not None, "it was started with a pipe"
    return asyncio.create_task(process.stderr.read())


async def _kill(process: Process, said: "asyncio.Task[bytes]") -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
    await said


async def _finish(name: str, what: str, process: Process, said: "asyncio.Task[bytes]") -> None:
    status = await process.wait()
    lines = (await said).decode(errors="replace").strip().splitlines()
    if status != 0:
        end = "\n".join(lines[-LAST_LINES:])
        raise ProgramFailed(f"{name} of {what} ended with status {status}:\n{end}")
