"""Reading a log's resources for an audit. What is missing below the checkpoint's size is evidence.

Openings may be absent here: whether they ought to be public is known only when the log's events
were replayed.
"""

from cli.audit.evidence import CheckName, Wrong
from cli.audit.inspection import Bundle
from shared.client.errors import CannotRead, Missing, Oversized, Sealed
from shared.client.log_source import LogSource, read_tile
from shared.log.errors import LogFormatError
from shared.log.tiles import TilePath, tile_width


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
        await read_entries(source, n, width),
        await read_openings(source, n, width),
        await read_hashes(source, TilePath(0, n, width)),
    )


async def read_entries(source: LogSource, n: int, width: int) -> bytes:
    """Bundle `n` of the entries; raises `Wrong` or `CannotRead`."""
    return await _read(source, "entries", TilePath("entries", n, width))


async def read_openings(source: LogSource, n: int, width: int) -> bytes | None:
    """Bundle `n` of the openings, None if it is not to be had; raises `Wrong` or `CannotRead`."""
    tile = TilePath("openings", n, width)
    try:
        return await read_tile(source, tile)
    except (Missing, Sealed):
        return None
    except (Oversized, LogFormatError) as error:
        raise Wrong("openings", tile.path, str(error)) from error


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
