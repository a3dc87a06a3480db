"""Clocks compared: a service's, PostgreSQL's, this machine's and one of elsewhere. Pure.

What runs on one machine has one clock, which agrees with itself however wrong it is: only a clock
of elsewhere shows that.
"""

from datetime import datetime
from typing import Final

from cli.doctor.findings import Finding, Said, fail, ok, warn

WARN_S: Final = 5.0
FAIL_S: Final = 30.0

SET_CLOCK = Said(
    "让两边的机器都与同一时间源同步 (chrony 或 systemd-timesyncd), 再查一次",
    "let both machines follow the same time source (chrony or systemd-timesyncd), and look again",
)


SET_THIS_CLOCK = Said(
    "让这台机器与可靠的时间源同步 (chrony 或 systemd-timesyncd); 在它上面的服务用的是它的时间",
    "let this machine follow a time source (chrony or systemd-timesyncd): what runs on it takes its"
    " time",
)


def compare(
    subject: str, there: datetime, before: float, after: float, step_s: float = 0.0
) -> Finding:
    """A time read elsewhere between two moments here (Unix seconds).

    `step_s` is the other clock's step: it may have been up to so much later than it said. What lies
    within these bounds is no difference.
    """
    names = Said("它的时钟与这里", "its clock and the one here")
    return _judged("clocks", subject, _ahead_s(there, before, after, step_s), names, SET_CLOCK)


def compare_here(
    reference: str, there: datetime, before: float, after: float, step_s: float
) -> Finding:
    """The clock here by a reference that was read; the arguments are those of `compare`."""
    subject = f"this machine by {reference}"
    names = Said("这台机器的时钟与参照", "this machine's clock and the reference")
    ahead_s = -_ahead_s(there, before, after, step_s)
    return _judged("clock-reference", subject, ahead_s, names, SET_THIS_CLOCK)


def _ahead_s(there: datetime, before: float, after: float, step_s: float) -> float:
    """How far the clock there is ahead of the one here; below zero: behind."""
    read = there.timestamp()
    if read + step_s < before:
        return read + step_s - before
    return max(read - after, 0.0)


def _judged(check: str, subject: str, ahead_s: float, names: Said, next_: Said) -> Finding:
    off_s = abs(ahead_s)
    evidence = f"{off_s:.1f} s {'慢 behind' if ahead_s < 0 else '快 ahead'}" if off_s else ""
    if off_s >= FAIL_S:
        said = Said(f"{names.zh}相差太多", f"{names.en} are far apart")
        return fail(check, subject, said, evidence, next_)
    if off_s >= WARN_S:
        said = Said(f"{names.zh}不一致", f"{names.en} differ")
        return warn(check, subject, said, evidence, next_)
    return ok(check, subject, Said(f"{names.zh}一致", f"{names.en} agree"))
