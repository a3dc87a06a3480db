"""When something is slow or away: people are told what to do, and nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import msgspec

from cli.embedded.postgres import Postgres
from services.registrar.settings import Settings
from tests.integration.registrar.parties import PATIENCE_S, Log, Notify
from tests.integration.registrar.site import OWNER, make_roles, migrated
from tests.integration.registrar.stage import (
    BRISK,
    DESK_TOKEN,
    Registrar,
    Ward,
    open_registrar,
    roll_lines,
)
from tests.servers import fresh_database, query


async def test_without_its_database_it_says_come_back(
    postgres_server: Postgres, settings: Settings, log: Log, notify: Notify
) -> None:
    """Requests are refused with 503 meanwhile, and work again afterwards with the same code."""
    make_roles(postgres_server)
    admin = postgres_server.admin_dsn
    leave = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
    with fresh_database(postgres_server, OWNER) as name:
        address = migrated(postgres_server, name).service
        own = msgspec.structs.replace(settings, database_url=address)
        async with open_registrar(own) as registrar:
            ward = await Ward(registrar, log, notify).open()
            key, code = ward.key(), await ward.code(1)
            query(admin, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            query(admin, leave, name)
            away = [await ward.ask(2), await ward.claim(code, key.blinded)]
            ready = await registrar.get("/ready")
            query(admin, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            back = await ward.claim(code, key.blinded)
    assert [(one.status, one.slug) for one in away] == [(503, "store-unavailable")] * 2
    assert (ready.status, back.status) == (503, 201)


async def test_a_body_that_comes_too_slowly_is_refused(settings: Settings, notify: Notify) -> None:
    """A client that sends half a request does not hold the other half's place for ever."""
    pace = msgspec.structs.replace(BRISK, body_s=0.2)
    async with open_registrar(settings, pace) as registrar:
        address = urlsplit(registrar.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(
            b"POST /v1/editions/x/challenges HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        async with asyncio.timeout(PATIENCE_S):
            answer = await reader.readuntil(b"}")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"body-too-slow" in answer


async def test_a_roll_that_stops_coming_leaves_nothing(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """The import is given up, and the roll before it stays."""
    pace = msgspec.structs.replace(BRISK, piece_s=0.2)
    async with open_registrar(settings, pace) as registrar:
        ward = Ward(registrar, log, notify)
        await ward.import_roll(range(3))
        ended = asyncio.Event()

        async def stopping() -> AsyncIterator[bytes]:
            yield roll_lines(range(50))
            await ended.wait()

        status = await put(registrar, ward.edition, stopping())
        ended.set()
        view = (await registrar.desk("GET", ward.edition)).json()
    assert status == 408
    assert view["size"] == 3


async def test_a_roll_whose_sender_is_gone_leaves_nothing(ward: Ward, log: Log) -> None:
    """A connection that breaks in the middle of an import leaves the roll as it was."""
    other = Ward(ward.registrar, log, ward.notify)
    await other.import_roll(range(3))
    address = urlsplit(ward.registrar.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(
        f"PUT /desk/v1/editions/{other.edition}/roll HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {DESK_TOKEN}\r\n"
        "Content-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n".encode()
        + roll_lines(range(50))
    )
    await writer.drain()
    writer.transport.abort()
    assert (await other.import_roll(range(5))).json()["size"] == 5


async def test_two_imports_of_one_roll_do_not_mix(ward: Ward, log: Log) -> None:
    """The roll is that of one of them, whole."""
    other = Ward(ward.registrar, log, ward.notify)
    answers = await asyncio.gather(other.import_roll(range(40)), other.import_roll(range(70)))
    view = (await ward.registrar.desk("GET", other.edition)).json()
    assert [answer.json()["size"] for answer in answers] == [40, 70]
    assert view["size"] in (40, 70)


async def test_what_has_expired_is_deleted(
    settings: Settings, log: Log, notify: Notify, admin_url: str
) -> None:
    """Challenges and caps of yesterday are not kept."""
    pace = msgspec.structs.replace(BRISK, housekeeping_s=0.05)
    async with open_registrar(settings, pace) as registrar:
        ward = await Ward(registrar, log, notify).open()
        await ward.ask(1)
        query(admin_url, "UPDATE challenges SET expires = now() - interval '1 s'")
        query(admin_url, "UPDATE caps SET ends = now() - interval '1 s'")
        left = "SELECT (SELECT count(*) FROM challenges) + (SELECT count(*) FROM caps) AS rows"
        async with asyncio.timeout(PATIENCE_S):
            while query(admin_url, left)[0]["rows"]:  # noqa: ASYNC110  # asked in the database
                await asyncio.sleep(0.02)


async def put(registrar: Registrar, edition: str, body: AsyncIterator[bytes]) -> int:
    """The status of an import with this body."""
    url = f"{registrar.url}/desk/v1/editions/{edition}/roll"
    headers = {
        "Authorization": f"Bearer {DESK_TOKEN}",
        "Content-Type": "application/x-ndjson",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.put(url, data=body, headers=headers) as response,
    ):
        return response.status
