"""The smallest HTTP/1.1 client that knows for each request what became of it.

Libraries send again by themselves what a server let fall; this one says so. It keeps connections,
closes them when it is told to, and never sends on one that the server has ended.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal, NamedTuple

ANSWER_LIMIT_S: Final = 30.0


class Outcome(NamedTuple):
    """What became of a request.

    `answered`: wholly. `refused`: no connection was made, so nothing was sent. `lost`: it was
    connected to, and there is no whole answer; `why` says more.
    """

    kind: Literal["answered", "refused", "lost"]
    status: int = 0
    headers: Mapping[str, str] = {}
    body: bytes = b""
    why: str = ""


class Wire:
    """Connections to one address; `reuse` says whether a request may take one that is open."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.address = (host, int(port))
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(
        self, method: str, path: str, body: bytes = b"", *, reuse: bool = True
    ) -> Outcome:
        """Send a request once."""
        try:
            reader, writer, kept = await self._connection(reuse)
        except ConnectionRefusedError:
            return Outcome("refused")
        except OSError as error:
            return Outcome("lost", why=f"while connecting: {type(error).__name__}")
        used, keep = "kept" if kept else "new", False
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                writer.write(request(method, path, self.address, body))
                outcome = await _answer(reader)
            keep = outcome.headers.get("connection") != "close"
        except (OSError, EOFError, TimeoutError) as error:
            return Outcome("lost", why=f"on a {used} connection: {type(error).__name__}")
        finally:
            if keep:
                self._idle.append((reader, writer))
            else:
                writer.close()
        return outcome

    def close(self) -> None:
        """Close what is kept open."""
        for _, writer in self._idle:
            writer.close()

    async def _connection(
        self, reuse: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bool]:
        while reuse and self._idle:
            reader, writer = self._idle.pop()  # the newest, as browsers and proxies do
            if not (reader.at_eof() or reader.exception() or _has_news(writer)):
                return reader, writer, True
            writer.close()
        return *await asyncio.open_connection(*self.address), False


def _has_news(writer: asyncio.StreamWriter) -> bool:
    """Whether an end has arrived that the event loop has not come to see yet."""
    poll = select.poll()
    poll.register(writer.get_extra_info("socket"), select.POLLIN | select.POLLRDHUP)
    return bool(poll.poll(0))


@asynccontextmanager
async def open_wire(url: str) -> AsyncIterator[Wire]:
    """A wire that is closed at the end."""
    wire = Wire(url)
    try:
        yield wire
    finally:
        wire.close()


def request(method: str, path: str, address: tuple[str, int], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    head = [f"{method} {path} HTTP/1.1", f"host: {address[0]}:{address[1]}"]
    if body:
        head += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> Outcome:
    status, headers = await read_head(reader)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Outcome("answered", status, headers, body)


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers, with names in small letters."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}
