"""What the services really send is what `docs/api` says: every HTTP answer, every NATS message.

One edition goes through an installation of its own, by way of fronts that check each answer, while
users who hear everything listen in each account of NATS. The fronts are asked for refusals as well.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import nats
import pytest
from msgspec.structs import replace
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamConfig

import cli.installation
from cli.demo.inbox import open_inbox
from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.registration import await_issuing, commit_roll, hand_out_counter_codes
from cli.demo.residents import Resident, residents
from cli.demo.script import made_up
from cli.embedded.nats import NatsUser, user_nkey
from cli.installation import Installation
from cli.roles import SERVICES as ROLES
from cli.roles import nats_users, nkey_file
from shared.client.ballot_box import open_ballot_box
from shared.client.issuance import blinded, blinding_of, finalized
from shared.client.registrar import Registrar, open_registrar
from shared.client.registrar_desk import open_registrar_desk
from shared.client.voter import new_voter
from shared.edition.ballot import sign_ballot
from shared.eligibility.views import (
    ChallengeRequest,
    CounterCode,
    CredentialRequest,
    Person,
    PhoneCode,
)
from shared.service.subjects import stream_name
from tests.integration.asking import EDITION, Asking
from tests.interfaces import SERVICES, Front, NatsContract, fronts, load

PEOPLE = 3
NOT_OURS = ("$", "_R_", "_INBOX_ballot.", "_INBOX_tally.", "_INBOX_listener.")
ONE = dict.fromkeys(SERVICES, 1)


class Heard(NamedTuple):
    """A message on NATS."""

    subject: str
    headers: Mapping[str, str]
    payload: bytes


class Record(NamedTuple):
    """What came of it all."""

    fronts: Mapping[str, Front]
    heard: Sequence[Heard]
    stream: StreamConfig
    opening_leads_to: tuple[str, str]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """The edition, from the roll to the certificate, and every kind of refusal."""
    settings = {"registrar": {"proof_of_work": "true"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli.installation, "nats_users", _with_listeners)
        directory = tmp_path_factory.mktemp("described")
        with Installation(directory, processes=ONE, settings=settings) as installation:
            yield asyncio.run(_observe(installation))


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_as_described(record: Record, service: str) -> None:
    """Status, headers, media type and body of each, and the body of each accepted request."""
    assert record.fronts[service].faults == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_was_seen_to_succeed(record: Record, service: str) -> None:
    """So each description of an answer was held against a real one."""
    seen = record.fronts[service].contract.seen
    succeeded = {(path, method) for path, method, status in seen if status < "400"}
    assert set(_operations(service)) - succeeded == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_was_seen_to_refuse(record: Record, service: str) -> None:
    """Unless a caller who is fast enough cannot get it wrong."""
    seen = record.fronts[service].contract.seen
    refused = {(path, method) for path, method, status in seen if status >= "400"}
    wanted = {
        route
        for route, one in _operations(service).items()
        if any(status.startswith("4") and status != "408" for status in one["responses"])
    }
    assert wanted - refused == set()


def test_every_message_is_as_described(record: Record) -> None:
    """Headers, payload, and the records in the payload."""
    contract = NatsContract(load("asyncapi"))
    assert [one for message in record.heard for one in contract.faults(*message)] == []
    assert contract.seen == set(contract.document.content["channels"])


def test_the_stream_is_as_described(record: Record) -> None:
    """Its name and subjects, where it is kept, and what nobody may do with it."""
    described = load("asyncapi")["channels"]["runs"]["x-jetstream"]
    stream = record.stream
    assert stream.name == described["stream"].format(edition=EDITION)
    assert stream.subjects == [one.format(edition=EDITION) for one in described["subjects"]]
    assert (stream.retention, stream.storage) == (described["retention"], described["storage"])
    denied = (described["denyDelete"], described["denyPurge"])
    assert (stream.deny_delete, stream.deny_purge) == denied
    assert stream.allow_direct is described["allowDirect"]


def test_an_announcement_leads_to_a_page(record: Record) -> None:
    """That of an opening, to where one votes."""
    assert record.opening_leads_to == ("/vote", "text/html")


def _operations(service: str) -> dict[tuple[str, str], dict[str, dict[str, object]]]:
    paths = load(f"openapi-{service}")["paths"]
    return {(path, method): one for path, item in paths.items() for method, one in item.items()}


def _with_listeners(directory: Path) -> list[NatsUser]:
    """The installation's users, and one in each account who hears everything."""
    accounts = {role.account.name: role.account for role in ROLES.values()}
    return nats_users(directory) + [
        NatsUser(
            name=f"listener-{name}",
            public_nkey=user_nkey(nkey_file(directory, f"listener-{name}")),
            account=account,
            publish_allow=["$JS.API.STREAM.INFO.*"],
            subscribe_allow=[">"],
        )
        for name, account in accounts.items()
    ]


async def _observe(installation: Installation) -> Record:
    urls = {one: getattr(installation, f"{one}_url") for one in SERVICES}
    async with _listening(installation) as heard, fronts(urls) as made:
        at = {service: url for service, (_, url) in made.items()}
        opening_leads_to = await _go_through(installation, at)
        client = await _client(installation, "listener-LOG")
        info = await client.jetstream().stream_info(stream_name(EDITION))
        await client.close()
        checked = {service: front for service, (front, _) in made.items()}
        return Record(checked, heard, info.config, opening_leads_to)


@asynccontextmanager
async def _listening(installation: Installation) -> AsyncIterator[list[Heard]]:
    heard: list[Heard] = []

    async def hear(message: Msg) -> None:
        # JetStream's own interface and its answers are not ours to describe.
        if not message.subject.startswith(NOT_OURS):
            heard.append(Heard(message.subject, message.headers or {}, message.data))

    async with AsyncExitStack() as stack:
        for name in {role.account.name for role in ROLES.values()}:
            client = await _client(installation, f"listener-{name}")
            stack.push_async_callback(client.close)
            await client.subscribe(">", cb=hear)
            await client.flush()
        yield heard


async def _client(installation: Installation, name: str) -> Client:
    seed = nkey_file(installation.secrets, name).read_text().strip()
    return await nats.connect(
        installation.nats.url, nkeys_seed_str=seed, inbox_prefix="_INBOX_listener"
    )


async def _go_through(installation: Installation, at: Mapping[str, str]) -> tuple[str, str]:
    script = replace(made_up(PEOPLE), edition=EDITION)
    people = residents(PEOPLE)
    people = [*people[:-1], Resident(people[-1].identity_number, None)]
    token = installation.desk_token_file("registrar").read_text().strip()
    async with (
        aiohttp.ClientSession() as session,
        open_ballot_box(at["ballot"]) as box,
        open_registrar_desk(at["registrar"], token) as desk,
        open_registrar(at["registrar"]) as registrar,
    ):
        ask = Asking(session, at, installation)
        verifier = await key_of_new_log(box, EDITION)
        officials = Officials(installation.data / "officers", installation.announcers)
        secretariat = Secretariat(box, officials, verifier)
        await secretariat.announce(script, seats=10)
        commitment = await commit_roll(desk, EDITION, people)
        await ask.desk_refuses()
        await ask.subscribe()
        await secretariat.open(EDITION, commitment)
        sealed = await hand_out_counter_codes(desk, EDITION, people)
        lost = await desk.counter_codes(EDITION, 1, "lost")
        await desk.void_counter_codes(EDITION, [lost.first_serial])
        await desk.counter_batches(EDITION)
        await await_issuing(registrar, EDITION, "open")
        for who, ballots in zip(people, script.voters, strict=True):
            person = await _identify(installation, registrar, who, sealed)
            voter = blinded(new_voter(EDITION, verifier.vkey), commitment.issuer_key)
            message = blinding_of(voter).blinded_message
            request = CredentialRequest(person=person, blinded_message=message)
            voter = finalized(voter, await registrar.credential(EDITION, request))
            ballot = sign_ballot(
                voter.private_key,
                EDITION,
                credential=voter.credential,
                seq=2,
                choices=ballots[0],
                salt=secrets.token_bytes(16),
            )
            await box.cast(EDITION, ballot, verifier)
        await ask.ballot_box_refuses(ballot)
        await ask.registrar_refuses()
        await secretariat.close(EDITION)
        await await_issuing(registrar, EDITION, "closed")
        await desk.references(EDITION)
        await secretariat.report_issuance(EDITION, await desk.issuance_report(EDITION))
        await registrar.issuance(EDITION, await _identify(installation, registrar, who, sealed))
        await desk.view(EDITION)
        await desk.forget(EDITION)
        await secretariat.certify(EDITION, box.log(EDITION), None)
        await box.proof(EDITION, 0)
        await ask.reads()
        await ask.tally()
        opening_leads_to = await ask.page_of("opening")
        await ask.unsubscribe()
        return opening_leads_to


async def _identify(
    installation: Installation, registrar: Registrar, who: Resident, sealed: Mapping[str, str]
) -> Person:
    number = who.identity_number
    if who.phone is None:
        return CounterCode(code=sealed[number], identity_number=number)
    challenge = await registrar.challenge(EDITION, ChallengeRequest(identity_number=number))
    async with open_inbox(installation.notify_url) as inbox:
        return PhoneCode(challenge=challenge.challenge, code=await inbox.code(who.phone))
