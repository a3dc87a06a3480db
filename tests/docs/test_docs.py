"""Every command in the documents and the README runs, in order, in an empty directory."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from _pytest.mark.structures import ParameterSet

from tests.docs.pages import CHINESE, ENGLISH, ROOT, blocks, pages, script

RUN_LIMIT_S: Final = 280
BASH: Final = "/bin/bash"
FIRST: Final = ROOT / "README.md"
NOT_HERE: Final = {"docker", "kubectl", "helm", "git", "make", "systemctl"}
"""Programs that only a block marked `elsewhere` may begin with, and such a block with no other."""


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _runnable() -> list[ParameterSet]:
    """What everybody begins with at each change; the others with `make test-large`."""
    runnable = [page for page in pages() if any(block.runs for block in blocks(page))]
    return [
        pytest.param(page, marks=() if page == FIRST else pytest.mark.large) for page in runnable
    ]


def test_there_are_documents() -> None:
    """Of each kind: a tutorial, how-tos, reference, explanation."""
    assert (ENGLISH / "tutorial.md").is_file()
    for kind in ("howto", "reference", "explanation"):
        assert list((ENGLISH / kind).glob("*.md")), kind


@pytest.mark.timeout(RUN_LIMIT_S + 20)
@pytest.mark.parametrize("page", _runnable(), ids=_name)
def test_its_commands_run(page: Path, tmp_path: Path) -> None:
    """From the first to the last, each with exit code 0."""
    resident = f"{sys.executable} -m tests.docs.resident"
    home = tmp_path / "home"
    home.mkdir()
    run = subprocess.run(
        [BASH, "-c", script(list(blocks(page)), resident)],
        cwd=tmp_path,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "LANG": "C.UTF-8",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_LIMIT_S,
    )
    assert run.returncode == 0, f"{run.stdout[-2000:]}\n{run.stderr[-4000:]}"


@pytest.mark.parametrize("page", pages(), ids=_name)
def test_what_is_not_run_needs_a_program_that_is_not_here(page: Path) -> None:
    """Nothing is marked `elsewhere` that could be run."""
    for block in blocks(page):
        if "elsewhere" not in block.words:
            continue
        commands = [line for line in block.text.splitlines() if line[:1] not in ("", " ", "#")]
        programs = {line.split()[0] for line in commands}
        assert programs <= NOT_HERE, f"{page}:{block.line}"


@pytest.mark.parametrize("page", sorted(ENGLISH.rglob("*.md")), ids=_name)
def test_the_chinese_document_has_the_same_commands(page: Path) -> None:
    """The same blocks to run in the same order, so that running one runs both."""
    chinese = CHINESE / page.relative_to(ENGLISH)
    assert chinese.is_file(), f"{chinese} is missing"
    for mine, theirs in zip(_steps(page), _steps(chinese), strict=True):
        assert mine == theirs


def _steps(page: Path) -> list[tuple[object, ...]]:
    """What runs, comments aside, and the files that it needs."""
    return [
        (block.language, block.words, _commands(block.text) if block.language == "sh" else "")
        for block in blocks(page)
        if block.language == "sh" or block.file
    ]


def _commands(text: str) -> list[str]:
    lines = (line.partition("  #")[0].rstrip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_no_chinese_document_is_without_an_english_one() -> None:
    """Both languages have the same documents."""
    names = {page.relative_to(CHINESE) for page in CHINESE.rglob("*.md")}
    assert names == {page.relative_to(ENGLISH) for page in ENGLISH.rglob("*.md")}


@pytest.mark.parametrize(
    "page", [*pages(), *sorted(CHINESE.rglob("*.md")), ROOT / "CONTRIBUTING.md"], ids=_name
)
def test_its_links_lead_somewhere(page: Path) -> None:
    """Each link to a file of this repository names one that is there."""
    for target in _links(page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page}: {target}"


def _links(text: str) -> list[str]:
    found = []
    for part in text.split("](")[1:]:
        target = part.partition(")")[0].partition("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            found.append(target)
    return found
