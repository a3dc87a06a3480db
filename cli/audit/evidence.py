"""Evidence that a log is wrong: which check shows it, where, and why."""

from typing import Literal

from msgspec import Struct

CheckName = Literal[
    "checkpoint",
    "history",
    "entries",
    "tiles",
    "root",
    "openings",
    "roll",
    "eligibility",
    "result",
]


class Violation(Struct, frozen=True):
    """Where the log is wrong (a resource's path, an entry's index) and why."""

    where: str
    why: str


class Wrong(Exception):
    """The log is wrong: which check shows it, where, and why."""

    def __init__(self, check: CheckName, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.check: CheckName = check
        self.violation = Violation(where, why)
