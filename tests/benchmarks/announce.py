"""How fast an announcement goes out by e-mail: real PostgreSQL, NATS, SMTP server and service.

    python -m tests.benchmarks.announce --subscribers 46000

A fresh database gets so many confirmed subscribers; the service, as a process of its own, finds
that a shortlist was published and mails everyone through an SMTP server (aiosmtpd, a process of its
own). Prints the seconds from the announcement to the last mail that the server took, the rate, and
the processor time of each part. Only elapsed time on an idle machine tells how fast it is.
"""

import argparse
import asyncio
import multiprocessing
import os
import secrets
import tempfile
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import asyncpg
from aiosmtpd.smtp import SMTP, Envelope, Session

from cli.embedded.nats import NatsServer
from cli.embedded.postgres import ADMIN, Postgres
from services.notify.settings import Settings
from shared.log.note import Signer, Verifier
from shared.service.migrations import migrate
from tests.editions import LOG_SEED, EditionBuilder
from tests.integration.notify.stage import BallotHost, add_subscribers, started, states
from tests.servers import everything, seed_file
from tests.web import serving, static

ROLE = "huimin_notify"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=46_000)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(Path(directory), options.subscribers, options.connections))


async def measure(directory: Path, subscribers: int, connections: int) -> None:
    """One announcement to so many subscribers."""
    (directory / "postgres-data").mkdir()
    (directory / "nats-data").mkdir()
    nats_data = directory / "nats-data"
    with (
        Postgres(directory / "postgres-data") as postgres,
        NatsServer(nats_data, [everything(nats_data, "notify")]) as nats,
    ):
        admin, database = await _database(postgres)
        host = BallotHost()
        async with serving(static(host.files)) as url, _mail_server() as (port, sink, pipe):
            settings = _settings(database, nats, url, port, connections)
            await add_subscribers(
                admin, settings, [f"r{n}@example.org" for n in range(subscribers)]
            )
            async with started(settings) as service:
                processes = {
                    "service": [service.pid],
                    "smtp server": [sink],
                    "postgres": [postgres.pid, *_children(postgres.pid)],
                }
                await _announced_to_all(admin, host, subscribers)
                seconds = await _time(pipe, admin, subscribers)
                _show(subscribers, seconds, processes, postgres.pid)


async def _announced_to_all(admin: str, host: BallotHost, subscribers: int) -> None:
    """Publish a shortlist, and wait until the messages are in the database."""
    builder = EditionBuilder("2027")
    builder.announce()
    builder.publish_shortlist()
    host.show(builder)
    while sum((await states(admin)).values()) < subscribers:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)


async def _time(pipe: Connection, admin: str, subscribers: int) -> float:
    begun, taken = time.monotonic(), 0
    while taken < subscribers:
        await asyncio.sleep(1)
        pipe.send("count")
        taken = await asyncio.to_thread(pipe.recv)
        print(f"{time.monotonic() - begun:6.1f} s {taken:7} mails", flush=True)
    seconds = time.monotonic() - begun
    while (found := await states(admin)).keys() != {"sent"}:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    print(f"states: {dict(found)}")
    return seconds


def _show(
    subscribers: int, seconds: float, processes: dict[str, list[int]], postmaster: int
) -> None:
    processes["postgres"] = [postmaster, *_children(postmaster)]
    print(f"{subscribers} mails in {seconds:.1f} s: {subscribers / seconds:.0f} a second")
    for name, pids in processes.items():
        spent_s = sum(map(_cpu_s, pids))
        each_us = 1e6 * spent_s / subscribers
        print(f"  {name}: {spent_s:.1f} s of processor time, {each_us:.0f} us a mail")


async def _database(postgres: Postgres) -> tuple[str, str]:
    password = secrets.token_hex(16)
    postgres.create_role(ROLE, password)
    postgres.create_database(ROLE, ADMIN, connect=[ROLE])
    admin = postgres.admin_dsn.replace("/postgres?", f"/{ROLE}?")
    connection = await asyncpg.connect(admin)
    await migrate(connection, "services.notify")
    await connection.close()
    return admin, postgres.dsn(ROLE, ROLE, password)


def _settings(database: str, nats: NatsServer, url: str, port: int, connections: int) -> Settings:
    return Settings(
        database_url=database,
        nats_url=nats.url,
        nats_nkey_seed=seed_file(nats.data, "notify").read_text().strip(),
        key=b64encode(bytes(32)).decode(),
        desk_token="0" * 32,
        ballot_url=url,
        log_origin="vote.example",
        log_key=b64encode(Verifier.parse(Signer("vote.example", LOG_SEED).vkey).public).decode(),
        public_url="https://notify.example",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_tls="none",
        smtp_sender="notify@vote.example",
        smtp_connections=connections,
    )


class _Sink:
    """Counts mails by recipient, and keeps none."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.taken.update(envelope.rcpt_tos)
        return "250 OK"


@asynccontextmanager
async def _mail_server() -> AsyncIterator[tuple[int, int, Connection]]:
    """An SMTP server in a process of its own: its port, its pid, and a pipe to ask it by."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve_mail, args=(theirs,))
    process.start()
    try:
        port = await asyncio.to_thread(ours.recv)
        assert process.pid is not None
        yield port, process.pid, ours
    finally:
        process.kill()
        process.join()


def _serve_mail(pipe: Connection) -> None:
    async def serve() -> None:
        sink, loop = _Sink(), asyncio.get_running_loop()
        listener = await loop.create_server(
            lambda: SMTP(sink, hostname="localhost"), "127.0.0.1", 0
        )
        pipe.send(listener.sockets[0].getsockname()[1])
        while True:
            await asyncio.to_thread(pipe.recv)
            twice = [one for one, times in sink.taken.items() if times > 1]
            assert not twice, "somebody got two"
            pipe.send(len(sink.taken))

    asyncio.run(serve())


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


if __name__ == "__main__":
    main()
