"""The services themselves: whether each answers and is ready, its version, its clock."""

import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct

from cli.doctor import clocks
from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok
from cli.doctor.place import Place
from shared.edition.errors import UNREADABLE_JSON
from shared.version import VERSION

TIMEOUT_S: Final = 10.0
DATE_STEP_S: Final = 1.0  # a Date has whole seconds
MAX_BYTES: Final = 8_000_000

_UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class _Info(Struct, frozen=True):
    version: str = ""


class _OpenApi(Struct, frozen=True):
    info: _Info


async def check(place: Place) -> list[Finding]:
    """Look at every service that was named."""
    if not place.services:
        return [not_asked("services", "--ballot, --tally, --registrar, --notify")]
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        return [
            finding
            for name, url in place.services.items()
            for finding in await _service(session, name, url.rstrip("/"))
        ]


async def _service(session: aiohttp.ClientSession, name: str, url: str) -> list[Finding]:
    subject = f"{name} ({url})"
    try:
        return [
            await _ready(session, subject, url),
            await _clock(session, subject, url),
            await _version(session, subject, url),
        ]
    except _UNREACHABLE as error:
        return [
            fail(
                "services",
                subject,
                Said("服务没有应答", "the service does not answer"),
                str(error) or type(error).__name__,
                Said(
                    "看该服务的日志：最后几行说明它为何停止或拒绝启动",
                    "read its log: the last lines say why it stopped, or refuses to start",
                ),
            )
        ]


async def _ready(session: aiohttp.ClientSession, subject: str, url: str) -> Finding:
    async with session.get(f"{url}/ready") as answer:
        said = (await answer.content.read(2000)).decode(errors="replace")
        if answer.status == 200:
            return ok("services", subject, Said("已就绪", "ready"))
    return fail(
        "services",
        subject,
        Said("服务有应答，但未就绪", "the service answers and is not ready"),
        said,
        Said(
            "按上面的原因处理；数据库不可用是最常见的原因",
            "do something about the reason above; most often the database is away",
        ),
    )


async def _clock(session: aiohttp.ClientSession, subject: str, url: str) -> Finding:
    before = time.time()
    async with session.get(f"{url}/live") as answer:
        date = answer.headers.get("Date")
    after = time.time()
    if date is None:
        return hindered("clocks", subject, "the answer has no Date header")
    there = parsedate_to_datetime(date).replace(tzinfo=UTC)
    return clocks.compare(subject, there, before, after, DATE_STEP_S)


async def _version(session: aiohttp.ClientSession, subject: str, url: str) -> Finding:
    async with session.get(f"{url}/schema/openapi.json") as answer:
        body = await answer.content.read(MAX_BYTES) if answer.status == 200 else b""
        while answer.status == 200 and (more := await answer.content.read(MAX_BYTES)):
            body += more
    try:
        running = msgspec.json.decode(body, type=_OpenApi).info.version
    except UNREADABLE_JSON:
        return hindered("versions", subject, f"{url}/schema/openapi.json says no version")
    if running == VERSION:
        return ok("versions", subject, Said(f"版本 {running}", f"version {running}"))
    return fail(
        "versions",
        subject,
        Said("服务的版本与本程序不同", "the service is of another version than this program"),
        f"{running} runs, this is {VERSION}",
        Said(
            "用同一版本的程序再查；若升级未完成，请先完成: huimin upgrade --check",
            "use the program of that version, or finish the upgrade: huimin upgrade --check",
        ),
    )
