"""Casting the demonstration's ballots over HTTP, many at once, each voter's own in order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from shared.client.ballot_box import BallotBox
from shared.client.errors import Refused
from shared.edition.ballot import Ballot
from shared.edition.views import Receipt
from shared.log.note import Verifier

VOTERS_AT_ONCE = 48
VOTERS_AHEAD = 256

Queue = asyncio.Queue["Sequence[Ballot] | None"]


class Polls:
    """The voters of one edition; what became of their ballots is counted as it happens."""

    def __init__(self, box: BallotBox, edition: str, verifier: Verifier) -> None:
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self.last_receipt: Receipt | None = None
        self._box = box
        self._edition = edition
        self._verifier = verifier

    async def run(self, chunks: AsyncIterator[Sequence[Sequence[Ballot]]]) -> None:
        """Cast every ballot; each receipt is verified. Raises what `BallotBox.cast` does."""
        queue: Queue = asyncio.Queue(VOTERS_AHEAD)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(VOTERS_AT_ONCE):
                tasks.create_task(self._vote(queue))
            async for chunk in chunks:
                for ballots in chunk:
                    await queue.put(ballots)
            for _ in range(VOTERS_AT_ONCE):
                await queue.put(None)

    async def _vote(self, queue: Queue) -> None:
        while (ballots := await queue.get()) is not None:
            for ballot in ballots:
                await self._cast(ballot)

    async def _cast(self, ballot: Ballot) -> None:
        try:
            self.last_receipt = await self._box.cast(self._edition, ballot, self._verifier)
        except Refused as refusal:
            self.refused[refusal.problem.slug] += 1
        else:
            self.accepted += 1
