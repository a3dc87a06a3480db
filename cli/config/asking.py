"""What services say about their settings: each is asked as the module that it is, and none serves.

The command line imports no service; it runs `python -m services.<name>` with one wish, in the
environment that the service would have.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from cli.roles import SERVICES
from shared.service.setting import Setting

Wish: TypeAlias = Literal["check", "show", "describe"]

LIMIT_S: Final = 60.0

_METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where serving processes add up their metrics: one that only speaks has none to add."""


class NoAnswer(Exception):
    """A service said nothing in time, or not what it was asked; the text has its last words."""


class Answer(Struct, frozen=True):
    """How a service's process ended, and what it said; `faults` are lines of standard error."""

    service: str
    exit_code: int
    output: str
    faults: tuple[str, ...]


def ask(services: Sequence[str], wish: Wish, environment: Mapping[str, str]) -> list[Answer]:
    """The answers of these services, asked all at once; raises `NoAnswer`."""
    inherited = {name: value for name, value in environment.items() if name != _METRICS}
    asked = [_start(service, wish, inherited) for service in services]
    try:
        said = [process.communicate(timeout=LIMIT_S) for process in asked]
    except subprocess.TimeoutExpired as error:
        raise NoAnswer(f"no answer of {' '.join(error.cmd)} within {LIMIT_S:g} s") from error
    finally:
        for process in asked:
            process.kill()
    return [
        Answer(service, process.returncode, output, tuple(errors.splitlines()))
        for service, process, (output, errors) in zip(services, asked, said, strict=True)
    ]


def describe(environment: Mapping[str, str]) -> dict[str, list[Setting]]:
    """The settings of every service; raises `NoAnswer`."""
    described = {}
    for answer in ask([*SERVICES], "describe", environment):
        if answer.exit_code:
            raise NoAnswer("\n".join((f"{answer.service} did not describe it:", *answer.faults)))
        described[answer.service] = msgspec.json.decode(answer.output, type=list[Setting])
    return described


def _start(service: str, wish: Wish, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", SERVICES[service].package, f"--{wish}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
