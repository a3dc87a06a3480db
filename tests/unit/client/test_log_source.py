"""Reading a log over HTTP and from a directory: answers, evidence, and what is neither."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from shared.client.errors import CannotRead, Missing, Oversized, Sealed
from shared.client.log_source import open_log, read_tile
from shared.log.tiles import MAX_BUNDLE_BYTES, TilePath, decode_bundle
from tests.audits import audited, certified
from tests.web import HASTY, Handler, problem, serving, static


async def read(handler: Handler, path: str = "checkpoint") -> bytes:
    """What a client reads from a server that answers like this."""
    async with serving(handler) as url, open_log(url, HASTY) as source:
        return await source.read(path)


async def test_a_served_export_is_verified() -> None:
    """A log that any web server serves can be audited."""
    async with serving(static(certified().tree().files(certified().openings))) as url:
        assert (await audited(url)).verdict == "verified"


async def test_a_resource_is_read_as_it_is() -> None:
    """The bytes served are the bytes read."""
    assert await read(static({"checkpoint": b"any\x00bytes"})) == b"any\x00bytes"


async def test_nothing_there_is_missing() -> None:
    """A 404 says that there is nothing."""
    with pytest.raises(Missing):
        await read(static({}))


async def test_sealed_openings_are_sealed() -> None:
    """A 403 with the problem "sealed" is told from other refusals."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return problem(403, "sealed")

    with pytest.raises(Sealed):
        await read(handler)


async def test_another_refusal_says_nothing_about_the_log() -> None:
    """A 403 of whatever stands between is no evidence."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="<html>proxy</html>")

    with pytest.raises(CannotRead, match="403"):
        await read(handler)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_server_is_asked_again(status: int) -> None:
    """An answer after two failures is the answer."""
    asked = 0

    async def handler(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(body=b"here") if asked == 3 else web.Response(status=status)

    assert await read(handler) == b"here"


async def test_a_server_that_keeps_failing_cannot_be_read() -> None:
    """After the last attempt, what failed is said."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(status=502)

    with pytest.raises(CannotRead, match="502, 3 times"):
        await read(handler)


async def test_a_server_that_does_not_answer_cannot_be_read() -> None:
    """A client does not wait for ever."""
    patience = type(HASTY)(attempts=1, timeout_s=0.05)

    async def handler(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(10)
        return web.Response()

    async with serving(handler) as url, open_log(url, patience) as source:
        with pytest.raises(CannotRead, match="Timeout"):
            await source.read("checkpoint")


async def test_no_server_cannot_be_read() -> None:
    """A refused connection says nothing about the log."""
    async with serving(static({})) as url:
        pass
    async with open_log(url, HASTY) as source:
        with pytest.raises(CannotRead, match="no connection"):
            await source.read("checkpoint")


async def test_a_connection_that_breaks_off_is_tried_again() -> None:
    """Half an answer is not taken for the whole."""
    asked = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked == 2:
            return web.Response(body=b"whole")
        response = web.StreamResponse(headers={"Content-Length": "5"})
        await response.prepare(request)
        await response.write(b"wh")
        assert request.transport is not None
        request.transport.close()
        return response

    assert await read(handler) == b"whole"


async def test_more_than_any_bundle_is_not_read() -> None:
    """An endless answer is cut off, whatever length it states."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(MAX_BUNDLE_BYTES // 2**20 + 8):
            await response.write(bytes(2**20))
        return response

    with pytest.raises(Oversized):
        await read(handler)


async def test_a_url_that_is_none_cannot_be_read() -> None:
    """A malformed URL gives an error that names it."""
    async with open_log("http://[nowhere", HASTY) as source:
        with pytest.raises(CannotRead, match="nowhere"):
            await source.read("checkpoint")


async def test_a_partial_tile_that_is_gone_is_cut_from_the_full_one() -> None:
    """A tile of an older size is answered by the tile that replaced it."""
    files = certified().tree().files(None)
    async with serving(static(files)) as url, open_log(url, HASTY) as source:
        assert await read_tile(source, TilePath(0, 0, 10)) == files["tile/0/000"][:320]


async def test_a_partial_bundle_that_is_gone_is_cut_from_the_full_one() -> None:
    """Likewise a bundle, by records."""
    files = certified().tree().files(None)
    async with serving(static(files)) as url, open_log(url, HASTY) as source:
        bundle = await read_tile(source, TilePath("entries", 0, 10))
    assert decode_bundle(bundle) == certified().entries[:10]


async def test_a_partial_tile_that_never_was_is_missing() -> None:
    """If there is no full tile either, the partial one is what is missing."""
    async with serving(static({})) as url, open_log(url, HASTY) as source:
        with pytest.raises(Missing, match=r"tile/0/000\.p/10"):
            await read_tile(source, TilePath(0, 0, 10))


async def test_a_directory_that_is_none_cannot_be_read(tmp_path: Path) -> None:
    """A name that is neither URL nor directory is said to be so."""
    with pytest.raises(CannotRead, match="neither"):
        async with open_log(str(tmp_path / "none")):
            pass


async def test_a_file_that_is_none_is_missing(tmp_path: Path) -> None:
    """A directory where a file should be holds no resource."""
    (tmp_path / "checkpoint").mkdir()
    async with open_log(str(tmp_path)) as source:
        with pytest.raises(Missing):
            await source.read("checkpoint")


async def test_an_audit_of_garbage_says_so() -> None:
    """A server that answers anything with the same page serves no log."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>Welcome</html>")

    async with serving(handler) as url:
        assert (await audited(url)).verdict == "wrong"


async def test_an_audit_without_a_checkpoint_says_nothing(tmp_path: Path) -> None:
    """Where there is no log, nothing is wrong with one."""
    with pytest.raises(CannotRead, match="no log here"):
        await audited(tmp_path)
