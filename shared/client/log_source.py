"""Where a log's static resources are read: over HTTP, or from a directory that `export` wrote.

Nothing read here is believed: whoever reads verifies. Paths are those of the C2SP tlog-tiles layout
below the log's prefix (`checkpoint`, `tile/...`).
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from shared.client.errors import CannotRead, Missing, Oversized, Sealed
from shared.client.transport import PATIENT, Patience, Transport, open_transport
from shared.log.merkle import HASH_SIZE
from shared.log.tiles import (
    MAX_BUNDLE_BYTES,
    TILE_WIDTH,
    TilePath,
    decode_bundle,
    encode_bundle,
)


class LogSource(Protocol):
    """A place to read a log from."""

    @property
    def location(self) -> str:
        """What to call it: a URL or a directory."""
        ...

    async def read(self, path: str) -> bytes:
        """The resource at `path`, at most `MAX_BUNDLE_BYTES`.

        Raises `Missing`, `Sealed` or `Oversized` when that is the answer, and `CannotRead` when
        there is none.
        """
        ...


class HttpLog:
    """A log at a URL such as `http://127.0.0.1:8080/log/2027`.

    `prefix` is what of that is not in the transport's base URL, such as `log/2027/`.
    """

    def __init__(self, transport: Transport, prefix: str = "") -> None:
        self._transport = transport
        self._prefix = prefix

    @property
    def location(self) -> str:
        """The log's URL."""
        return f"{self._transport.base_url}/{self._prefix}".rstrip("/")

    async def read(self, path: str) -> bytes:
        """See `LogSource.read`."""
        answer = await self._transport.get(self._prefix + path, limit=MAX_BUNDLE_BYTES)
        match answer.status:
            case HTTPStatus.OK:
                return answer.body
            case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
                raise Missing(f"{self.location}/{path}: there is nothing at this address")
            case HTTPStatus.FORBIDDEN if answer.problem().slug == "sealed":
                raise Sealed(f"{self.location}/{path}: sealed until voting closes")
            case status:
                raise CannotRead(f"{self.location}/{path}: the server answered {status}")


class DirectoryLog:
    """A log in a directory; without its openings when they were sealed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def location(self) -> str:
        """The directory."""
        return str(self._directory)

    async def read(self, path: str) -> bytes:
        """See `LogSource.read`."""
        return await asyncio.to_thread(self._read, self._directory / path)

    @staticmethod
    def _read(file: Path) -> bytes:
        try:
            with file.open("rb") as stream:
                data = stream.read(MAX_BUNDLE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise Missing(f"{file}: there is no such file") from error
        except OSError as error:
            raise CannotRead(f"{file}: {error.strerror}") from error
        if len(data) > MAX_BUNDLE_BYTES:
            raise Oversized(f"{file} has more than {MAX_BUNDLE_BYTES} bytes")
        return data


@asynccontextmanager
async def open_log(location: str, patience: Patience = PATIENT) -> AsyncIterator[LogSource]:
    """The log at a URL (http or https) or in a directory; raises `CannotRead` if that is none."""
    if location.startswith(("http://", "https://")):
        async with open_transport(location, patience) as transport:
            yield HttpLog(transport)
        return
    directory = Path(location)
    if not directory.is_dir():
        raise CannotRead(f"{location} is neither an http(s) URL nor a directory")
    yield DirectoryLog(directory)


async def read_tile(source: LogSource, tile: TilePath) -> bytes:
    """A tile or bundle; a partial one that is gone is cut from the full one that replaced it.

    Raises what `LogSource.read` raises, and `BadBundle` if there is nothing to cut it from.
    """
    try:
        return await source.read(tile.path)
    except Missing as missing:
        if tile.width == TILE_WIDTH:
            raise
        try:
            full = await source.read(dataclasses.replace(tile, width=TILE_WIDTH).path)
        except Missing:
            raise missing from None
    if isinstance(tile.kind, int):
        return full[: HASH_SIZE * tile.width]
    return encode_bundle(decode_bundle(full)[: tile.width])
