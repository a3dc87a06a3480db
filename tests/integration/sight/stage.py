"""An installation that is traced, measured and logs all it can; an edition goes through it.

One person registers and votes with one device, which sends the same trace context with every
request, to registrar and ballot box alike.
"""

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct
from msgspec.structs import replace
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from cli.demo.inbox import open_inbox
from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.registration import await_codes, await_issuing, commit_roll, open_desk
from cli.demo.residents import residents
from cli.demo.script import made_up
from cli.installation import Installation
from shared.client.ballot_box import open_ballot_box
from shared.client.issuance import blinded, blinding_of, finalized
from shared.client.registrar import open_registrar
from shared.client.voter import VoterFile, new_voter
from shared.edition.ballot import sign_ballot
from shared.edition.views import TallySnapshot
from shared.eligibility.views import (
    BlindCredential,
    Challenge,
    ChallengeRequest,
    CredentialRequest,
    PhoneCode,
)
from tests.integration.sight.collector import Collector, Spanned

EDITION: Final = "watched"
TRACE: Final = "5eed" * 8
TRACEPARENT: Final = f"00-{TRACE}-00f067aa0ba902b7-01"
SERVICES: Final = ("ballot", "tally", "registrar", "notify")
LIMIT_S: Final = 20.0


class Seen(Struct, frozen=True, kw_only=True):
    """What was to be seen from outside: scrapes by service, spans, log files, answers' headers.

    `personal` is what only the person and their device know, and must be nowhere.
    """

    metrics: Mapping[str, dict[str, Metric]]
    spans: list[Spanned]
    traced: bytes
    logs: Mapping[str, str]
    headers: list[Mapping[str, str]]
    personal: Mapping[str, bytes]


def watch(data: Path, collector: Collector) -> Seen:
    """Run the installation once; everything is recorded when it has stopped."""
    settings = {service: {"otlp_endpoint": collector.url} for service in SERVICES}
    with Installation(data, settings=settings, log_level="debug") as installation:
        device = _Device(installation)
        asyncio.run(device.go_through())
        metrics = asyncio.run(_scrapes(installation))
    return Seen(
        metrics=metrics,
        spans=collector.spans,
        traced=bytes(collector.raw),
        logs={file.name: file.read_text() for file in (data / "logs").glob("*.log")},
        headers=device.headers,
        personal=device.personal,
    )


class _Device:
    """A voter's device."""

    def __init__(self, installation: Installation) -> None:
        self.headers: list[Mapping[str, str]] = []
        self.personal: dict[str, bytes] = {}
        self._installation = installation

    async def go_through(self) -> None:
        """From the announcement of the edition to a tally that has counted the vote."""
        installation = self._installation
        script, people = replace(made_up(1), edition=EDITION), residents(1)
        async with (
            open_ballot_box(installation.ballot_url) as box,
            open_desk(installation) as desk,
            open_registrar(installation.registrar_url) as registrar,
            aiohttp.ClientSession(headers={"traceparent": TRACEPARENT}) as session,
        ):
            self._session = session
            verifier = await key_of_new_log(box, EDITION)
            officials = Officials(installation.data / "officers", installation.announcers)
            secretariat = Secretariat(box, officials, verifier)
            await secretariat.announce(script, seats=10)
            commitment = await commit_roll(desk, EDITION, people)
            await secretariat.open(EDITION, commitment)
            await await_issuing(registrar, EDITION, "open")
            await await_codes(registrar, EDITION)
            voter = blinded(new_voter(EDITION, verifier.vkey), commitment.issuer_key)
            signature = await self._register(people[0].identity_number, people[0].phone, voter)
            voter = finalized(voter, signature)
            salt = b"a salt of 16 b.."
            for choices in (script.voters[0][0], ("no-such-initiative",)):
                ballot = sign_ballot(
                    voter.private_key,
                    EDITION,
                    credential=voter.credential,
                    seq=1,
                    choices=choices,
                    salt=salt,
                )
                await self._post(f"{installation.ballot_url}/v1/editions/{EDITION}/ballots", ballot)
            self.personal |= {
                "key": ballot.key,
                "credential": ballot.credential,
                "salt": salt,
                "choice": script.voters[0][0][0].encode().ljust(6),
            }
            await self._get(f"{installation.ballot_url}/v1/editions/{EDITION}")
            await self._post(f"{installation.tally_url}/v1/receipt-checks?outcome=verified", None)
            await self._counted((await box.edition(EDITION)).size)

    async def _register(self, number: str, phone: str | None, voter: VoterFile) -> bytes:
        assert phone is not None
        base = f"{self._installation.registrar_url}/v1/editions/{EDITION}"
        request = ChallengeRequest(identity_number=number)
        challenge = msgspec.json.decode(
            await self._post(f"{base}/challenges", request), type=Challenge
        )
        async with open_inbox(self._installation.notify_url) as inbox:
            code = await inbox.code(phone)
        message = blinding_of(voter).blinded_message
        person = PhoneCode(challenge=challenge.challenge, code=code)
        claim = CredentialRequest(person=person, blinded_message=message)
        answer = await self._post(f"{base}/credentials", claim)
        self.personal |= {
            "number": number.encode(),
            "phone": phone.removeprefix("+86").encode(),
            "challenge": challenge.challenge.encode(),
            "blinded message": message,
        }
        return msgspec.json.decode(answer, type=BlindCredential).blind_signature

    async def _counted(self, size: int) -> None:
        url = f"{self._installation.tally_url}/v1/editions/{EDITION}/tally"
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            status, body = await self._get(url)
            if status == HTTPStatus.OK:  # or it has not found the edition yet
                shown = msgspec.json.decode(body, type=TallySnapshot)
                if shown.size == size and shown.status == "verified":
                    return
            await asyncio.sleep(0.1)
        raise AssertionError(f"the tally has not counted {size} entries")

    async def _post(self, url: str, body: object) -> bytes:
        sent = msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        async with self._session.post(url, data=sent, headers=headers) as answer:
            self.headers.append({name.lower(): value for name, value in answer.headers.items()})
            return await answer.read()

    async def _get(self, url: str) -> tuple[int, bytes]:
        async with self._session.get(url) as answer:
            self.headers.append({name.lower(): value for name, value in answer.headers.items()})
            return answer.status, await answer.read()


async def _scrapes(installation: Installation) -> Mapping[str, dict[str, Metric]]:
    """What each service tells, once every gauge that is set each second was set."""
    await asyncio.sleep(1.2)
    found = {}
    async with aiohttp.ClientSession() as session:
        for service in SERVICES:
            port = installation.services[f"{service}-0"].port
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                families = text_string_to_metric_families(await answer.text())
                found[service] = {family.name: family for family in families}
    return found
