"""The log's resources over HTTP: against the naive tree, and read by code that is not ours."""

import asyncio

import aiohttp
import pytest
from tlog_scales.backend import HttpBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash as independent_leaf_hash
from tlog_scales.tlog import InclusionProofInvalid

from shared.log.tiles import bundles_of, decode_bundle, tiles_of
from tests.editions import EditionBuilder
from tests.integration.ballot.conftest import NewPoll, prepared_once
from tests.integration.ballot.problems import refused
from tests.integration.ballot.service import BallotProcess, Site
from tests.integration.ballot.streams import runs_of
from tests.polls import Answer, Poll

VOTERS = 700
"""Two full tiles, a partial one, and two hashes in the level above."""


async def fill(poll: Poll) -> None:
    """Open the vote and have so many people vote."""
    await poll.prepare()
    await asyncio.gather(*(poll.vote(n, "i01", "i02") for n in range(VOTERS)))
    await poll.sync()


@pytest.fixture(scope="module")
def filled_edition(services: tuple[BallotProcess, BallotProcess]) -> EditionBuilder:
    """An edition with full and partial tiles."""
    return prepared_once(services[0].url, EditionBuilder("filled"), fill)


@pytest.fixture
def filled(
    http: aiohttp.ClientSession,
    services: tuple[BallotProcess, BallotProcess],
    filled_edition: EditionBuilder,
) -> Poll:
    """That edition; the builder holds the same log."""
    return Poll(http, services[1].url, filled_edition)


async def test_every_tile_and_bundle_is_that_of_the_naive_tree(filled: Poll) -> None:
    """Hash tiles, entries and openings of the newest size."""
    builder = filled.builder
    expected = builder.tree().files(builder.openings)
    assert expected.keys() >= {"tile/0/001", "tile/0/002.p/192", "tile/1/000.p/2"}
    found = {path: (await filled.read(path)).body for path in expected}
    assert found == expected


@pytest.mark.parametrize("size", [1, 4, 255, 256, 257, 511, 512, 513, 700])
async def test_partial_tiles_of_any_published_size_stay_available(filled: Poll, size: int) -> None:
    """Whoever holds an old checkpoint can still read the tree that it signs."""
    expected = filled.builder.tree(size).files(filled.builder.openings[:size])
    del expected["checkpoint"]
    found = {path: (await filled.read(path)).body for path in expected}
    assert found == expected


async def test_an_independent_reader_verifies_the_running_log(filled: Poll) -> None:
    """The tlog-scales reader: signature, root from tiles, inclusion of entries, consistency."""
    url, vkey = f"{filled.url}/log/{filled.edition}", filled.builder.signer.vkey

    def read() -> int:
        reader = TilesReader(HttpBackend(url))
        checkpoint = reader.get_checkpoint()
        checkpoint.verify(Vkey.from_string(vkey))
        root = reader.calculate_root_hash()
        assert root == checkpoint.root_hash
        for index in (0, 4, 255, 256, 511, 512, checkpoint.size - 1):
            leaf = independent_leaf_hash(reader.get_entry(index))
            reader.get_inclusion_proof(index, checkpoint.size).check(leaf, root)
        for size in (1, 256, 300, 512, 513):
            old_root = reader.mth(0, size)
            reader.get_consistency_proof(size, checkpoint.size).check(old_root, root)
        return int(checkpoint.size)

    assert await asyncio.to_thread(read) == 4 + VOTERS


async def test_the_independent_reader_sees_an_entry_in_the_wrong_place(filled: Poll) -> None:
    """So its approval above means something."""

    def read() -> None:
        reader = TilesReader(HttpBackend(f"{filled.url}/log/{filled.edition}"))
        size = reader.get_checkpoint().size
        leaf = independent_leaf_hash(reader.get_entry(300))
        reader.get_inclusion_proof(301, size).check(leaf, reader.calculate_root_hash())

    with pytest.raises(InclusionProofInvalid):
        await asyncio.to_thread(read)


async def test_tiles_may_be_kept_for_ever_and_checkpoints_may_not(poll: Poll) -> None:
    """What never changes is immutable; what does is asked for again."""
    for path in ("tile/0/000.p/4", "tile/entries/000.p/4", "tile/openings/000.p/4"):
        headers = (await poll.read(path)).headers
        assert headers["Cache-Control"] == "public, max-age=604800, immutable"
        assert headers["Content-Type"] == "application/octet-stream"
    headers = (await poll.read("checkpoint")).headers
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("resource", ["checkpoint", "tile/0/000.p/4", "proof/0", "tile/0/009"])
async def test_the_log_may_be_read_by_pages_of_any_origin(poll: Poll, resource: str) -> None:
    """Auditors in a browser need no permission, and are told of errors too."""
    assert (await poll.read(resource)).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/0/000.p/5",
        "tile/0/001",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/63/000.p/1",
        "tile/entries/000",
        "tile/entries/000.p/5",
        "tile/openings/000.p/5",
        "tile/entries/x999/x999/x999/x999/x999/x999/999.p/1",
        "tile/64/000",
        "tile/00/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/04",
        "tile/0/000.p/-1",
        "tile/0/-01",
        "tile/0/000.q/1",
        "tile/other/000",
        "tile/0",
        "tile/0/000.p",
        "tile/0/000.p/1/2",
        "tile/0/%00",
        "tile/0/٠٠٠.p/1",
        "proof/4",
        "proof/-1",
        "proof/99999999999999999999",
        "proof/x",
        "proof",
        "nothing",
        "",
    ],
)
async def test_a_resource_that_the_log_has_not_is_not_found(open_poll: Poll, path: str) -> None:
    """Beyond its size, of an impossible form, or nothing at all."""
    await refused(open_poll, open_poll.read(path), 404, "not-found")


@pytest.mark.parametrize(
    "resource", ["checkpoint", "tile/0/000.p/1", "tile/openings/000", "proof/0"]
)
@pytest.mark.parametrize("edition", ["none", "a+b", "%00", "a%20b", "..%2f", "x" * 300])
async def test_the_log_of_an_edition_that_is_not_there_is_not_found(
    open_poll: Poll, edition: str, resource: str
) -> None:
    """Whatever stands in the address."""
    asked = await open_poll.get(f"/log/{edition}/{resource}")
    assert asked.status == 404
    assert asked.slug in {"unknown-edition", "not-found"}


@pytest.fixture
async def sealed(services: tuple[BallotProcess, BallotProcess], new_poll: NewPoll) -> Poll:
    """An edition whose choices are sealed until the close, with some ballots."""
    poll = await new_poll(services[0].url, disclosure="at-close")
    await asyncio.gather(*(poll.vote(n, "i01", "i03") for n in range(300)))
    return poll


async def test_openings_are_sealed_while_the_vote_is_open(sealed: Poll) -> None:
    """Full and partial bundles alike, and those beyond the log too."""
    for path in ("000", "001.p/48", "000.p/4", "000.p/1", "009"):
        await refused(sealed, sealed.read(f"tile/openings/{path}"), 403, "sealed")


async def test_openings_are_public_after_the_close(sealed: Poll) -> None:
    """From every process, and they are what was sent."""
    await sealed.officers(sealed.builder.close)
    await sealed.sync()
    records: list[bytes] = []
    for bundle in bundles_of(305, "openings"):
        records += decode_bundle((await sealed.read(bundle.path)).body)
    assert records == sealed.builder.openings


async def test_openings_of_a_live_edition_are_public_at_once(poll: Poll) -> None:
    """With the receipt."""
    await poll.vote(1, "i01")
    await poll.sync()
    answer = await poll.read("tile/openings/000.p/5")
    assert decode_bundle(answer.body) == poll.builder.openings


async def test_nothing_that_is_served_or_logged_before_the_close_shows_a_choice(
    site: Site, new_poll: NewPoll
) -> None:
    """Every route of the interface, the stream, and the log of the process itself.

    The ballots name one initiative of five, and another edition beside this one is live: whatever
    differs between the initiatives would give them away. Published is only that all five stand.
    """
    with site.running(log_level="debug") as process:
        poll = await new_poll(process.url, disclosure="at-close", prefix=TELLING)
        chosen = poll.builder.ids[2]
        receipts = [await poll.vote(n, chosen) for n in range(1, 6)]
        await refused(poll, poll.cast(poll.builder.ballot(9, [chosen, chosen])), 422, REPEATED)
        runs = await runs_of(site.nats, poll.edition, size=9)
        answers = await every_answer(poll, size=9)
        log = process.log
    bodies = [answer.body for answer in answers]
    bodies += [receipt.entry for receipt in receipts]
    bodies += [run.entries + run.openings + run.checkpoint for run in runs]
    bodies.append(log.encode())
    told = {id_: sum(body.count(id_.encode()) for body in bodies) for id_ in poll.builder.ids}
    assert len(set(told.values())) == 1, told
    assert all(not any(decode_bundle(run.openings)) for run in runs)


REPEATED = "repeated-initiative"
TELLING = "initiative-"  # so long that no proof or signature has it by chance


async def every_answer(poll: Poll, size: int) -> list[Answer]:
    """What every GET route of the interface answers about an edition."""
    paths = ["/v1/editions", f"/v1/editions/{poll.edition}", "/live", "/ready"]
    log = ["checkpoint", *(f"proof/{n}" for n in range(size))]
    log += [tile.path for tile in tiles_of(size)]
    log += [bundle.path for kind in ("entries", "openings") for bundle in bundles_of(size, kind)]
    answers = [await poll.get(path) for path in paths]
    return answers + [await poll.read(resource) for resource in log]
