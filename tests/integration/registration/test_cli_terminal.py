"""A person at a terminal: asked for everything in one run, and asked again after a slip."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from shared.client.voter import load_voter
from tests.electorate import Electorate, wrong

PROGRAM = "from cli.vote.command import vote; vote()"


class Terminal:
    """`huimin vote` on a pseudo-terminal: waits for a text, then types an answer."""

    def __init__(self, electorate: Electorate, file: Path) -> None:
        self._shown = ""
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *electorate.words(file)],
            env={**electorate.office.line.environment, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        os.set_blocking(self._ours, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def answer(self, question: str, typed: str) -> None:
        """Type a line once the question is on the screen."""
        deadline = time.monotonic() + 30
        while question not in self._shown and time.monotonic() < deadline:
            self._read()
            time.sleep(0.01)
        assert question in self._shown, self._shown
        self._shown = ""
        os.write(self._ours, f"{typed}\n".encode())

    def ended(self) -> int:
        """The exit code."""
        deadline = time.monotonic() + 30
        while self._process.poll() is None and time.monotonic() < deadline:
            self._read()  # or it would wait for room on the screen
            time.sleep(0.01)
        return self._process.wait(timeout=1)

    def _read(self) -> None:
        try:
            self._shown += os.read(self._ours, 65_536).decode(errors="replace")
        except OSError:  # nothing there yet, or the other end is closed
            return


def test_on_a_terminal_everything_is_asked(electorate: Electorate, file: Path) -> None:
    """Number, code, choice and confirmation are typed, with slips, and a ballot is cast."""
    who = electorate.somebody()
    with Terminal(electorate, file) as terminal:
        terminal.answer("Identity number", "12345")
        terminal.answer("not valid", who.identity_number)
        code = electorate.code(who)
        terminal.answer("Code of 6 digits", wrong(code))
        terminal.answer("no longer valid", code)
        terminal.answer("Choose 1 to 2", "7")
        terminal.answer("no number from 1 to 3", "1 3")
        terminal.answer("Cast this ballot", "y")
        assert terminal.ended() == 0
    assert load_voter(file).seq == 1
