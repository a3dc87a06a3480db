"""Whether the tally counts every edition. It is ready while it cannot: somebody has to show why."""

from collections.abc import Mapping, Sequence
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct

from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok, warn
from cli.doctor.place import Place
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.views import Contradiction

TIMEOUT_S: Final = 10.0

_AUDIT = Said(
    "不要确认结果，保留所有数据，用 huimin audit 复查，见运行手册 HuiminTallyContradiction",
    "certify nothing, keep all data, run `huimin audit`, and see the runbook:"
    " HuiminTallyContradiction",
)
_REPAIR = Said(
    "投票不受影响；看计票服务的日志：读不到公开日志时它会一直重试",
    "voting goes on; read the tally's log: it tries again for as long as it cannot read the log",
)


class _Stopped(Struct, frozen=True):
    edition: str
    contradiction: Contradiction


class _Readiness(Struct, frozen=True):
    failing: Mapping[str, str]
    contradictions: Sequence[_Stopped]


async def check(place: Place) -> list[Finding]:
    """Ask the tally."""
    url = place.services.get("tally")
    if url is None:
        return [not_asked("counts", "--tally")]
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{url.rstrip('/')}/ready") as answer,
        ):
            found = msgspec.json.decode(await answer.text(), type=_Readiness)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, *UNREADABLE_JSON) as error:
        return [hindered("counts", url, str(error) or type(error).__name__)]
    return _judge(url, found)


def _judge(url: str, found: _Readiness) -> list[Finding]:
    wrong = [
        fail(
            "counts",
            one.edition,
            Said("日志自相矛盾，计票已停止", "the log contradicts itself; it is counted no more"),
            f"index {one.contradiction.index} ({one.contradiction.what}): {one.contradiction.why}",
            _AUDIT,
        )
        for one in found.contradictions
    ]
    away = [
        warn("counts", edition, Said("现在无法计票", "it cannot be counted now"), why, _REPAIR)
        for edition, why in found.failing.items()
    ]
    return wrong + away or [ok("counts", url, Said("所有届次都在计票", "every edition is counted"))]
