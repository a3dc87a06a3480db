"""What can go wrong with embedded servers, by whose fault it is. Every text says what to do."""

from pathlib import Path


class EmbeddedError(Exception):
    """Base of the family; its text says what failed, on what, and what to do next."""


class InUse(EmbeddedError):
    """Another live process holds the data directory or one of its servers."""


class Unusable(EmbeddedError):
    """The data directory cannot be used: its owner, its mode, or a file missing from it."""


class Unsupported(EmbeddedError):
    """The machine lacks something that the servers need: a binary, an account, a path."""


class ServerFailed(EmbeddedError):
    """A server did not start, did not answer, or did not stop; carries the end of its own log."""

    def __init__(self, what: str, log: Path, tail: str) -> None:
        super().__init__(f"{what}\nThe end of {log}:\n{tail or '(the log is empty)'}")
        self.log = log
