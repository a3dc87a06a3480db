"""Reading a log's resources for an audit. What is missing below the checkpoint's size is evidence.

Openings may be absent here: whether they ought to be public is known only when the log's events
were replayed.
"""

from typing import NamedTuple

from cli.audit.report import CheckName, Wrong
from shared.client.errors import CannotRead, Missing, Oversized, Sealed
from shared.client.log_source import LogSource, read_tile
from shared.log.errors import LogFormatError
from shared.log.tiles import TilePath, tile_width


class Bundle(NamedTuple):
    """Bundle `n` of a log as read: entries, openings if there are any, and the hash tile."""

    n: int
    width: int
    entries: bytes
    openings: bytes | None
    tile: bytes


async def read_checkpoint(source: LogSource) -> bytes:
    """The checkpoint note; without one there is no log here, so `CannotRead`."""
    try:
        return await source.read("checkpoint")
    except (Missing, Sealed) as error:
        raise CannotRead(f"there is no log here: {error}") from error
    except Oversized as error:
        raise Wrong("checkpoint", "checkpoint", str(error)) from error


async def read_bundle(source: LogSource, n: int, size: int) -> Bundle:
    """Bundle `n` of the log of `size` entries; raises `Wrong` or `CannotRead`."""
    width = tile_width(0, n, size)
    return Bundle(
        n,
        width,
        await _read(source, "entries", TilePath("entries", n, width)),
        await _read_openings(source, TilePath("openings", n, width)),
        await read_hashes(source, TilePath(0, n, width)),
    )


async def read_hashes(source: LogSource, tile: TilePath) -> bytes:
    """A hash tile; raises `Wrong` or `CannotRead`."""
    return await _read(source, "tiles", tile)


async def _read(source: LogSource, check: CheckName, tile: TilePath) -> bytes:
    try:
        return await read_tile(source, tile)
    except Missing as error:
        raise Wrong(check, tile.path, "it is missing, and the checkpoint covers it") from error
    except (Sealed, Oversized, LogFormatError) as error:
        raise Wrong(check, tile.path, str(error)) from error


async def _read_openings(source: LogSource, tile: TilePath) -> bytes | None:
    try:
        return await read_tile(source, tile)
    except (Missing, Sealed):
        return None
    except (Oversized, LogFormatError) as error:
        raise Wrong("openings", tile.path, str(error)) from error
