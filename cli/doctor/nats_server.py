"""NATS: whether it writes to disk at once, what its users may do, and how streams are kept.

`sync_interval` is read from the monitoring endpoint (`/varz`), which tells what the server really
runs with, or else from its configuration file. No client of an account is told it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.errors import Error as NatsError

from cli.backup.addresses import read_line
from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok
from cli.doctor.nats_rights import not_to_hear, not_to_say, still_allowed
from cli.doctor.place import Place
from shared.client.errors import CannotRead
from shared.edition.errors import UNREADABLE_JSON

TIMEOUT_S: Final = 5
MAX_BYTES: Final = 1_000_000
REFUSAL_ROUNDS: Final = 10
REFUSAL_PAUSE_S: Final = 0.1
CONNECTION_LOST: Final = (NatsError, OSError, TimeoutError, ValueError)

_SYNC: Final = re.compile(r"^[^#]*?[\"']?\bsync_interval\b[\"']?\s*[:=\s]\s*[\"']?(\w+)", re.M)
_ALWAYS: Final = "always"


class _JetStreamConfig(Struct, frozen=True):
    sync_interval: int = 0
    sync_always: bool = False


class _JetStream(Struct, frozen=True):
    config: _JetStreamConfig | None = None


class _Varz(Struct, frozen=True):
    """What we need of `/varz`; intervals are nanoseconds."""

    version: str = ""
    jetstream: _JetStream = _JetStream()


async def check(place: Place) -> list[Finding]:
    """Durability first, then what each user whose seed was named may do."""
    findings = [await _durability(place)]
    if place.nats_url is None or not place.nkeys:
        return [*findings, not_asked("nats-permissions", "--nats, --nkey-file")]
    for name, file in place.nkeys.items():
        findings.append(await _permissions(place.nats_url, name, file))
    return findings


async def _durability(place: Place) -> Finding:
    if place.nats_monitor is not None:
        return await _by_monitor(place.nats_monitor.rstrip("/") + "/varz")
    if place.nats_config is None:
        return not_asked("nats-sync-interval", "--nats-monitor / --nats-config")
    try:
        return sync_interval(read_line(place.nats_config), str(place.nats_config))
    except CannotRead as error:
        return hindered("nats-sync-interval", str(place.nats_config), str(error))


async def _by_monitor(url: str) -> Finding:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            body = await answer.text()
        varz = msgspec.json.decode(body, type=_Varz)
    except (aiohttp.ClientError, *CONNECTION_LOST, *UNREADABLE_JSON) as error:
        return hindered("nats-sync-interval", url, str(error) or type(error).__name__)
    config = varz.jetstream.config
    if config is None:
        said = Said("JetStream 没有启用", "JetStream is not enabled")
        next_ = Said("在配置中加入 jetstream", "add jetstream to the configuration")
        return fail("nats-sync-interval", url, said, varz.version, next_)
    return _sync(_ALWAYS if config.sync_always else f"{config.sync_interval // 10**9}s", url)


def sync_interval(config: str, where: str) -> Finding:
    """What the text of a configuration says; what it does not say is the default. Pure."""
    found = _SYNC.search(config)
    return _sync(found[1] if found else "2m (default)", where)


def _sync(value: str, where: str) -> Finding:
    if value == _ALWAYS:
        said = Said("每条消息先落盘再确认", "each message is on disk before it is acknowledged")
        return ok("nats-sync-interval", where, said, f"sync_interval: {value}")
    return fail(
        "nats-sync-interval",
        where,
        Said(
            "断电会丢失已确认的消息，甚至整个流",
            "a power cut loses acknowledged messages, or the whole stream",
        ),
        f"sync_interval: {value}",
        Said(
            "在 jetstream { } 中设 sync_interval: always, 重新启动 NATS",
            "set sync_interval: always in jetstream { }, and restart NATS",
        ),
    )


@asynccontextmanager
async def connected(url: str, name: str, seed: Path) -> AsyncIterator[tuple[Client, list[str]]]:
    """A user's connection, and the errors that the server tells it, as they come.

    Raises what `CONNECTION_LOST` names, and `CannotRead` for the seed.
    """
    client, errors = Client(), list[str]()

    async def note(error: Exception) -> None:
        errors.append(str(error))

    await client.connect(
        servers=[url],
        name="doctor",
        nkeys_seed_str=read_line(seed),
        inbox_prefix=f"_INBOX_{name}",
        allow_reconnect=False,
        connect_timeout=TIMEOUT_S,
        error_cb=note,
    )
    try:
        yield client, errors
    finally:
        await client.close()


async def _permissions(url: str, name: str, seed: Path) -> Finding:
    """Ask for what the user may not do: the server refuses each before it is answered."""
    subject = f"NATS user {name}"
    try:
        async with connected(url, name, seed) as (client, errors):
            allowed = await _allowed(client, name, errors)
    except (*CONNECTION_LOST, CannotRead) as error:
        return fail(
            "nats-permissions",
            subject,
            Said("无法连接 NATS", "NATS cannot be used"),
            str(error) or type(error).__name__,
            Said(
                "投票不受影响；检查 NATS 是否在运行，以及它的用户与密钥文件",
                "voting goes on; see whether NATS runs, and whether it has this user's key",
            ),
        )
    if allowed:
        said = Said("用户的权限太大", "the user may do too much")
        next_ = Said(
            "用 huimin secrets 重新生成 nats.conf, 重新加载 NATS",
            "write nats.conf anew with huimin secrets, and reload NATS",
        )
        return fail("nats-permissions", subject, said, ", ".join(allowed), next_)
    said = Said("除应有的权限外都被拒绝", "is refused whatever it need not say or hear")
    return ok("nats-permissions", subject, said)


async def _allowed(client: Client, name: str, errors: Sequence[str]) -> list[str]:
    """What was not refused. The client may send a ping before what it was told to send earlier."""
    says, hears = not_to_say(name), not_to_hear(name)
    for one in says:
        await client.publish(one, b"")
    for one in hears:
        await client.subscribe(one)
    for _ in range(REFUSAL_ROUNDS):
        await client.flush(TIMEOUT_S)
        if not still_allowed(says, hears, errors):
            break
        await asyncio.sleep(REFUSAL_PAUSE_S)
    return still_allowed(says, hears, errors)
