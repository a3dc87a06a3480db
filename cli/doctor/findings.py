"""What a check has to say: a level, what was found and what to do, in Chinese and English."""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from cli import exit_codes

Level = Literal["ok", "warn", "fail", "unchecked"]
LEVELS: Final[tuple[Level, ...]] = ("fail", "warn", "unchecked", "ok")


class Said(Struct, frozen=True):
    """A sentence in Chinese and in English."""

    zh: str
    en: str


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `check` is a stable name; `subject` says on what.

    `unchecked` is either something that nobody asked for, or, with `hindered`, something that
    could not be read although it was asked for. `run` are the statements that `next` speaks of.
    """

    check: str
    level: Level
    subject: str
    found: Said
    evidence: str = ""
    next: Said | None = None
    run: tuple[str, ...] = ()
    hindered: bool = False


def ok(check: str, subject: str, found: Said, evidence: str = "") -> Finding:
    """It is as it should be."""
    return Finding(check=check, level="ok", subject=subject, found=found, evidence=evidence)


def warn(check: str, subject: str, found: Said, evidence: str, next_: Said) -> Finding:
    """It works, and should be otherwise."""
    return Finding(
        check=check, level="warn", subject=subject, found=found, evidence=evidence, next=next_
    )


def fail(
    check: str, subject: str, found: Said, evidence: str, next_: Said, run: Iterable[str] = ()
) -> Finding:
    """It is wrong, or will lose or leak something."""
    return Finding(
        check=check,
        level="fail",
        subject=subject,
        found=found,
        evidence=evidence,
        next=next_,
        run=tuple(run),
    )


def not_asked(check: str, option: str) -> Finding:
    """What the check needs was not given."""
    return Finding(
        check=check,
        level="unchecked",
        subject="",
        found=Said(f"未检查：没有给出 {option}", f"not checked: {option} was not given"),
    )


def hindered(check: str, subject: str, why: str) -> Finding:
    """What the check needs was given, and could not be read."""
    return Finding(
        check=check,
        level="unchecked",
        subject=subject,
        found=Said("未能检查", "could not be checked"),
        evidence=why,
        hindered=True,
    )


def exit_code(findings: Iterable[Finding]) -> int:
    """1 if anything fails; else 3 if something asked for could not be read; else 0."""
    found = list(findings)
    if any(one.level == "fail" for one in found):
        return exit_codes.WRONG
    return exit_codes.CANNOT_READ if any(one.hindered for one in found) else exit_codes.OK
