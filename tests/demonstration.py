"""`huimin demo --keep` as somebody runs it, and the addresses that it prints."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

HUIMIN: Final = Path(sys.executable).with_name("huimin")
STOP_LIMIT_S: Final = 60


class Addresses(NamedTuple):
    """Of the three pages and of the inbox that has the codes."""

    vote: str
    board: str
    check: str
    inbox: str


@contextmanager
def kept_demonstration(data: Path, voters: int) -> Iterator[Addresses]:
    """A demonstration with so many voters in a directory that is not there yet, kept up."""
    command = [str(HUIMIN), "demo", "--keep", "--voters", str(voters), "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield _addresses(process.stdout)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_LIMIT_S)


def _addresses(lines: Iterable[str]) -> Addresses:
    """The addresses of the invitation, which is what is printed last."""
    text = ""
    for line in lines:
        text += line
        found = [
            re.findall(rf"^ +(http\S+{end})$", text, re.MULTILINE)
            for end in (r"/vote#\S+", r"/board#\S+", "/check", "/inbox")
        ]
        if all(found):
            return Addresses(*(urls[-1] for urls in found))
    raise AssertionError(f"the demonstration ended before it invited anyone:\n{text[-2000:]}")
