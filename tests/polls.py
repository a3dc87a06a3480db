"""One edition at a running ballot service: officers command it, voters cast, anyone reads its log.

A `Poll` keeps an `EditionBuilder` beside the service: what the builder decides is posted, and what
the service wrote is read back with `sync`, so that the builder knows size, root and count.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

import aiohttp
import msgspec

from shared.edition.ballot import Ballot, encode_opening
from shared.edition.commands import SignedCommand
from shared.edition.events import BallotCast, decode_event
from shared.edition.views import EditionView, Receipt
from shared.log.checkpoint import Checkpoint, open_checkpoint
from shared.log.tiles import bundles_of, decode_bundle
from tests.editions import EditionBuilder

JSON = {"Content-Type": "application/json"}
AGAIN: Final = 10


async def until(holds: Callable[[], Awaitable[bool]], limit_s: float = 20.0) -> None:
    """Return once it holds; raises `TimeoutError` when it takes too long."""
    async with asyncio.timeout(limit_s):
        while not await holds():  # noqa: ASYNC110  # what is waited for is another process
            await asyncio.sleep(0.02)


class Answer(NamedTuple):
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def slug(self) -> str:
        """The stable name of the problem, or nothing."""
        return str(self.json().get("type", "")).removeprefix("urn:huimin:problem:")

    def json(self) -> dict[str, object]:
        """The document in the body."""
        return msgspec.json.decode(self.body, type=dict[str, object])

    def receipt(self) -> Receipt:
        """The receipt; the answer must be a 201."""
        assert self.status == 201, (self.status, self.body)
        return msgspec.json.decode(self.body, type=Receipt)


async def insist(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer; what a busy machine answers with 503 is sent again, as it says."""
    for _ in range(AGAIN):
        answer = await ask()
        if answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(1)
    return answer


class Poll:
    """An edition at the service at `url`; `builder` has the same officers, log and voters."""

    def __init__(self, session: aiohttp.ClientSession, url: str, builder: EditionBuilder) -> None:
        self.session = session
        self.url = url
        self.builder = builder
        self.edition = builder.edition
        self._sent: dict[tuple[bytes, int], Ballot] = {}

    def at(self, url: str) -> "Poll":
        """The same edition, asked at another address."""
        other = Poll(self.session, url, self.builder)
        other._sent = self._sent
        return other

    async def get(self, path: str) -> Answer:
        """GET any path."""
        return await self.request("GET", path)

    async def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Any request, with headers whose names have `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, f"{self.url}{path}", data=body or None, headers=named
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def read(self, resource: str) -> Answer:
        """GET a resource of the log."""
        return await self.get(f"/log/{self.edition}/{resource}")

    async def cast(self, ballot: Ballot) -> Answer:
        """Post a ballot, once."""
        self._sent[ballot.key, ballot.seq] = ballot
        return await self.post_ballot(msgspec.json.encode(ballot))

    async def post_ballot(self, body: bytes) -> Answer:
        """Post whatever it is as a ballot."""
        path = f"/v1/editions/{self.edition}/ballots"
        return await self.request("POST", path, body, Content_Type="application/json")

    async def vote(self, number: int, *choices: str, seq: int = 1) -> Receipt:
        """The receipt of this voter's ballot."""
        ballot = self.builder.ballot(number, choices, seq)
        return (await insist(partial(self.cast, ballot))).receipt()

    async def command(self, signed: SignedCommand) -> Answer:
        """Post officers' signed command."""
        path = f"/v1/editions/{self.edition}/commands"
        body = msgspec.json.encode(signed)
        return await self.request("POST", path, body, Content_Type="application/json")

    async def officers(self, *acts: Callable[[], None]) -> None:
        """Let the builder's officers do this, and the service as well."""
        for act in acts:
            await self.sync()
            act()
            event = decode_event(self.builder.entries[-1])
            assert not isinstance(event, BallotCast)
            (await insist(partial(self.command, event.signed))).receipt()

    async def prepare(self) -> None:
        """Everything up to the opening of the vote."""
        builder = self.builder
        await self.officers(
            builder.announce, builder.publish_shortlist, builder.commit_roll, builder.open
        )

    async def view(self) -> EditionView:
        """The edition as the service shows it."""
        answer = await self.get(f"/v1/editions/{self.edition}")
        return msgspec.json.decode(answer.body, type=EditionView)

    async def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, its signature verified."""
        return open_checkpoint((await self.read("checkpoint")).body, self.builder.verifier)

    async def size(self) -> int:
        """How many entries the log has; 0 if there is no such edition."""
        answer = await self.read("checkpoint")
        return 0 if answer.status == 404 else (await self.checkpoint()).size

    async def entries(self) -> list[bytes]:
        """Every entry of the log."""
        found: list[bytes] = []
        for bundle in bundles_of(await self.size(), "entries"):
            found += decode_bundle((await self.read(bundle.path)).body)
        return found

    async def sync(self) -> None:
        """Make the builder's log that of the service; only ballots sent from here may be in it."""
        builder = self.builder
        builder.entries, builder.openings, builder.ballots = await self.entries(), [], []
        for index, event in enumerate(map(decode_event, builder.entries)):
            opening = b""
            if isinstance(event, BallotCast):
                ballot = self._sent[event.key, event.seq]
                builder.ballots.append((index, ballot))
                opening = encode_opening(ballot.salt, ballot.choices)
            builder.openings.append(opening)
