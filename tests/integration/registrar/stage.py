"""A stage for the registrar: itself in this process, an edition, and its people."""

import asyncio
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

import aiohttp
import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec

from services.registrar.app import create_app
from services.registrar.pace import Pace
from services.registrar.settings import Settings
from shared.edition.ballot import voter_key_bytes
from shared.edition.blind_signature import blind, finalize
from shared.edition.commands import CommitRoll
from shared.edition.credential import credential_message, load_issuer_spki, verify_credential
from shared.edition.manifest import EligibilityMode
from shared.eligibility.views import (
    BlindCredential,
    Challenge,
    ChallengeRequest,
    Commitment,
    CounterCode,
    CredentialRequest,
    Person,
    PhoneCode,
)
from shared.service.server import Drain, bind
from tests.editions import EditionBuilder
from tests.integration.registrar.parties import PATIENCE_S, Log, Notify

DESK_TOKEN = "desk-token-of-the-tests-0123456789abcdef"  # noqa: S105  # of the tests alone
BUSY_TIMES = 30
JSON = {"Content-Type": "application/json"}

BRISK = Pace(
    offer_s=0.6,
    answer_s=0.5,
    pause_s=0.05,
    probe_s=5.0,
    probe_failing_s=0.1,
    drain_s=5.0,
    phase_s=0.1,
    budget_s=0.1,
)
"""As in operation, only faster."""

T = TypeVar("T")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(person: int) -> str:
    """The identity number of an invented person, with its check digit as GB 11643 says."""
    body = f"110105{1950 + person // 10_000 % 50}0101{person % 1000:03}"
    body = f"{110101 + person // 1000 % 10:06}" + body[6:]
    rest = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


def phone(person: int) -> str:
    """The phone of an invented person, E.164."""
    return f"+86138{person:08}"


def roll_lines(people: Sequence[int]) -> bytes:
    """The roll of these people as the desk takes it."""
    return b"".join(
        msgspec.json.encode(
            {"identity_number": identity_number(one), "phone": phone(one), "district": "吴兴区"}
        )
        + b"\n"
        for one in people
    )


class Answer(NamedTuple):
    """What the registrar answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def slug(self) -> str:
        """The stable name of the problem, or nothing."""
        return str(self.json().get("type", "")).removeprefix("urn:huimin:problem:")

    def json(self) -> dict[str, Any]:
        """The document in the body."""
        return msgspec.json.decode(self.body, type=dict[str, Any])

    def get(self, kind: type[T]) -> T:
        """The document in the body of a good answer."""
        assert self.status in (200, 201), (self.status, self.body)
        return msgspec.json.decode(self.body, type=kind)


class Registrar:
    """A running registrar, as it is asked over HTTP."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def request(
        self, method: str, path: str, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Any request."""
        async with self.session.request(
            method, f"{self.url}{path}", data=data, headers=headers
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str) -> Answer:
        """GET any path."""
        return await self.request("GET", path)

    async def post(self, edition: str, resource: str, document: object, **headers: str) -> Answer:
        """POST to the public interface; headers have `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request(
            "POST",
            f"/v1/editions/{edition}/{resource}",
            msgspec.json.encode(document),
            {**JSON, **named},
        )

    async def desk(
        self, method: str, path: str, data: object = None, token: str = DESK_TOKEN
    ) -> Answer:
        """A request of the desk; bytes are a roll, everything else is JSON."""
        headers = {"Authorization": f"Bearer {token}"}
        if isinstance(data, bytes):
            headers["Content-Type"] = "application/x-ndjson"
        elif data is not None:
            headers |= JSON
            data = msgspec.json.encode(data)
        return await self.request(method, f"/desk/v1/editions/{path}", data, headers)


@asynccontextmanager
async def open_registrar(settings: Settings, pace: Pace = BRISK) -> AsyncIterator[Registrar]:
    """The registrar in this process, on a port of its own; stopped as SIGTERM stops it."""
    drain = Drain()
    config = uvicorn.Config(
        create_app(settings, drain, pace),
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    listener = bind("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not server.started and not task.done():  # noqa: ASYNC110  # nothing to wait on
                await asyncio.sleep(0.01)
        connector = aiohttp.TCPConnector(limit=200)
        async with aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(60)
        ) as session:
            registrar = Registrar(session, url)
            await is_connected(registrar)
            yield registrar
    finally:
        drain.start()
        server.should_exit = True
        await task


async def is_connected(registrar: Registrar) -> None:
    """Return when it has reached NATS."""
    async with asyncio.timeout(PATIENCE_S):
        while (await registrar.get("/ready")).json()["nats"] != "ok":  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Key:
    """A voter's key, and its blinded message for an edition."""

    def __init__(self, edition: str, issuer_key: bytes) -> None:
        self.public_key = load_issuer_spki(issuer_key)
        self._secret = ec.generate_private_key(ec.SECP256R1())
        self._message = credential_message(edition, issuer_key, voter_key_bytes(self._secret))
        self.blinded, self._inverse = blind(self.public_key, self._message)

    def credential(self, answer: Answer) -> bytes:
        """The credential in the registrar's answer, verified."""
        signature = answer.get(BlindCredential).blind_signature
        credential = finalize(self.public_key, self._message, signature, self._inverse)
        verify_credential(self.public_key, self._message, credential)
        return credential


class Ward:
    """One edition at a running registrar: its desk, its people, and the log's officers."""

    def __init__(self, registrar: Registrar, log: Log, notify: Notify) -> None:
        self.registrar = registrar
        self.notify = notify
        self.edition = f"ward-{secrets.token_hex(4)}"
        self.builder = EditionBuilder(self.edition)
        self._log = log
        self.commitment: Commitment | None = None

    def at(self, registrar: Registrar) -> "Ward":
        """The same edition, at another process or after a restart."""
        other = Ward(registrar, self._log, self.notify)
        other.edition, other.builder = self.edition, self.builder
        other.commitment = self.commitment
        return other

    async def import_roll(self, people: Sequence[int]) -> Answer:
        """Let the desk import these people."""
        return await self.registrar.desk("PUT", f"{self.edition}/roll", roll_lines(people))

    async def commit(self, mode: EligibilityMode = "roll") -> Commitment:
        """Let the desk make the commitment."""
        path = f"{self.edition}/commitment"
        answer = await self.registrar.desk("POST", path, {"mode": mode})
        self.commitment = answer.get(Commitment)
        return self.commitment

    async def open(
        self, people: Sequence[int] = range(10), mode: EligibilityMode = "roll"
    ) -> "Ward":
        """Everything up to the opening of the vote."""
        if mode == "roll":
            assert (await self.import_roll(people)).status == 200
        self.announce(await self.commit(mode))
        self.builder.open()
        return self

    def announce(self, commitment: Commitment) -> None:
        """Let the officers announce the edition and commit this roll."""
        builder = self.builder
        self._log.builders[self.edition] = builder
        builder.announce()
        builder.publish_shortlist()
        builder.command(CommitRoll(**msgspec.structs.asdict(commitment), **builder.base()))

    async def close(self) -> None:
        """Let the officers close the vote, and the registrar hear of it."""
        self.builder.close()
        async with asyncio.timeout(PATIENCE_S):
            while (await self.registration())["issuing"] != "closed":  # noqa: ASYNC110  # the same
                await asyncio.sleep(0.05)

    async def registration(self) -> dict[str, Any]:
        """How people register."""
        return (await self.registrar.get(f"/v1/editions/{self.edition}/registration")).json()

    async def ask(self, person: int, **headers: str) -> Answer:
        """Ask for a code in mode roll."""
        request = ChallengeRequest(identity_number=identity_number(person))
        return await self.registrar.post(self.edition, "challenges", request, **headers)

    async def ask_phone(self, number: str) -> Answer:
        """Ask for a code in mode phone."""
        request = ChallengeRequest(phone=number)
        return await self.registrar.post(self.edition, "challenges", request)

    async def code(self, person: int) -> PhoneCode:
        """A challenge and the code that came for it."""
        challenge = (await self.ask(person)).get(Challenge)
        return PhoneCode(challenge=challenge.challenge, code=await self.notify.code(phone(person)))

    def key(self) -> Key:
        """A new voter's key."""
        assert self.commitment is not None
        return Key(self.edition, self.commitment.issuer_key)

    async def claim(self, person: Person, blinded: bytes) -> Answer:
        """Ask for a credential."""
        request = CredentialRequest(person=person, blinded_message=blinded)
        return await self.registrar.post(self.edition, "credentials", request)

    async def claim_until_answered(self, person: Person, blinded: bytes) -> Answer:
        """Ask for a credential, again after each 503, as it says: a busy machine gives some."""
        for _ in range(BUSY_TIMES):
            answer = await self.claim(person, blinded)
            if answer.status != 503:
                return answer
            await asyncio.sleep(answer.json()["retry_after_s"])
        raise AssertionError(f"{BUSY_TIMES} times: {answer}")

    async def prove(self, person: Person) -> Answer:
        """Ask whether a credential was issued."""
        return await self.registrar.post(self.edition, "issuance-proofs", {"person": person})

    async def counter_codes(self, count: int = 1, batch: str = "hall") -> list[str]:
        """Counter codes, just printed."""
        path = f"{self.edition}/counter-codes"
        answer = await self.registrar.desk("POST", path, {"count": count, "batch": batch})
        return list(answer.json()["codes"])


def counter(code: str, person: int | None = None) -> CounterCode:
    """A counter code, with the identity number of a person."""
    number = None if person is None else identity_number(person)
    return CounterCode(code=code, identity_number=number)


def base64_of(data: bytes) -> str:
    """Standard base64."""
    return b64encode(data).decode()


def other_blinded(number: int) -> bytes:
    """A blinded message that nobody blinded, below any modulus: one for each number."""
    return b"\0" + sha256(b"%d" % number).digest() * 7 + bytes(31)
