"""Each log against what was published of it, and whoever follows it: copies, stream and tally.

Under load a follower is always a little behind. So one is asked for the size that the log had when
the doctor came, for a while: whoever gets there in time keeps up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import msgspec
from nats.errors import Error as NatsError
from nats.js.api import StorageType, StreamInfo
from nats.js.errors import Error as JetStreamError

from cli.doctor import nats_server, store
from cli.doctor.findings import Finding, Said, fail, hindered, not_asked, ok, warn
from cli.doctor.place import Place
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.errors import CannotRead, ClientError
from shared.client.log_key import stated_checkpoint
from shared.client.tally_board import open_tally_board
from shared.client.transport import Patience
from shared.edition.views import EditionSummary
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.service.runs import decode_run
from shared.service.subjects import run_subject, stream_name

SUFFIX: Final = ".checkpoint"
KEEP_UP_S: Final = 6.0
POLL_S: Final = 0.1
QUICK: Final = Patience(attempts=2, timeout_s=10.0)

_LOST = (*nats_server.CONNECTION_LOST, NatsError, JetStreamError, CannotRead)


async def check(place: Place) -> list[Finding]:
    """Copies first: they matter most, and a service that refuses to serve cannot hide them."""
    findings = await _copies_and_databases(place)
    url = place.services.get("ballot")
    if url is None:
        return [*findings, not_asked("relay-lag", "--ballot"), not_asked("tally-lag", "--ballot")]
    try:
        async with open_ballot_box(url, QUICK) as box:
            for summary in (await box.editions()).editions:
                findings += await _edition(place, box, summary)
    except ClientError as error:
        findings.append(hindered("relay-lag", url, str(error)))
    return findings


async def _edition(place: Place, box: BallotBox, summary: EditionSummary) -> list[Finding]:
    verifier = Verifier.parse(summary.vkey)
    try:
        note = await box.log(summary.edition).read("checkpoint")
        served = open_checkpoint(note, verifier)
    except LogFormatError as error:
        said = Said("日志的检查点无效", "the log's checkpoint is not valid")
        return [fail("log-behind-copy", summary.edition, said, str(error), _STOP_SERVING)]
    return [
        *[
            await _served_against(box, copies, summary.edition, verifier)
            for copies in place.checkpoints
        ],
        *await _relay(place, summary.edition, served.size),
        await _tally(place, summary.edition, served.size),
    ]


async def _copies_and_databases(place: Place) -> list[Finding]:
    if not place.checkpoints:
        return [not_asked("log-behind-copy", "--checkpoints")]
    findings: list[Finding] = []
    url = place.databases.get("ballot")
    for directory in place.checkpoints:
        files = sorted(directory.glob(f"*{SUFFIX}"))
        if not files and url is None:
            findings.append(hindered("log-behind-copy", str(directory), "no copy is there"))
        if url is None:
            continue
        try:
            async with store.connected(url) as connection:
                findings += [await _stored_against(connection, file) for file in files]
        except store.CONNECTION_LOST as error:
            findings.append(hindered("log-behind-copy", str(directory), type(error).__name__))
    return findings


async def _stored_against(connection: store.Connection, file: Path) -> Finding:
    """The database has every checkpoint that was ever signed, so it has the one in the copy."""
    edition = file.name.removesuffix(SUFFIX)
    subject = f"{edition} ({file})"
    try:
        published = stated_checkpoint(file.read_bytes())
    except (LogFormatError, OSError) as error:
        return _unreadable_copy(subject, str(error))
    size = await store.head_size(connection, edition)
    if size < published.size:
        return _behind(subject, f"the database has {size} entries", published.size)
    note = await store.note_at(connection, edition, published.size)
    if note is None or stated_checkpoint(note).root != published.root:
        return _fork(subject, published.size)
    said = Said("数据库不落后于已公布的副本", "the database is not behind the published copy")
    return ok("log-behind-copy", subject, said, f"{published.size} of {size}")


async def _served_against(
    box: BallotBox, directory: Path, edition: str, verifier: Verifier
) -> Finding:
    """The copy is read first: what is served after that must not be less."""
    file = directory / f"{edition}{SUFFIX}"
    subject = f"{edition} ({file})"

    def copied() -> Checkpoint:
        return open_checkpoint(file.read_bytes(), verifier)

    async def copied_size() -> int:
        return copied().size

    try:
        published = copied()
        served = open_checkpoint(await box.log(edition).read("checkpoint"), verifier)
        if served.size < published.size:
            return _behind(subject, f"the service serves {served.size}", published.size)
        if served.size == published.size and served.root != published.root:
            return _fork(subject, served.size)
        keeps_up = await _gets_to(served.size, copied_size)
    except FileNotFoundError:
        said = Said("没有这个日志的副本", "there is no copy of this log's checkpoint")
        return fail("log-copies", subject, said, "", _COPY)
    except (LogFormatError, OSError) as error:
        return _unreadable_copy(subject, str(error))
    if not keeps_up:
        said = Said("副本跟不上日志", "the copy does not keep up with the log")
        evidence = f"{copied().size} of {served.size} after {KEEP_UP_S:.0f} s"
        return fail("log-copies", subject, said, evidence, _COPY)
    said = Said("副本与日志一致", "the copy keeps up with the log")
    return ok("log-copies", subject, said, f"{served.size}")


async def _relay(place: Place, edition: str, size: int) -> list[Finding]:
    seed = place.nkeys.get("ballot")
    if place.nats_url is None or seed is None:
        return [not_asked("relay-lag", "--nats, --nkey-file ballot=...")]
    stream = stream_name(edition)
    try:
        async with nats_server.connected(place.nats_url, "ballot", seed) as (client, _):
            jetstream = client.jetstream(timeout=nats_server.TIMEOUT_S)
            kept = _stream(
                stream,
                await jetstream.stream_info(stream),
                alone=len(client.discovered_servers) == 0,
            )

            async def relayed() -> int:
                last = await jetstream.get_last_msg(stream, run_subject(edition))
                run = decode_run(last.data or b"")
                return stated_checkpoint(run.checkpoint).size

            arrived = await _gets_to(size, relayed)
            there = size if arrived else await relayed()
    except (*_LOST, LogFormatError, msgspec.MsgspecError) as error:
        return [hindered("relay-lag", stream, f"{type(error).__name__}: {error}")]
    return [_lag("relay-lag", stream, there, size, _RELAY), kept]


async def _tally(place: Place, edition: str, size: int) -> Finding:
    url = place.services.get("tally")
    if url is None:
        return not_asked("tally-lag", "--tally")
    try:
        async with open_tally_board(url, QUICK) as board:

            async def counted() -> int:
                return (await board.snapshot(edition)).size

            await _gets_to(size, counted)
            now = await board.snapshot(edition)
    except ClientError as error:
        return hindered("tally-lag", f"{edition} ({url})", str(error))
    if now.contradiction is not None:
        said = Said("计票发现日志自相矛盾", "the tally found the log contradicting itself")
        wrong = now.contradiction
        evidence = f"index {wrong.index}: {wrong.what}: {wrong.why}"
        return fail("tally-lag", edition, said, evidence, _STOP_SERVING)
    return _lag("tally-lag", f"{edition} ({url})", now.size, size, _TALLY)


async def _gets_to(size: int, look: Callable[[], Awaitable[int]]) -> bool:
    """Whether it gets there in time."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + KEEP_UP_S
    while await look() < size:
        if clock() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


def _lag(check: str, subject: str, there: int, size: int, next_: Said) -> Finding:
    if there >= size:
        return ok(check, subject, Said("跟得上日志", "it keeps up with the log"), f"{size}")
    said = Said("跟不上日志", "it does not keep up with the log")
    return warn(check, subject, said, f"{there} of {size} after {KEEP_UP_S:.0f} s", next_)


def _stream(stream: str, info: StreamInfo, *, alone: bool) -> Finding:
    config = info.config
    bounded = [
        name for name in ("max_msgs", "max_bytes", "max_age") if (getattr(config, name) or -1) > 0
    ]
    evidence = f"{config.storage}, R{config.num_replicas}" + "".join(f", {one}" for one in bounded)
    if config.storage != StorageType.FILE or bounded:
        said = Said("流不会保留整个日志", "the stream will not keep the whole log")
        return fail("nats-streams", stream, said, evidence, _STREAM)
    if not alone and (config.num_replicas or 1) < 3:
        said = Said("流在集群中没有三个副本", "the stream has not three replicas in the cluster")
        return warn("nats-streams", stream, said, evidence, _STREAM)
    return ok("nats-streams", stream, Said("流存盘且无上限", "on disk, unbounded"), evidence)


def _behind(subject: str, what: str, size: int) -> Finding:
    said = Said("日志落后于已公布的副本", "the log is behind its published copy")
    evidence = f"{what}, {size} were published"
    return fail("log-behind-copy", subject, said, evidence, _STOP_SERVING)


def _fork(subject: str, size: int) -> Finding:
    said = Said("日志与已公布的副本是两段历史", "the log and its published copy are two histories")
    return fail("log-behind-copy", subject, said, f"another root at {size}", _STOP_SERVING)


def _unreadable_copy(subject: str, why: str) -> Finding:
    said = Said("副本不是该日志的检查点", "the copy is no checkpoint of this log")
    return fail("log-behind-copy", subject, said, why, _COPY)


_STOP_SERVING = Said(
    "停止投票服务，保留所有数据；恢复不落后的备份或启用另一台备库 (见 backup 文档)",
    "stop the ballot service and keep all data; restore a backup that is not behind, or promote"
    " another standby (see the page about backups)",
)
_COPY = Said(
    "检查副本目录是否挂载、可写，以及投票服务的日志",
    "see whether the directory is mounted and writable, and read the ballot service's log",
)
_RELAY = Said(
    "投票不受影响；看投票服务日志中的 relay 和 NATS 的状态",
    "voting goes on; look for `relay` in the ballot service's log, and at NATS",
)
_TALLY = Said(
    "投票不受影响；看计票服务的日志，等它赶上",
    "voting goes on; read the tally service's log, and wait until it has caught up",
)
_STREAM = Said(
    "停止 NATS, 清空它的 store_dir (集群则所有节点一起), 再启动：其中只有副本，投票服务会按设置"
    "重新建立，投票不受影响",
    "stop NATS, empty its store_dir (in a cluster those of all nodes, all stopped), and start it:"
    " all there is a copy, which the ballot service makes anew as it is set; voting goes on",
)
