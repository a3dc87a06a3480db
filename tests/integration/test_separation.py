"""The ballot side holds no identity, the registrar no ballot, and notify neither of both.

One edition goes through all services of an installation of its own. Then every table, all that NATS
has on disk, every log file and every metric is searched for what its side must never hold. A leak
planted in each of these places is found, so the search would find a real one.
"""

import asyncio
import multiprocessing
import os
import secrets
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import nats
import pytest
from msgspec.structs import replace
from nats.aio.client import Client
from nats.js.api import StreamConfig

from cli.demo.inbox import open_inbox
from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.registration import (
    await_issuing,
    commit_roll,
    hand_out_counter_codes,
    open_desk,
)
from cli.demo.residents import Resident, residents
from cli.demo.script import made_up
from cli.embedded.postgres import ADMIN
from cli.installation import Installation
from cli.roles import database_role, nkey_file
from shared.client.ballot_box import open_ballot_box
from shared.client.issuance import blinded, blinding_of, finalized
from shared.client.registrar import Registrar, open_registrar
from shared.client.voter import VoterFile, new_voter
from shared.edition.ballot import Ballot, commitment, sign_ballot
from shared.eligibility.views import (
    ChallengeRequest,
    CounterCode,
    CredentialRequest,
    Person,
    PhoneCode,
)
from shared.service.subjects import CODES_SUBJECT
from tests.leaks import Leak, files, leaks, tables
from tests.servers import query

EDITION = "apart"
PEOPLE = 3
SIDES: Mapping[str, tuple[str, ...]] = {
    "ballots": ("ballot", "tally"),
    "registrar": ("registrar",),
    "notify": ("notify",),
}

Values = dict[str, bytes]


class Secrets(NamedTuple):
    """What must not be everywhere, by what it tells."""

    identity: Values
    """Who somebody is: numbers, phones, roll references."""
    registration: Values
    """How they showed it, and what the registrar signed: codes, challenges, blind signatures."""
    ballots: Values
    """What they cast: keys, credentials, commitments, salts, signatures."""


class Stage(NamedTuple):
    """An installation through which the edition went, and what only its voters know together."""

    installation: Installation
    secrets: Secrets


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The edition, from the roll to the issuance report."""
    with Installation(tmp_path_factory.mktemp("apart"), log_level="debug") as installation:
        yield Stage(installation, asyncio.run(_go_through(installation)))


def test_the_ballot_side_holds_no_identity(stage: Stage) -> None:
    """Neither who voted, nor how they registered, in anything of the ballot box and the tally."""
    forbidden = stage.secrets.identity | stage.secrets.registration
    assert leaks(forbidden, _places(stage.installation, "ballots")) == []


def test_the_registrar_holds_no_ballot_and_no_identity_in_the_clear(stage: Stage) -> None:
    """Nothing that is in a ballot, no number, no phone, no code, no blind signature."""
    forbidden = stage.secrets.ballots | stage.secrets.identity | stage.secrets.registration
    references = {name for name in forbidden if name.startswith(("reference", "challenge"))}
    in_the_clear = {name: value for name, value in forbidden.items() if name not in references}
    assert leaks(in_the_clear, _places(stage.installation, "registrar")) == []


def test_no_log_and_no_metric_names_anybody(stage: Stage) -> None:
    """Not even a reference or a challenge, which the registrar's tables do hold."""
    everything: Values = {}
    for kind in stage.secrets:
        everything |= kind
    installation = stage.installation
    places = files(installation.data / "logs", "*.log")
    for service in SIDES["ballots"] + SIDES["registrar"] + SIDES["notify"]:
        places |= _metrics(installation, service)
    assert leaks(everything, places) == []


def test_notify_keeps_neither_people_nor_ballots(stage: Stage) -> None:
    """No code and no phone that one went to is left in its tables, logs and metrics."""
    everything = stage.secrets.identity | stage.secrets.registration | stage.secrets.ballots
    assert leaks(everything, _places(stage.installation, "notify")) == []


def test_no_stream_holds_an_identity(stage: Stage) -> None:
    """What NATS keeps on disk, of all streams and consumers."""
    forbidden = stage.secrets.identity | stage.secrets.registration
    streams = files(stage.installation.data / "nats", "*")
    assert leaks(forbidden, streams) == []


def test_the_search_reaches_ballots_and_references_where_they_belong(stage: Stage) -> None:
    """Found in the ballot box's tables, the streams and the registrar's roll: it looks there."""
    installation = stage.installation
    key = {"key": stage.secrets.ballots["key 0"]}
    reference = {"reference": stage.secrets.identity["reference 0"]}
    box = leaks(key, _tables(installation, "ballot"))
    streams = leaks(key, files(installation.data / "nats", "*"))
    roll = leaks(reference, _tables(installation, "registrar"))
    assert (bool(box), bool(streams), bool(roll)) == (True, True, True)


def test_a_leak_planted_in_a_table_is_found(stage: Stage) -> None:
    """A phone as bytes in a column of the ballot box's database."""
    phone = stage.secrets.identity["phone 0"]
    dsn = _owner_dsn(stage.installation, "ballot")
    query(dsn, "CREATE TABLE planted (note bytea)")
    try:
        query(dsn, "INSERT INTO planted VALUES ($1)", b"called " + phone)
        found = leaks({"phone": phone}, _places(stage.installation, "ballots"))
    finally:
        query(dsn, "DROP TABLE planted")
    assert found == [Leak("phone", "ballot: table public.planted")]


async def test_a_leak_planted_in_a_stream_is_found(stage: Stage) -> None:
    """An identity number in a message that the ballot service's NATS user publishes."""
    number = stage.secrets.identity["identity number 0"]
    async with _nats(stage.installation, "ballot") as client:
        stream = client.jetstream()
        subject = "huimin.log.planted.runs"
        await stream.add_stream(StreamConfig(name="HUIMIN_LOG_planted", subjects=[subject]))
        await stream.publish(subject, b"voter " + number)
    found = leaks({"number": number}, files(stage.installation.data / "nats", "*"))
    assert {leak.what for leak in found} == {"number"}


def test_a_leak_planted_in_a_log_is_found(stage: Stage) -> None:
    """A ballot's key in a line of the registrar's log."""
    key = stage.secrets.ballots["key 0"]
    planted = stage.installation.data / "logs" / "registrar-planted.log"
    planted.write_text(f'{{"event": "issued", "why": "{key.hex()}"}}\n')
    try:
        found = leaks({"key": key}, _places(stage.installation, "registrar"))
    finally:
        planted.unlink()
    assert found == [Leak("key", "file registrar-planted.log")]


def test_a_leak_planted_in_a_metric_is_found(stage: Stage) -> None:
    """A phone as a label of a counter, in a process that counts for the ballot service."""
    phone = stage.secrets.identity["phone 1"]
    directory = stage.installation.data / "services" / "ballot-metrics"
    before = set(directory.iterdir())
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_count_for, args=(directory, phone.decode()))
    process.start()
    process.join()
    try:
        found = leaks({"phone": phone}, _places(stage.installation, "ballots"))
    finally:
        for file in set(directory.iterdir()) - before:
            file.unlink()
    assert found == [Leak("phone", "ballot: metrics")]


@pytest.mark.parametrize("name", ["ballot", "tally", "dashboard"])
async def test_codes_are_not_heard_by_the_ballot_side(stage: Stage, name: str) -> None:
    """NATS refuses the subject of one-time codes to everyone but registrar and notify."""
    refused = asyncio.Event()

    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            refused.set()

    async with _nats(stage.installation, name, on_error) as client:
        await client.subscribe(CODES_SUBJECT)
        await client.flush()
        async with asyncio.timeout(10):
            await refused.wait()


async def _go_through(installation: Installation) -> Secrets:
    found = Secrets({}, {}, {})
    script = replace(made_up(PEOPLE), edition=EDITION)
    people = residents(PEOPLE)
    people = [*people[:-1], Resident(people[-1].identity_number, None)]
    async with (
        open_ballot_box(installation.ballot_url) as box,
        open_desk(installation) as desk,
        open_registrar(installation.registrar_url) as registrar,
    ):
        verifier = await key_of_new_log(box, EDITION)
        officials = Officials(installation.data / "officers", installation.announcers)
        secretariat = Secretariat(box, officials, verifier)
        await secretariat.announce(script, seats=10)
        commitment_ = await commit_roll(desk, EDITION, people)
        await secretariat.open(EDITION, commitment_)
        sealed = await hand_out_counter_codes(desk, EDITION, people)
        await await_issuing(registrar, EDITION, "open")
        for number, who in enumerate(people):
            person = await _identify(installation, registrar, who, sealed, found, number)
            voter = blinded(new_voter(EDITION, verifier.vkey), commitment_.issuer_key)
            message = blinding_of(voter).blinded_message
            request = CredentialRequest(person=person, blinded_message=message)
            signature = await registrar.credential(EDITION, request)
            found.registration[f"blinded message {number}"] = message
            found.registration[f"blind signature {number}"] = signature
            ballot = _ballot(finalized(voter, signature), script.voters[number][0])
            await box.cast(EDITION, ballot, verifier)
            _note_ballot(found, ballot, number)
        await secretariat.close(EDITION)
        await await_issuing(registrar, EDITION, "closed")
        for number, reference in enumerate(await desk.references(EDITION)):
            found.identity[f"reference {number}"] = reference
        await secretariat.report_issuance(EDITION, await desk.issuance_report(EDITION))
    return found


async def _identify(
    installation: Installation,
    registrar: Registrar,
    who: Resident,
    sealed: Mapping[str, str],
    found: Secrets,
    number: int,
) -> Person:
    found.identity[f"identity number {number}"] = who.identity_number.encode()
    if who.phone is None:
        code = sealed[who.identity_number]
        found.registration[f"counter code {number}"] = code.encode()
        found.registration[f"bare counter code {number}"] = code.replace("-", "").encode()
        return CounterCode(code=code, identity_number=who.identity_number)
    found.identity[f"phone {number}"] = who.phone.removeprefix("+86").encode()
    request = ChallengeRequest(identity_number=who.identity_number)
    challenge = (await registrar.challenge(EDITION, request)).challenge
    found.registration[f"challenge {number}"] = urlsafe_b64decode(challenge + "==")
    async with open_inbox(installation.notify_url) as inbox:
        code = await inbox.code(who.phone)
    # Six digits are found by chance in any time of day: this is how JSON and sentences hold them.
    found.registration[f"quoted code {number}"] = f'"{code}"'.encode()
    found.registration[f"spoken code {number}"] = f" {code}".encode()
    return PhoneCode(challenge=challenge, code=code)


def _ballot(voter: VoterFile, choices: Sequence[str]) -> Ballot:
    return sign_ballot(
        voter.private_key,
        EDITION,
        credential=voter.credential,
        seq=1,
        choices=choices,
        salt=secrets.token_bytes(16),
    )


def _note_ballot(found: Secrets, ballot: Ballot, number: int) -> None:
    found.ballots[f"key {number}"] = ballot.key
    found.ballots[f"credential {number}"] = ballot.credential
    found.ballots[f"commitment {number}"] = commitment(ballot.salt, ballot.choices)
    found.ballots[f"salt {number}"] = ballot.salt
    found.ballots[f"signature {number}"] = ballot.signature


def _places(installation: Installation, side: str) -> dict[str, bytes]:
    """All tables, logs and metrics of a side."""
    places: dict[str, bytes] = {}
    for service in SIDES[side]:
        places |= _tables(installation, service)
        places |= files(installation.data / "logs", f"{service}*.log")
        places |= _metrics(installation, service)
    return places


def _tables(installation: Installation, service: str) -> dict[str, bytes]:
    dumped = tables(_owner_dsn(installation, service))
    return {f"{service}: {name}": rows for name, rows in dumped.items()}


def _owner_dsn(installation: Installation, service: str) -> str:
    password = (installation.secrets / "postgres").read_text().strip()
    return installation.postgres.dsn(database_role(service), ADMIN, password)


def _metrics(installation: Installation, service: str) -> dict[str, bytes]:
    port = installation.services[f"{service}-0"].port
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {f"{service}: metrics": answer.read()}


def _count_for(directory: Path, label: str) -> None:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    from prometheus_client import Counter

    Counter("planted", "A leak", ["who"]).labels(label).inc()


async def _heard(_error: Exception) -> None:
    """What NATS says in passing is of no interest here."""


@asynccontextmanager
async def _nats(
    installation: Installation,
    name: str,
    on_error: Callable[[Exception], Awaitable[None]] = _heard,
) -> AsyncIterator[Client]:
    """A client with the rights of one of the installation's own users."""
    seed = nkey_file(installation.secrets, name).read_text().strip()
    client = await nats.connect(
        installation.nats.url,
        nkeys_seed_str=seed,
        inbox_prefix=f"_INBOX_{name}",
        error_cb=on_error,
    )
    try:
        yield client
    finally:
        await client.close()
