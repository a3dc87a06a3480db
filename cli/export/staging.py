"""A directory that is replaced only by what was verified: new files wait apart until then.

What an interrupted run left waiting is found again, but was not verified. Nothing published is
touched before `publish`, and the checkpoint is published last: at any moment, the directory holds
everything that its checkpoint covers.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.client.atomic_file import write_atomically

_WAITING: Final = ".incoming"


class StagedTree:
    """The static tree of a log in `directory`. Every method raises `OSError`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._waiting = directory / _WAITING

    def published(self, path: str) -> bytes | None:
        """The published file at a path."""
        return _read(self._directory / path)

    def find(self, path: str) -> bytes | None:
        """The file at a path, published or waiting."""
        published = self.published(path)
        return _read(self._waiting / path) if published is None else published

    def stage(self, path: str, data: bytes) -> None:
        """Let a file wait, unless these bytes are published already."""
        if self.published(path) == data:
            return
        file = self._waiting / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, data)

    def publish(self, checkpoint: bytes) -> None:
        """Move what waits into place, then write the checkpoint."""
        for file in self._files_waiting():
            target = self._directory / file.relative_to(self._waiting)
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
        self.discard()
        write_atomically(self._directory / "checkpoint", checkpoint)

    def discard(self) -> None:
        """Forget what waits."""
        if self._waiting.exists():
            shutil.rmtree(self._waiting)

    def _files_waiting(self) -> Iterator[Path]:
        return (file for file in self._waiting.rglob("*") if file.is_file())


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
