"""The way through a log: bundles are read ahead, inspected by many, and folded here in order.

Folding in order means that the first thing that is wrong is the one reported.
"""

from collections.abc import Coroutine, Iterator
from contextlib import aclosing
from typing import Any

from cli.audit.evidence import Wrong
from cli.audit.head import check_past_root
from cli.audit.inspection import Bundle, InspectedBundle, as_wrong, records_of
from cli.audit.reading import read_bundle, read_hashes
from cli.audit.tiles import ExpectedTile, TileLadder
from cli.audit.workers import Inspect
from cli.progress import Progress
from cli.read_ahead import read_ahead
from shared.client.log_source import LogSource
from shared.edition.errors import LogViolation
from shared.edition.inspection import Electorate, Inspected, inspect
from shared.edition.manifest import LogIdentity
from shared.edition.replay import Replay
from shared.log.checkpoint import Checkpoint
from shared.log.tiles import tile_count


class Walk:
    """One walk through the log `identity` up to `size` entries; `past` is what it once was.

    `replay` and `tiles` (hash tiles compared) are complete when `run` has returned.
    """

    def __init__(
        self, source: LogSource, identity: LogIdentity, size: int, past: Checkpoint | None
    ) -> None:
        self.replay = Replay(identity)
        self.tiles = 0
        self._source = source
        self._size = size
        self._past = past
        self._ladder = TileLadder()

    async def run(self, inspect_bundle: Inspect, ahead: int, progress: Progress) -> None:
        """Go all the way; raises `Wrong` or `CannotRead`."""
        self._check_past()
        bundles, electorate = await self._learn_electorate()
        work = self._work(bundles, inspect_bundle, electorate)
        async with aclosing(read_ahead(work, ahead)) as inspected_bundles:
            async for inspected in inspected_bundles:
                await self._take(inspected)
                progress.advance(len(inspected.entries))
        for expected in self._ladder.partial():
            await self._compare(expected)

    async def _learn_electorate(self) -> tuple[list[Bundle], Electorate | None]:
        """The bundles up to the one with the roll commitment, and what that makes checkable.

        The same bytes are inspected again: a server that answers differently each time gains
        nothing. What is wrong in them is left to that inspection to report.
        """
        bundles: list[Bundle] = []
        scout = Replay(self.replay.log)
        for n in range(tile_count(0, self._size)):
            bundle = await read_bundle(self._source, n, self._size)
            bundles.append(bundle)
            try:
                for entry in records_of("entries", n, bundle.width, bundle.entries):
                    scout.fold([inspect(scout.size, entry, b"", None)])
                    if scout.electorate is not None:
                        return bundles, scout.electorate
            except (LogViolation, Wrong):
                break
        return bundles, None

    def _work(
        self, read: list[Bundle], inspect_bundle: Inspect, electorate: Electorate | None
    ) -> Iterator[Coroutine[Any, Any, InspectedBundle]]:
        async def inspected(n: int) -> InspectedBundle:
            bundle = read[n] if n < len(read) else None
            bundle = bundle or await read_bundle(self._source, n, self._size)
            return await inspect_bundle(bundle, electorate)

        return (inspected(n) for n in range(tile_count(0, self._size)))

    async def _take(self, inspected: InspectedBundle) -> None:
        self._fold(inspected.entries)
        if inspected.fault is not None:
            raise Wrong(*inspected.fault)
        self.tiles += 1
        if inspected.root is not None:
            for expected in self._ladder.add(inspected.root):
                await self._compare(expected)

    def _fold(self, entries: list[Inspected]) -> None:
        """Fold, stopping where the log ended last time to compare its root."""
        until_past = self._past.size - self.replay.size if self._past else 0
        parts = [entries]
        if 0 < until_past <= len(entries):
            parts = [entries[:until_past], entries[until_past:]]
        for part in parts:
            try:
                self.replay.fold(part)
            except LogViolation as violation:
                raise as_wrong(violation, self._size) from violation
            self._check_past()

    def _check_past(self) -> None:
        past, head = self._past, self.replay.head
        if past is not None and past.size == head.size:
            check_past_root(past, head.root)

    async def _compare(self, expected: ExpectedTile) -> None:
        path = expected.tile.path
        if await read_hashes(self._source, expected.tile) != expected.data:
            raise Wrong("tiles", path, "it does not hold the hashes of the entries below it")
        self.tiles += 1
