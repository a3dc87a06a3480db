"""All checks, one after the other, in the order in which somebody would repair things."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from cli.doctor import (
    certificates,
    codes,
    counts,
    databases,
    logs,
    machine,
    nats_server,
    reference_clock,
    services,
)
from cli.doctor.findings import LEVELS, Finding
from cli.doctor.place import Place
from cli.progress import Progress

CHECKS: Final[Sequence[Callable[[Place], Awaitable[list[Finding]]]]] = (
    databases.check,
    logs.check,
    services.check,
    reference_clock.check,
    nats_server.check,
    codes.check,
    counts.check,
    machine.check,
    certificates.check,
)


async def examine(place: Place, progress: Progress) -> list[Finding]:
    """Every finding, the worst first."""
    progress.begin("检查 Looking", len(CHECKS))
    findings: list[Finding] = []
    for check in CHECKS:
        findings += await check(place)
        progress.advance()
    return sorted(findings, key=lambda one: LEVELS.index(one.level))
