"""Clocks compared: a service's, PostgreSQL's and this machine's. Pure."""

from datetime import datetime
from typing import Final

from cli.doctor.findings import Finding, Said, fail, ok, warn

WARN_S: Final = 5.0
FAIL_S: Final = 30.0

SET_CLOCK = Said(
    "让两边的机器都与同一时间源同步 (chrony 或 systemd-timesyncd), 再查一次",
    "let both machines follow the same time source (chrony or systemd-timesyncd), and look again",
)


def compare(
    subject: str, there: datetime, before: float, after: float, step_s: float = 0.0
) -> Finding:
    """A time read elsewhere between two moments here (Unix seconds).

    `step_s` is the other clock's step: it may have been up to so much later than it said. What lies
    within these bounds is no difference.
    """
    read = there.timestamp()
    off_s = max(before - (read + step_s), read - after, 0.0)
    direction = "慢 behind" if read < before else "快 ahead"
    evidence = f"{off_s:.1f} s {direction}" if off_s else ""
    if off_s >= FAIL_S:
        said = Said("时钟与这里相差太多", "its clock is far from the one here")
        return fail("clocks", subject, said, evidence, SET_CLOCK)
    if off_s >= WARN_S:
        said = Said("时钟与这里不一致", "its clock differs from the one here")
        return warn("clocks", subject, said, evidence, SET_CLOCK)
    return ok("clocks", subject, Said("时钟一致", "its clock agrees with the one here"))
