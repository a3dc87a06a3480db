"""One data directory: who holds it, the modes of what lies in it, the secrets in it.

    lock                 held by the process that runs this directory
    secrets/             passwords and seeds
    logs/                the servers' own logs, bounded by their wardens
    postgres/  nats/     the servers' homes: see `postgres.py` and `nats.py`

Directories are 0700 and files 0600 of the user who runs us, except what a server must read or own
itself when we are root (`account.py`). A directory of another user is refused, not taken over.
"""

import os
import pwd
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .account import Account
from .errors import Unusable
from .lock import FileLock

SECRETS: Final = "secrets"
LOGS: Final = "logs"


class DataDirectory:
    """`with DataDirectory(path) as data:` makes the directory and holds it for this process.

    Raises `InUse` when another process holds it, `Unusable` when it is not ours to use.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = FileLock(self.path / "lock")

    def __enter__(self) -> Self:
        private_directory(self.path)
        self._lock.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    def subdirectory(self, name: str) -> Path:
        """Makes `name` in this directory, 0700, unless it is there."""
        return private_directory(self.path / name)


def private_directory(path: Path) -> Path:
    """Makes `path`, 0700, or checks that it is a directory of ours; returns it.

    An existing directory keeps its mode: it may be one that the user has other things in.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise Unusable(f"cannot make the directory {path}: {error.strerror}.") from error
    if status.st_uid != os.geteuid():
        raise Unusable(
            f"{path} belongs to {_user(status.st_uid)}, but this runs as {_user(os.geteuid())}. "
            "Run as that user, or choose another data directory."
        )
    if status.st_mode & stat.S_IWOTH:
        raise Unusable(
            f"every user of this machine may write in {path}. "
            "Take that right away (chmod o-w), or choose another data directory."
        )
    return path


def server_home(path: Path, account: Account) -> Path:
    """Makes the directory that a server starts in: ours to write, the server's to read."""
    private_directory(path)
    _hand_to_group(path, 0o750, account)
    return path


def server_owned(path: Path, account: Account) -> Path:
    """Makes the directory `path` for the server itself to write in, 0700, unless it is there."""
    if not path.is_dir():
        path.mkdir(mode=0o700)
        if account.differs:
            os.chown(path, account.uid, account.gid)
    return path


def write_private(path: Path, content: str, readable_by: Account | None = None) -> None:
    """Writes `path` whole and durably, 0600; the account `readable_by` may read it too."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(fd)
    if readable_by is not None:
        _hand_to_group(scratch, 0o640, readable_by)
    scratch.rename(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Makes the names in `path` durable: what was created, renamed or removed there."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
    """The secret kept in `path`; the first time, one from `make`, stored 0600."""
    private_directory(path.parent)
    if not path.exists():
        write_private(path, make() + "\n")
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unusable(f"cannot read the secret {path}: {error.strerror}.") from error


def _hand_to_group(path: Path, mode: int, account: Account) -> None:
    if account.differs:
        os.chown(path, -1, account.gid)
        path.chmod(mode)


def _user(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (user id {uid})"
    except KeyError:
        return f"user id {uid}"
