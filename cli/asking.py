"""What a person types: asked for on a terminal, read line by line from standard input elsewhere.

Numbers and codes are typed here and never given as options, which other users of the machine see
and shells remember.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import rich_click as click

from cli.printable import printable
from shared.edition.errors import Refusal

T = TypeVar("T")

MAX_LINE: Final = 200


class NothingTyped(Exception):
    """Standard input has ended, and an answer is needed."""


class Asker:
    """Asks one question after another; all that it says goes to standard error."""

    @property
    def terminal(self) -> bool:
        """Whether somebody sits there who can be asked again."""
        return sys.stdin.isatty()

    def ask(self, question: str, *, default: str | None = None) -> str:
        """What was typed, without spaces around it; raises `NothingTyped`.

        On a terminal nothing typed gives `default`, and without one the question again.
        """
        if self.terminal:
            typed: str = click.prompt(question, default=default, show_default=False, err=True)
            return typed.strip()
        click.echo(f"{question}:", err=True)
        line = sys.stdin.readline(MAX_LINE)
        if not line:
            raise NothingTyped(question)
        return line.strip()

    def ask_until(
        self, question: str, read: Callable[[str], T], *, default: str | None = None
    ) -> T:
        """What `read` makes of the answer; on a terminal asks again when it raises a `Refusal`."""
        while True:
            try:
                return read(self.ask(question, default=default))
            except Refusal as refusal:
                if not self.terminal:
                    raise
                zh, en = refusal.title
                self.say(f"{zh} {en}: {refusal.detail}")

    def say(self, line: str) -> None:
        """A line for the person."""
        click.echo(printable(line), err=True)


class OneLineFile(Asker):
    """Answers one question with a file's first line, and no other."""

    def __init__(self, file: Path) -> None:
        with file.open(encoding="utf-8", errors="replace") as stream:
            self._lines = [stream.readline(MAX_LINE)]

    @property
    def terminal(self) -> bool:
        """Nobody sits there."""
        return False

    def ask(self, question: str, *, default: str | None = None) -> str:
        """The line, once; then raises `NothingTyped`."""
        if not self._lines:
            raise NothingTyped(question)
        return self._lines.pop().strip()
