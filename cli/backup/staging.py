"""A directory that appears under its name only when it is whole.

Until then it is a hidden neighbour, locked while somebody works in it; one that a killed run left
behind is removed by the next. After a kill at any moment the name is either absent or complete.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cli.embedded.directory import private_directory, sync_directory
from cli.embedded.lock import FileLock

LEFTOVER_S: Final = 90.0
"""So long an embedded server of a killed run may need to end."""


class TargetTaken(Exception):
    """There is something under the name already, and it is never overwritten."""


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A fresh directory, 0700, that becomes `target` when the block has succeeded.

    Raises `TargetTaken`, `InUse` while another process works on it, `Unusable`, `OSError`.
    """
    target = target.absolute()
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists():
        raise TargetTaken(f"{target} is there already and is not empty. Choose another name.")
    unfinished = private_directory(target.with_name(f".{target.name}.unfinished"))
    with FileLock(unfinished / "lock"):
        _empty(unfinished)
        try:
            yield unfinished
        except Exception:
            shutil.rmtree(unfinished)
            raise
        _sync(unfinished)
        unfinished.rename(target)
        sync_directory(target.parent)


def copy_files(source: Path, target: Path, pattern: str = "*") -> None:
    """Copy the plain files of a directory into a new one, 0700 and 0600; raises `OSError`."""
    target.mkdir(mode=0o700)
    for file in sorted(source.glob(pattern)):
        if file.is_file() and not file.name.startswith("."):
            copy = target / file.name
            copy.touch(mode=0o600)
            shutil.copyfile(file, copy)


def _empty(unfinished: Path) -> None:
    """Remove what a killed run left, but the lock that we hold; its server has to end first."""
    for folder in ("postgres",):
        running = unfinished / folder / "running"
        if running.exists():
            lock = FileLock(running)
            lock.acquire_when_free(LEFTOVER_S, folder, lambda _: None)
            lock.release()
    for left in unfinished.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != "lock":
            left.unlink()


def _sync(directory: Path) -> None:
    for folder, _, names in os.walk(directory):
        for name in names:
            _sync_file(Path(folder, name))
        sync_directory(Path(folder))


def _sync_file(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
