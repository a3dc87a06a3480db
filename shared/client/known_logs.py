"""What this machine remembers of each log: the key pinned for it, and the last verified checkpoint.

The checkpoint is kept as the signed note. If the log ever shows another history, the two notes
together prove to anyone that its key signed both. One small file for each origin.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from shared.client.atomic_file import write_atomically
from shared.edition.errors import UNREADABLE_JSON
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier


class UnreadableMemory(Exception):
    """The file in which a log is remembered cannot be read or written."""


class KnownLog(NamedTuple):
    """A log as last verified: its key, the checkpoint then, and the note that says it."""

    verifier: Verifier
    checkpoint: Checkpoint
    note: bytes


class _File(Struct, frozen=True):
    origin: str
    vkey: str
    checkpoint: str


_decoder = msgspec.json.Decoder(_File)


class KnownLogs:
    """The logs remembered in one directory, which is made when the first is."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> "KnownLogs":
        """Those under `$XDG_STATE_HOME/huimin/logs`, by default in `~/.local/state`."""
        state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return cls(Path(state) / "huimin" / "logs")

    def recall(self, origin: str) -> KnownLog | None:
        """What is remembered of a log; raises `UnreadableMemory`."""
        file = self._file(origin)
        try:
            saved = _decoder.decode(file.read_bytes())
            verifier, note = Verifier.parse(saved.vkey), saved.checkpoint.encode()
            known = KnownLog(verifier, open_checkpoint(note, verifier), note)
        except FileNotFoundError:
            return None
        except (OSError, LogFormatError, *UNREADABLE_JSON) as error:
            raise UnreadableMemory(
                f"{file} cannot be read ({error}); remove it to forget what was known of the log"
            ) from error
        if origin != known.checkpoint.origin:
            raise UnreadableMemory(f"{file} is about another log; remove it")
        return known

    def remember(self, verifier: Verifier, note: bytes) -> None:
        """Remember a checkpoint that was verified by this key, in place of the one before.

        All or nothing; raises `UnreadableMemory`.
        """
        saved = _File(verifier.name, verifier.vkey, note.decode())
        file = self._file(verifier.name)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            write_atomically(file, msgspec.json.format(msgspec.json.encode(saved)) + b"\n")
        except OSError as error:
            raise UnreadableMemory(f"{file} cannot be written: {error.strerror}") from error

    def _file(self, origin: str) -> Path:
        # An origin may hold any character, and be longer than a file's name may be.
        return self._directory / f"{sha256(origin.encode()).hexdigest()[:32]}.json"
