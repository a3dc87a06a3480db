"""Counts a chunk of proven entries: inspect, fold, save. All of it is counted, or none of it.

Up to the roll's commitment each entry says what the next one is held to, so they are taken one by
one; from then on inspection needs no order. While choices are sealed openings are not looked at,
whoever sent them. At the close of a sealed edition the fold stops, and the count begins anew from
the first entry, with the openings (`Projection.begin_recount`).
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from services.tally import store
from services.tally.evidence import Chunk, Unproven
from services.tally.inspection import Inspectors
from services.tally.projection import Projection, StreamPosition, snapshot
from services.tally.turnout import turnout_by_hour
from shared.edition.errors import LogViolation
from shared.edition.inspection import Inspected, inspect
from shared.edition.manifest import LogIdentity
from shared.edition.replay import Replay
from shared.edition.views import HourTurnout

FOLD = 512
"""At most so many entries are folded between two turns of the event loop: 5 ms."""


class Counter:
    """Counts the logs of one service."""

    def __init__(self, pool: store.Pool, inspectors: Inspectors) -> None:
        self._pool = pool
        self._inspectors = inspectors

    async def count(
        self,
        before: Projection,
        identity: LogIdentity,
        chunk: Chunk,
        position: StreamPosition | None,
    ) -> Projection:
        """The projection after `chunk`, saved. `position` is that of the last run taken.

        Raises `LogViolation` for an entry that breaks the rules, `Unproven` for an opening that is
        wrong or due and missing, and what `store` raises.
        """
        replay = before.replay(identity)
        try:
            inspected = await self._inspect(before, replay, chunk)
            folded = await self._fold(before, replay, inspected)
        except LogViolation as violation:
            if violation.what == "opening":  # the log's key signs entries, not openings
                raise Unproven(violation.index, violation.what, violation.why) from violation
            raise
        after = before.after(replay, chunk.head, position)
        if folded.closed:
            shown = snapshot(after, known=after.size, current=True, time=datetime.now(UTC))
            after = after.begin_recount(shown)
            await store.begin_recount(self._pool, before, after, folded.turnout)
        else:
            milestones = _milestones(chunk, inspected)
            await store.save(
                self._pool, before, after, milestones, replay.standings, folded.turnout
            )
        return after

    async def _inspect(
        self, before: Projection, replay: Replay, chunk: Chunk
    ) -> Sequence[Inspected]:
        """Every entry inspected; those up to the roll's commitment are folded as well."""
        first = _fold_preface(replay, chunk)
        electorate = replay.electorate
        if electorate is None:
            return first
        entries, openings = chunk.entries[len(first) :], chunk.openings[len(first) :]
        due = before.openings_due(replay.state)
        if not due:
            openings = [b""] * len(entries)
        rest = await self._inspectors.inspect(replay.size, entries, openings, electorate)
        if due:
            _require_openings(replay.size, rest)
        return [*first, *rest]

    async def _fold(
        self, before: Projection, replay: Replay, inspected: Sequence[Inspected]
    ) -> "_Folded":
        """Fold what is not folded yet; no further than where sealed choices became public."""
        start = replay.size
        ahead = inspected[start - before.size :]
        due = before.openings_due(replay.state)
        keys = list({entry.key for entry in ahead if entry.milestone is None})
        standings = await store.standings(self._pool, before, keys)
        known = frozenset(standings)
        replay.standings = standings
        closed = False
        for part in _parts(ahead):
            replay.fold(part)
            closed = not due and before.openings_due(replay.state)
            if closed:
                break
            await asyncio.sleep(0)
        if before.at_close is not None:  # a recount: the first count has the hours of all ballots
            return _Folded(closed, ())
        return _Folded(closed, turnout_by_hour(ahead[: replay.size - start], known))


class _Folded(NamedTuple):
    """Whether sealed choices became public, and the ballots that were folded, by hour."""

    closed: bool
    turnout: tuple[HourTurnout, ...]


def _fold_preface(replay: Replay, chunk: Chunk) -> list[Inspected]:
    folded: list[Inspected] = []
    for entry, opening in zip(chunk.entries, chunk.openings, strict=True):
        if replay.electorate is not None:
            break
        one = inspect(replay.size, entry, opening, None)
        replay.fold([one])
        folded.append(one)
    return folded


def _require_openings(start: int, inspected: Sequence[Inspected]) -> None:
    for index, entry in enumerate(inspected, start):
        if entry.milestone is None and entry.choices is None:
            raise Unproven(index, "opening", "choices are public by now, and it is not there")


def _parts(inspected: Sequence[Inspected]) -> Iterator[Sequence[Inspected]]:
    """Portions of at most `FOLD` entries that end at every milestone."""
    start = 0
    for end, entry in enumerate(inspected, 1):
        if end - start == FOLD or entry.milestone is not None or end == len(inspected):
            yield inspected[start:end]
            start = end


def _milestones(chunk: Chunk, inspected: Sequence[Inspected]) -> list[tuple[int, bytes]]:
    return [
        (index, chunk.entries[index - chunk.start])
        for index, entry in enumerate(inspected, chunk.start)
        if entry.milestone is not None
    ]
