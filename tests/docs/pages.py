"""The documents as scripts: what stands in their fenced blocks, in order.

The first word of a fence is the language, for readers; what follows is for this reader:

    ```sh                    run in order, in one shell for the whole document
    ```sh until="some text"  started in the background; the next block waits until it prints that
    ```sh asks=PERSON        asks who you are and for the code: it is told those of this person
    ```sh elsewhere          needs a program that the tests have not: only its words are looked at
    ```toml manifest.toml    a file, written before the next block runs
    ```text                  what is printed, or anything else: not run
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
ENGLISH: Final = ROOT / "docs" / "en"
CHINESE: Final = ROOT / "docs" / "zh"

_FENCE: Final = re.compile(r"^( *)```(\S*)[ ]*(.*)$")
_SHOWN: Final = ("text", "mermaid", "")


class Block(Struct, frozen=True):
    """One fenced block: its language, the words after that, its lines, and where it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int

    @property
    def options(self) -> dict[str, str]:
        """The words of the form `name=value`."""
        return dict(word.split("=", 1) for word in self.words if "=" in word)

    @property
    def runs(self) -> bool:
        """Whether a shell is to run it."""
        return self.language == "sh" and "elsewhere" not in self.words

    @property
    def file(self) -> str | None:
        """The file that it is, if it is one."""
        if self.language in ("sh", *_SHOWN) or not self.words:
            return None
        return self.words[0]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a Markdown file; raises `ValueError` for a fence without an end."""
    begin: re.Match[str] | None = None
    lines: list[str] = []
    number = 0
    for count, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if begin is None and fence:
            begin, lines, number = fence, [], count
        elif begin is not None and fence and not fence[2] and len(fence[1]) == len(begin[1]):
            words = tuple(shlex.split(begin[3]))
            yield Block(begin[2], words, "".join(f"{one}\n" for one in lines), number)
            begin = None
        elif begin is not None:
            lines.append(line.removeprefix(begin[1]))
    if begin is not None:
        raise ValueError(f"{page}:{number}: this fence has no end")


def pages() -> list[Path]:
    """Every document in English, and the README."""
    return [ROOT / "README.md", *sorted(ENGLISH.rglob("*.md"))]


def script(found: list[Block], resident: str) -> str:
    """One shell script of all blocks; `resident` is the command that answers what one is asked."""
    parts = [_PROLOGUE]
    for block in found:
        if block.file:
            mark = f"END_OF_{block.line}"
            parts.append(f"cat > {shlex.quote(block.file)} <<'{mark}'\n{block.text}{mark}\n")
        if not block.runs:
            continue
        parts.append(f"at={block.line}\n")
        if until := block.options.get("until"):
            text = shlex.quote(block.text)
            parts.append(f"background {text} {shlex.quote(until)}\n")
        elif person := block.options.get("asks"):
            # A command may go over several lines, so the block is one command as a whole.
            parts.append(f"{resident} {person} {block.text}")
        else:
            parts.append(block.text)
    return "".join(parts)


_PROLOGUE: Final = r"""
set -euo pipefail
at=0
started=
background() {
    bash -c "exec $1" > "background-$at.log" 2>&1 &
    started="$started $!"
    for _ in $(seq 600); do
        grep -qF "$2" "background-$at.log" && return
        kill -0 $! || break
        sleep 0.2
    done
    cat "background-$at.log" >&2
    return 1
}
finish() {
    code=$?
    test $code = 0 || echo "the block at line $at ended with $code" >&2
    for one in $started; do kill $one || true; done
    wait
    exit $code
}
trap finish EXIT
"""
