"""Exports: whole, verified, resumed, brought up to date, and never half published."""

from pathlib import Path

import pytest
from aiohttp import web

from cli.audit.evidence import Wrong
from cli.export.export import Export, export
from cli.progress import Silent
from shared.client.errors import CannotRead
from shared.client.known_logs import KnownLogs
from shared.client.log_source import open_log
from tests.audits import audited, certified, flip, started
from tests.editions import EditionBuilder
from tests.web import HASTY, Handler, problem, serving, static


async def exported(handler: Handler, directory: Path, known: KnownLogs | None = None) -> Export:
    """What an export from a server that answers like this writes."""
    directory.mkdir(parents=True, exist_ok=True)
    async with serving(handler) as url, open_log(url, HASTY) as source:
        return await export(source, directory, progress=Silent(), known=known)


def files_in(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    files = (file for file in directory.rglob("*") if file.is_file())
    return {str(file.relative_to(directory)): file.read_bytes() for file in files}


def served(builder: EditionBuilder, size: int | None = None) -> dict[str, bytes]:
    """What a log serves at a size."""
    return builder.tree(size).files(builder.openings[:size])


async def test_an_export_is_what_the_log_serves(tmp_path: Path) -> None:
    """Every file, byte for byte, and no other."""
    files = served(certified())
    await exported(static(files), tmp_path)
    assert files_in(tmp_path) == files


async def test_an_export_can_be_audited_offline(tmp_path: Path) -> None:
    """The auditor verifies the directory."""
    await exported(static(served(certified())), tmp_path)
    assert (await audited(tmp_path)).verdict == "verified"


async def test_sealed_openings_are_left_out(tmp_path: Path) -> None:
    """Before the close of a sealed edition, the export has none and says so."""
    builder = started(disclosure="at-close")
    files = builder.tree().files(None)

    async def handler(request: web.Request) -> web.StreamResponse:
        if "openings" in request.path:
            return problem(403, "sealed")
        return await static(files)(request)

    assert not (await exported(handler, tmp_path)).openings
    assert files_in(tmp_path) == files


async def test_an_export_is_brought_up_to_date(tmp_path: Path) -> None:
    """A second run adds what the log has grown by, and keeps the tiles of the older size."""
    before, after = served(certified(), 200), served(certified())
    await exported(static(before), tmp_path)
    await exported(static(after), tmp_path)
    assert files_in(tmp_path) == {**before, **after}


async def test_full_bundles_are_not_asked_for_again(tmp_path: Path) -> None:
    """What was exported is not downloaded a second time."""
    files = served(certified())
    await exported(static(files), tmp_path)
    wanted: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        wanted.append(request.path)
        return await static(files)(request)

    await exported(handler, tmp_path)
    assert [path for path in wanted if "tile" in path] == ["/tile/entries/000"]  # for the key


async def test_an_interrupted_export_publishes_nothing(tmp_path: Path) -> None:
    """Without its last bundle an export has no checkpoint, and nothing beside what waits."""
    files = served(certified())
    await interrupted(files, tmp_path)
    assert {path.partition("/")[0] for path in files_in(tmp_path)} == {".incoming"}


async def test_an_interrupted_export_is_resumed(tmp_path: Path) -> None:
    """The next run is complete, and leaves nothing waiting."""
    files = served(certified())
    await interrupted(files, tmp_path)
    await exported(static(files), tmp_path)
    assert files_in(tmp_path) == files


async def test_damage_in_what_waits_is_repaired(tmp_path: Path) -> None:
    """A file that was damaged meanwhile is read again."""
    files = served(certified())
    await interrupted(files, tmp_path)
    flip(tmp_path / ".incoming/tile/entries/000", 1000)
    await exported(static(files), tmp_path)
    assert files_in(tmp_path) == files


async def test_damage_in_what_was_published_is_repaired(tmp_path: Path) -> None:
    """Likewise a damaged file of an earlier export."""
    files = served(certified())
    await exported(static(files), tmp_path)
    flip(tmp_path / "tile/entries/000", 1000)
    await exported(static(files), tmp_path)
    assert files_in(tmp_path) == files


@pytest.mark.parametrize("path", ["tile/entries/000", "checkpoint"])
async def test_a_tampered_log_is_not_exported(tmp_path: Path, path: str) -> None:
    """One flipped bit, and nothing is written."""
    files = served(certified())
    files[path] = files[path][:50] + bytes([files[path][50] ^ 1]) + files[path][51:]
    with pytest.raises(Wrong):
        await exported(static(files), tmp_path)
    assert files_in(tmp_path) == {}


async def test_a_missing_opening_bundle_is_wrong(tmp_path: Path) -> None:
    """Openings for some bundles only are no export that could be audited."""
    files = served(certified())
    del files[next(path for path in files if path.startswith("tile/openings/001"))]
    with pytest.raises(Wrong, match="openings"):
        await exported(static(files), tmp_path)


async def test_a_rewritten_log_does_not_touch_the_export(tmp_path: Path) -> None:
    """When the log shows another history, the directory keeps the one that it has."""
    files = served(started())
    await exported(static(files), tmp_path)
    rewritten = started()
    rewritten.entries[6:], rewritten.openings[6:] = [], []
    rewritten.cast_many(300, first=10)
    with pytest.raises(Wrong, match="history was changed"):
        await exported(static(served(rewritten)), tmp_path)
    assert files_in(tmp_path) == files


async def test_another_log_does_not_replace_the_export(tmp_path: Path) -> None:
    """A directory belongs to the log that was first exported into it."""
    files = served(certified())
    await exported(static(files), tmp_path)
    with pytest.raises(Wrong, match="export to a new one"):
        await exported(static(served(started(edition="2028"))), tmp_path)
    assert files_in(tmp_path) == files


async def test_a_rolled_back_log_does_not_touch_the_export(tmp_path: Path) -> None:
    """Nor when it shows less than before."""
    files = served(certified())
    await exported(static(files), tmp_path)
    with pytest.raises(Wrong, match="rolled back"):
        await exported(static(served(certified(), 300)), tmp_path)
    assert files_in(tmp_path) == files


async def test_a_log_that_contradicts_the_last_audit_is_not_exported(tmp_path: Path) -> None:
    """What the machine remembers of the log counts here too."""
    known = KnownLogs(tmp_path / "known")
    await audited(certified().write(tmp_path / "log"), known=known)
    with pytest.raises(Wrong, match="rolled back"):
        await exported(static(served(certified(), 300)), tmp_path / "out", known)


async def interrupted(files: dict[str, bytes], directory: Path) -> None:
    """An export whose server fails at the last bundle."""
    last = f"/tile/entries/001.p/{len(certified().entries) - 256}"

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == last:
            return web.Response(status=500)
        return await static(files)(request)

    with pytest.raises(CannotRead):
        await exported(handler, directory)
