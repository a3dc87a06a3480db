"""Every voter of the demonstration registers with the registrar, and what comes of it are ballots.

Each asks for a code, reads it on their phone, and has their key signed blindly; those without a
phone use a sealed code from a counter. People are taken chunk after chunk, several at once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Final, Literal

from msgspec import Struct

from cli.demo.inbox import Inbox
from cli.demo.residents import Resident, roll_lines
from cli.demo.script import Script
from cli.demo.voters import Choices, new_voters, signed_ballots
from cli.installation import Installation
from shared.client.errors import CannotRead
from shared.client.issuance import blinding_of
from shared.client.registrar import Registrar
from shared.client.registrar_desk import RegistrarDesk, open_registrar_desk
from shared.client.voter import VoterFile
from shared.edition.ballot import Ballot
from shared.eligibility.views import (
    ChallengeRequest,
    Commitment,
    CounterCode,
    CredentialRequest,
    Person,
    PhoneCode,
)

CHUNK: Final = 32
CHUNKS_AT_ONCE: Final = 4
CODES_AT_ONCE: Final = 10_000
BATCH: Final = "demonstration"
LOOKS: Final = 200
LOOK_S: Final = 0.1

Issuing = Literal["open", "closed"]

CounterCodesOf = Mapping[str, str]
"""The sealed code that each identity number without a phone was given."""


class RegistrationOffice(Struct, frozen=True):
    """Where people register for one edition: the registrar, and the inbox that shows its codes."""

    registrar: Registrar
    inbox: Inbox
    vkey: str
    issuer_key: bytes
    counter_codes: CounterCodesOf

    async def ballots(
        self, script: Script, people: Sequence[Resident], pool: ProcessPoolExecutor
    ) -> AsyncIterator[Sequence[Sequence[Ballot]]]:
        """For chunk after chunk of voters, each voter's signed ballots in order.

        Raises what `Registrar` and `Inbox` raise.
        """
        starts = iter(range(0, len(people), CHUNK))
        under_way: deque[asyncio.Task[list[list[Ballot]]]] = deque()
        try:
            while True:
                for start in starts:
                    chunk = slice(start, start + CHUNK)
                    work = self._chunk(script.edition, people[chunk], script.voters[chunk], pool)
                    under_way.append(asyncio.create_task(work))
                    if len(under_way) == CHUNKS_AT_ONCE:
                        break
                if not under_way:
                    return
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _chunk(
        self,
        edition: str,
        people: Sequence[Resident],
        choices: Sequence[Choices],
        pool: ProcessPoolExecutor,
    ) -> list[list[Ballot]]:
        loop = asyncio.get_running_loop()
        voters = await loop.run_in_executor(
            pool, new_voters, edition, self.vkey, self.issuer_key, len(people)
        )
        signatures = await asyncio.gather(*map(self._register, voters, people))
        return await loop.run_in_executor(pool, signed_ballots, voters, signatures, choices)

    async def _register(self, voter: VoterFile, who: Resident) -> bytes:
        """The blind signature on the voter's key."""
        request = CredentialRequest(
            person=await self._identify(voter.edition, who),
            blinded_message=blinding_of(voter).blinded_message,
        )
        return await self.registrar.credential(voter.edition, request)

    async def _identify(self, edition: str, who: Resident) -> Person:
        number = who.identity_number
        if who.phone is None:
            return CounterCode(code=self.counter_codes[number], identity_number=number)
        asked = await self.registrar.challenge(edition, ChallengeRequest(identity_number=number))
        return PhoneCode(challenge=asked.challenge, code=await self.inbox.code(who.phone))


def open_desk(installation: Installation) -> AbstractAsyncContextManager[RegistrarDesk]:
    """The desk of the installation's registrar."""
    token = installation.desk_token_file("registrar").read_text().strip()
    return open_registrar_desk(installation.registrar_url, token)


async def await_issuing(registrar: Registrar, edition: str, wanted: Issuing) -> None:
    """Return once the registrar has read from the log that it is so.

    It looks every few seconds, for it is asked by many. Raises `CannotRead` when it takes too long.
    """
    for _ in range(LOOKS):
        if (await registrar.registration(edition)).issuing == wanted:
            return
        await asyncio.sleep(LOOK_S)
    raise CannotRead(f"the registrar does not learn that issuing for {edition!r} is {wanted}")


async def await_codes(registrar: Registrar, edition: str) -> None:
    """Return once codes go out: just started, the registrar may not have found anyone to take them.

    Raises `CannotRead` when it takes too long.
    """
    for _ in range(LOOKS):
        if (await registrar.registration(edition)).codes == "working":
            return
        await asyncio.sleep(LOOK_S)
    raise CannotRead(f"codes for {edition!r} do not go out")


async def commit_roll(desk: RegistrarDesk, edition: str, people: Sequence[Resident]) -> Commitment:
    """Import the roll and seal it."""
    await desk.import_roll(edition, lambda: roll_lines(people))
    return await desk.commitment(edition, "roll")


async def hand_out_counter_codes(
    desk: RegistrarDesk, edition: str, people: Sequence[Resident]
) -> CounterCodesOf:
    """A sealed code for everyone who has no phone."""
    without = [one.identity_number for one in people if one.phone is None]
    codes: list[str] = []
    while len(codes) < len(without):
        count = min(CODES_AT_ONCE, len(without) - len(codes))
        codes += (await desk.counter_codes(edition, count, BATCH)).codes
    return dict(zip(without, codes, strict=True))
