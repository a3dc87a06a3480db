"""One pass over a log: bundles in, a whole static tree out.

Entries and openings are copied; hash tiles are computed from the entries, so they are right if the
root is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import NamedTuple

from cli.audit.evidence import Wrong
from cli.audit.head import check_past_root
from cli.audit.inspection import records_of
from cli.audit.reading import read_entries, read_openings
from cli.audit.tiles import TileLadder
from cli.export.staging import StagedTree
from cli.progress import Progress
from cli.read_ahead import read_ahead
from shared.client.log_source import LogSource
from shared.log.checkpoint import Checkpoint
from shared.log.frontier import Frontier
from shared.log.merkle import Hash, leaf_hash
from shared.log.tiles import TILE_WIDTH, TilePath, tile_count, tile_width

_READ_AHEAD = 8


class _Copied(NamedTuple):
    n: int
    width: int
    entries: bytes
    openings: bytes | None


class Pass:
    """A copy of the log's first `size` entries into `tree`, where it waits to be published.

    `pasts` are checkpoints that the log must continue. With `reuse`, files of an earlier export or
    of an interrupted one are taken instead of asking for them; `reused` says whether any was.
    `openings` is False if the log does not give any out.
    """

    def __init__(
        self,
        source: LogSource,
        tree: StagedTree,
        size: int,
        pasts: Sequence[Checkpoint],
        *,
        reuse: bool,
    ) -> None:
        self.reused = False
        self.openings = True
        self._source = source
        self._tree = tree
        self._size = size
        self._pasts = pasts
        self._reuse = reuse
        self._frontier = Frontier.empty()
        self._ladder = TileLadder()

    async def run(self, progress: Progress) -> Hash:
        """Copy everything; returns the root. Raises `Wrong`, `CannotRead` or `OSError`."""
        work = (self._copy(n) for n in range(tile_count(0, self._size)))
        async with aclosing(read_ahead(work, _READ_AHEAD)) as copied_bundles:
            async for copied in copied_bundles:
                await self._take(copied)
                progress.advance(copied.width)
        for expected in self._ladder.partial():
            await self._stage(expected.tile, expected.data)
        return self._frontier.root()

    async def _copy(self, n: int) -> _Copied:
        width = tile_width(0, n, self._size)
        entries = await self._find(TilePath("entries", n, width), read_entries)
        openings = None
        if self.openings:
            openings = await self._find(TilePath("openings", n, width), read_openings)
        return _Copied(n, width, entries or b"", openings)

    async def _find(
        self,
        bundle: TilePath,
        read: Callable[[LogSource, int, int], Awaitable[bytes | None]],
    ) -> bytes | None:
        if self._reuse:
            found = await asyncio.to_thread(self._tree.find, bundle.path)
            if found is not None:
                self.reused = True
                return found
        return await read(self._source, bundle.n, bundle.width)

    async def _take(self, copied: _Copied) -> None:
        n, width = copied.n, copied.width
        leaves = [leaf_hash(e) for e in records_of("entries", n, width, copied.entries)]
        self._grow(leaves)
        await self._stage(TilePath("entries", n, width), copied.entries)
        await self._stage(TilePath(0, n, width), b"".join(leaves))
        if width == TILE_WIDTH:
            for expected in self._ladder.add(Frontier.empty().extend(leaves).root):
                await self._stage(expected.tile, expected.data)
        await self._take_openings(copied)

    async def _take_openings(self, copied: _Copied) -> None:
        """All bundles have openings or none: a gap would leave an export that cannot be audited."""
        bundle = TilePath("openings", copied.n, copied.width)
        if copied.n == 0:
            self.openings = copied.openings is not None
        if not self.openings:
            return
        if copied.openings is None:
            raise Wrong("openings", bundle.path, "it is missing, and those before it are there")
        records_of("openings", copied.n, copied.width, copied.openings)
        await self._stage(bundle, copied.openings)

    def _grow(self, leaves: Sequence[Hash]) -> None:
        """Append to the tree, and compare its root wherever the log once ended."""
        start = self._frontier.size
        ends = {past.size for past in self._pasts if start < past.size < start + len(leaves)}
        for end in sorted({*ends, start + len(leaves)}):
            part = leaves[self._frontier.size - start : end - start]
            self._frontier = self._frontier.extend(part).frontier
            for past in self._pasts:
                if past.size == end:
                    check_past_root(past, self._frontier.root())

    async def _stage(self, tile: TilePath, data: bytes) -> None:
        await asyncio.to_thread(self._tree.stage, tile.path, data)
