"""A log read straight from the ballot service's database, for an audit before anything is served.

Partial tiles are computed as the service would. Openings are there before the close too: whoever
restores has them anyway, and so they are checked.
"""

import asyncio

from cli.backup import store
from cli.backup.store import Connection
from shared.client.errors import CannotRead, Missing
from shared.log.merkle import HASH_SIZE, leaf_hash
from shared.log.tiles import TILE_WIDTH, BadTilePath, TilePath, encode_bundle, parse_tile_path


class DatabaseLog:
    """The log of an edition over one connection; see `shared.client.log_source.LogSource`."""

    def __init__(self, connection: Connection, edition: str, note: bytes) -> None:
        self._connection = connection
        self._edition = edition
        self._note = note
        self._busy = asyncio.Lock()  # a connection answers one question at a time

    @property
    def location(self) -> str:
        """The database, without its password."""
        return f"the database, log {self._edition}"

    async def read(self, path: str) -> bytes:
        """See `LogSource.read`."""
        if path == "checkpoint":
            return self._note
        try:
            tile = parse_tile_path(path)
        except BadTilePath as error:
            raise Missing(str(error)) from error
        try:
            async with self._busy:
                return await self._read(tile)
        except store.CONNECTION_LOST as error:
            raise CannotRead(f"{self.location}, {path}: {error}") from error

    async def _read(self, tile: TilePath) -> bytes:
        records = await self._records(tile)
        if len(records) != tile.width:
            raise Missing(f"{tile.path}: {len(records)} of {tile.width} records are stored")
        return b"".join(records) if isinstance(tile.kind, int) else encode_bundle(records)

    async def _records(self, tile: TilePath) -> list[bytes]:
        log, n, width = self._edition, tile.n, tile.width
        match tile.kind:
            case "entries":
                return await store.entries(self._connection, log, n, width)
            case "openings":
                return await store.openings(self._connection, log, n, width)
            case level:
                return await self._hashes(level, n, width)

    async def _hashes(self, level: int, n: int, width: int) -> list[bytes]:
        if width == TILE_WIDTH:
            stored = await store.full_tile(self._connection, self._edition, level, n) or b""
            return [stored[at : at + HASH_SIZE] for at in range(0, len(stored), HASH_SIZE)]
        if level == 0:
            entries = await store.entries(self._connection, self._edition, n, width)
            return [leaf_hash(entry) for entry in entries]
        return await store.tile_roots(self._connection, self._edition, level, n, width)
