"""Services stop under load and leave nobody without an answer; clients that retry see no error.

One rehearsal for all tests: a ballot process is sent SIGTERM, and then all of all services at once,
while ballots arrive, dashboards watch and readers read; then the ballot processes are restarted in
turn while our own client casts. `tests/benchmarks/stopping.py` is the same with the full load.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import msgspec
import pytest

from cli.installation import Installation
from shared.service.drain import GRACE_S
from tests.polls import until
from tests.stopping import Rehearsal, Verdict, Vote, judge, open_poll, rehearse, signed
from tests.wire import Outcome as Answered
from tests.wire import Wire, open_wire

RATE: Final = 100
STREAMS: Final = 40
BALLOTS: Final = 3_000

SUBSCRIPTION: Final = b'{"channel": "email", "address": "reader@example.org", "language": "en"}'

Outcome = tuple[Rehearsal, Verdict]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation of its own: the tests stop parts of it."""
    with Installation(tmp_path_factory.mktemp("stopping")) as running:
        yield running


@pytest.fixture(scope="module")
def vote(installation: Installation) -> Vote:
    """An open vote with ballots."""
    script, issuer = open_poll(installation, BALLOTS)
    return asyncio.run(signed(installation, script, issuer))


@pytest.fixture(scope="module")
def outcome(installation: Installation, vote: Vote) -> Outcome:
    """What came of the rehearsal, and what the log says about it."""

    async def measure() -> Outcome:
        done = await rehearse(
            installation,
            vote,
            rate=RATE,
            streams=STREAMS,
            one_by_one=["ballot-0"],
            restarts=1,
        )
        return done, await judge(installation, vote, done.receipts)

    return asyncio.run(measure())


def test_each_process_ends_in_order_within_its_grace_time(outcome: Outcome) -> None:
    """SIGTERM with open streams and requests under way ends every process with 0."""
    done, _ = outcome
    stopped = [*done.in_turn, *done.together, *done.rolling]
    assert len(stopped) == 8
    assert [one for one in stopped if one.status != 0 or one.seconds > GRACE_S] == []


def test_no_request_is_dropped_without_an_answer(outcome: Outcome) -> None:
    """Whatever was connected was answered, on new connections and on kept ones."""
    load = outcome[0].load
    assert len(load.receipts) > 5 * RATE, "there was no load to speak of"
    assert (dict(load.lost), load.errors) == ({}, [])


def test_every_answer_is_one_that_was_promised(outcome: Outcome) -> None:
    """A ballot gets its receipt or a 503 that says to send it again."""
    load = outcome[0].load
    ballots = {status for status in load.statuses if status.startswith("ballot")}
    assert ballots <= {"ballot 201", "ballot 503"}
    assert not [status for status in load.statuses if re.search(r" (500|502|504)$", status)]


def test_streams_end_in_order_and_come_back(outcome: Outcome) -> None:
    """Each of them was ended by the tally, none was cut, and each was opened again."""
    streams = outcome[0].load.streams
    assert streams["cut"] == 0
    assert streams["ended in order"] >= STREAMS
    assert streams["opened"] >= 2 * STREAMS


def test_a_client_that_retries_sees_no_error_in_a_rolling_restart(outcome: Outcome) -> None:
    """Our own client had a verified receipt for every ballot."""
    clients = outcome[0].clients
    assert clients.errors == []
    assert len(clients.receipts) > RATE


def test_the_log_keeps_every_promise(outcome: Outcome) -> None:
    """No acknowledged ballot is lost, none counts twice, and the tally is the audit's count."""
    assert outcome[1].kept, outcome[1]


async def test_without_nats_every_service_is_ready_and_ballots_are_accepted(
    installation: Installation, vote: Vote
) -> None:
    """Each says itself that NATS is away, and that it does its work nevertheless."""
    installation.nats.stop()
    try:
        for url in addresses(installation).values():
            async with open_wire(url) as wire:
                await until(partial(says_nats_is_away, wire))
                ready = await wire.ask("GET", "/ready")
                assert (ready.status, document(ready)["ready"]) == (200, True)
        async with open_wire(installation.ballot_url) as wire:
            assert (await cast(wire, vote)).status == 201
    finally:
        installation.nats.start()


async def test_without_postgres_every_service_says_when_to_come_again(
    installation: Installation, vote: Vote
) -> None:
    """503 with Retry-After as problem+json; a ballot's is tested with the ballot service."""
    installation.postgres.stop()
    edition = f"/v1/editions/{vote.edition}"
    try:
        async with AsyncExitStack() as stack:
            wires = {
                name: await stack.enter_async_context(open_wire(url))
                for name, url in addresses(installation).items()
            }
            outcomes = [
                await wires["ballot"].ask("GET", f"/log/{vote.edition}/checkpoint"),
                await wires["tally"].ask("GET", f"{edition}/tally/turnout"),
                await wires["registrar"].ask("GET", f"{edition}/registration"),
                await wires["notify"].ask("POST", "/v1/subscriptions", SUBSCRIPTION),
            ]
            unready = [await wire.ask("GET", "/ready") for wire in wires.values()]
    finally:
        installation.postgres.start()
    assert [one.status for one in (*outcomes, *unready)] == [503] * 8
    assert {str(document(one)["type"]) for one in outcomes} == {
        "urn:huimin:problem:store-unavailable"
    }
    assert all(int(one.headers["retry-after"]) >= 1 for one in outcomes)


def addresses(installation: Installation) -> dict[str, str]:
    """Where each service is."""
    return {
        "ballot": installation.ballot_url,
        "tally": installation.tally_url,
        "registrar": installation.registrar_url,
        "notify": installation.notify_url,
    }


async def cast(wire: Wire, vote: Vote) -> Answered:
    """Cast the next ballot, once."""
    body = msgspec.json.encode(next(vote.ballots))
    return await wire.ask("POST", f"/v1/editions/{vote.edition}/ballots", body)


async def says_nats_is_away(wire: Wire) -> bool:
    """Whether the service has noticed."""
    return document(await wire.ask("GET", "/ready"))["nats"] == "disconnected"


def document(answer: Answered) -> dict[str, object]:
    """The JSON in an answer."""
    return msgspec.json.decode(answer.body, type=dict[str, object])
