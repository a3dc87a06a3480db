"""Whether one-time codes go out, as the registrar finds out by its probes.

A registrar that came up before NATS or notify did knows better after its next probe: it is asked
for as long as that takes.
"""

import asyncio
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct

from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok
from cli.doctor.place import Place
from shared.edition.errors import UNREADABLE_JSON

TIMEOUT_S: Final = 10.0
PROBED_AGAIN_S: Final = 12.0
POLL_S: Final = 0.5


class _Readiness(Struct, frozen=True):
    codes: str = ""


async def check(place: Place) -> list[Finding]:
    """Ask the registrar."""
    url = place.services.get("registrar")
    if url is None:
        return [not_asked("codes", "--registrar")]
    try:
        codes = await _codes(f"{url.rstrip('/')}/ready")
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, *UNREADABLE_JSON) as error:
        return [hindered("codes", url, str(error) or type(error).__name__)]
    if codes == "working":
        return [ok("codes", url, Said("验证码发得出去", "one-time codes go out"))]
    said = Said("验证码发不出去", "one-time codes do not go out")
    next_ = Said(
        "检查 notify 服务、NATS 和短信渠道 (huimin notify); 柜台编码不受影响",
        "see to the notify service, NATS and the SMS channel (huimin notify); counter codes work",
    )
    return [fail("codes", url, said, f"codes: {codes or 'unknown'}", next_)]


async def _codes(url: str) -> str:
    clock = asyncio.get_running_loop().time
    deadline = clock() + PROBED_AGAIN_S
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            async with session.get(url) as answer:
                codes = msgspec.json.decode(await answer.text(), type=_Readiness).codes
            if codes == "working" or clock() > deadline:
                return codes
            await asyncio.sleep(POLL_S)
