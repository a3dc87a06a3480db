"""The registrar as processes of their own: how they start and end, and two at one database."""

import asyncio
import json
from collections import Counter
from itertools import cycle

import msgspec

from cli.embedded.postgres import Postgres
from services.registrar.settings import Settings
from shared.service.migrations import migrations_of
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.processes import open_process, start_process
from tests.integration.registrar.stage import Ward, other_blinded, phone
from tests.servers import fresh_database, query


async def test_two_processes_issue_one_credential(
    settings: Settings, log: Log, notify: Notify, admin_url: str
) -> None:
    """A hundred requests for one person, spread over two processes, lead to one issuance."""
    async with open_process(settings) as one, open_process(settings) as two:
        ward = await Ward(one.registrar, log, notify).open()
        code = await ward.code(1)
        desks = cycle([ward, ward.at(two.registrar)])
        answers = await asyncio.gather(
            *(next(desks).claim(code, other_blinded(number)) for number in range(100))
        )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 99}
    found = query(admin_url, "SELECT FROM issuances WHERE edition = $1", ward.edition)
    assert len(found) == 1


async def test_two_processes_look_at_five_attempts(
    settings: Settings, log: Log, notify: Notify, admin_url: str
) -> None:
    """A hundred wrong guesses, spread over two processes, use up one challenge and no more."""
    async with open_process(settings) as one, open_process(settings) as two:
        ward = await Ward(one.registrar, log, notify).open()
        code = await ward.code(1)
        desks = cycle([ward, ward.at(two.registrar)])
        wrong = [
            msgspec.structs.replace(code, code=f"{(int(code.code) + n) % 10**6:06}")
            for n in range(1, 101)
        ]
        await asyncio.gather(*(next(desks).claim(one, other_blinded(0)) for one in wrong))
        late = await ward.claim(code, other_blinded(0))
    assert late.slug == "wrong-code"


async def test_a_code_of_one_process_serves_at_another(
    settings: Settings, log: Log, notify: Notify
) -> None:
    """Nothing about a person is in one process alone."""
    async with open_process(settings) as one, open_process(settings) as two:
        ward = await Ward(one.registrar, log, notify).open()
        key, code = ward.key(), await ward.code(1)
        first = await ward.claim(code, key.blinded)
        again = await ward.at(two.registrar).claim(code, key.blinded)
    assert (again.status, again.body) == (201, first.body)


async def test_it_ends_in_order(settings: Settings, log: Log, notify: Notify) -> None:
    """SIGTERM ends it with 0, after the codes that wait were delivered."""
    async with open_process(settings) as process:
        ward = await Ward(process.registrar, log, notify).open()
        notify.delay_s = 0.2
        assert (await ward.ask(1)).status == 201
        code, _ = await process.stop()
    assert (code, notify.waiting(phone(1))) == (0, 1)


async def test_a_bad_key_is_named_and_not_quoted(settings: Settings) -> None:
    """A key that is none ends the process with 2."""
    async with start_process(settings, key="bm8ga2V5") as process:
        code, log = await process.ended()
    assert (code, "HUIMIN_REGISTRAR_KEY" in log, "bm8ga2V5" in log) == (2, True, False)


async def test_bad_proxies_are_named(settings: Settings) -> None:
    """Networks that are none end the process with 2."""
    async with start_process(settings, trusted_proxies="10.0.0.0/33") as process:
        code, log = await process.ended()
    assert (code, "HUIMIN_REGISTRAR_TRUSTED_PROXIES" in log) == (2, True)


async def test_a_missing_schema_ends_it(settings: Settings, postgres_server: Postgres) -> None:
    """A database without the registrar's schema ends the process with 1, and the log says so."""
    with fresh_database(postgres_server) as name:
        address = postgres_server.admin_dsn.replace("/postgres?", f"/{name}?")
        async with start_process(settings, database_url=address) as process:
            code, log = await process.ended()
    needed = migrations_of("services.registrar")[-1].name
    assert (code, f"{needed} is needed" in log) == (1, True)


async def test_a_log_line_is_json(settings: Settings) -> None:
    """Every line that a process writes can be read by a machine."""
    async with open_process(settings) as process:
        _, log = await process.stop()
    assert all(json.loads(line)["service"] == "registrar" for line in log.splitlines())
