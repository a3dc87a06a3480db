"""Where a server listens: a loopback port that it keeps, and a short place for a Unix socket."""

import errno
import fcntl
import os
import random
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Final

from .account import Account
from .directory import write_private
from .errors import Unsupported

LOOPBACK: Final = "127.0.0.1"

# Below the ports that kernels lend to outgoing connections (32768 and up on Linux), so that no
# client takes a server's port while the server is down; above the well-known services.
PORTS: Final = range(15_000, 32_000)
ATTEMPTS: Final = 200

SOCKET_NAME_BYTES: Final = len("/.s.PGSQL.65535")
SOCKET_PATH_BYTES: Final = 107


def remembered_port(memory: Path) -> int:
    """The port kept in the file `memory` if it is free, else a new one, kept there from now on."""
    port = _recall(memory)
    if port is None or not (_claims.keep(port) and port_is_free(port)):
        port = free_port()
        write_private(memory, f"{port}\n")
    return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this TCP port of the loopback interface now."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that still close must not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _recall(memory: Path) -> int | None:
    try:
        port = int(memory.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return port if port in PORTS else None


def free_port() -> int:
    """A port of `PORTS` that nobody listens on now; raises `Unsupported` if none is found.

    It is ours until this process ends: no other process of this user is given it.
    """
    for port in random.sample(PORTS, ATTEMPTS):
        if _claims.add(port) and port_is_free(port):
            return port
    raise Unsupported(f"no free TCP port on {LOOPBACK} among {ATTEMPTS} tried in {PORTS}.")


class _Claims:
    """The ports that processes have chosen: each a byte of one file, locked while they live.

    Between choosing a port and listening on it there are seconds, in which another process may find
    it free. Services share their ports with processes of their own kind (SO_REUSEPORT), so that two
    of different kinds would not notice, and answer one another's requests.
    """

    def __init__(self) -> None:
        self._ours: set[int] = set()
        self._file: int | None = None

    def add(self, port: int) -> bool:
        """Claim a port; False if any process has claimed it, this one included."""
        return port not in self._ours and self.keep(port)

    def keep(self, port: int) -> bool:
        """Claim a port that may be ours already; False if another process has claimed it."""
        if port in self._ours:
            return True
        if self._file is None:
            self._file = _open_claims()
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except BlockingIOError:
            return False
        self._ours.add(port)
        return True


def _open_claims() -> int:
    path = Path(tempfile.gettempdir(), f"huimin-ports-{os.geteuid()}")
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unsupported(
            f"the file of ports in use cannot be opened: {error}. Remove it, or set TMPDIR to a"
            " directory of your own."
        ) from error


_claims: Final = _Claims()


def fresh_socket_directory(memory: Path, account: Account) -> Path:
    """Makes a directory for `account`'s socket, 0700, and keeps its name in the file `memory`.

    It lies outside the data directory: a socket's path has at most 107 bytes on Linux.
    The one of an earlier run that could not remove it is removed.
    """
    remove_socket_directory(memory, account)
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108  # random names in them
        path = Path(base)
        fits = len(os.fsencode(path)) + len("/huimin-xxxxxxxx") + SOCKET_NAME_BYTES
        if fits <= SOCKET_PATH_BYTES and path.is_dir() and account.may_execute(path):
            made = Path(tempfile.mkdtemp(prefix="huimin-", dir=path))
            write_private(memory, f"{made}\n")
            if account.differs:
                os.chown(made, account.uid, account.gid)
            return made
    raise Unsupported(
        f"no directory for PostgreSQL's socket: {tempfile.gettempdir()} and /tmp are closed to "
        f"{account.name} or too long. Set TMPDIR to a short path that every user may enter."
    )


def remove_socket_directory(memory: Path, account: Account) -> None:
    """Removes the socket directory named in `memory` if it is there and still the server's."""
    try:
        made = Path(memory.read_text().strip())
        status = made.lstat()
    except FileNotFoundError:
        return
    if made.name.startswith("huimin-") and status.st_uid == account.uid:
        shutil.rmtree(made)
    memory.unlink()
