"""The store takes what follows on what it has, all of it or none, and nothing after the end."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from msgspec.structs import replace

from services.tally import store
from services.tally.evidence import SignedHead
from services.tally.projection import Projection
from services.tally.store import CorruptProjection, Overtaken, Pool
from shared.edition.inspection import inspect
from shared.edition.replay import CountedBallot
from shared.edition.views import Contradiction
from shared.log.frontier import Frontier
from shared.log.note import Verifier
from tests.editions import EditionBuilder

KEY = bytes(65)


@pytest.fixture
async def pool(tally_database: str) -> AsyncIterator[Pool]:
    """The service's connections."""
    async with await store.open_pool(tally_database) as pool:
        yield pool


def announced(live: EditionBuilder) -> Projection:
    """The projection of the first entry alone."""
    before = Projection(edition=live.edition)
    replay = before.replay(live.manifest.log)
    replay.fold([inspect(0, live.entries[0], b"", None)])
    tree = live.tree(1)
    return before.after(replay, SignedHead(1, tree.root, tree.checkpoint()), None)


async def save_announced(pool: Pool, live: EditionBuilder) -> tuple[Projection, Projection]:
    """Save it; what was there before, and what is now."""
    before = await store.load(pool, live.edition, live.verifier)
    after = announced(live)
    await store.save(pool, before, after, [(0, live.entries[0])], {KEY: CountedBallot(1, ("a",))})
    return before, after


async def test_gives_back_what_was_saved(pool: Pool, live: EditionBuilder) -> None:
    """Another process finds the projection that one has saved."""
    _, after = await save_announced(pool, live)
    assert await store.load(pool, live.edition, live.verifier) == after


async def test_what_was_overtaken_is_not_saved(pool: Pool, live: EditionBuilder) -> None:
    """Who starts from an earlier size writes nothing at all."""
    before, after = await save_announced(pool, live)
    with pytest.raises(Overtaken):
        await store.save(pool, before, after, [], {KEY: CountedBallot(9, ("z",))})
    assert await store.standings(pool, after, [KEY]) == {KEY: CountedBallot(1, ("a",))}


async def test_standings_of_a_later_state_are_not_given(pool: Pool, live: EditionBuilder) -> None:
    """They would make a sound log look as if it repeated itself."""
    before, _ = await save_announced(pool, live)
    with pytest.raises(Overtaken):
        await store.standings(pool, before, [KEY])


async def test_a_recount_forgets_what_was_counted(pool: Pool, sealed: EditionBuilder) -> None:
    """After its begin there are neither standings nor state, and the head is kept."""
    _, after = await save_announced(pool, sealed)
    recount = replace(Projection(edition=sealed.edition), head=after.head)
    await store.begin_recount(pool, after, recount)
    assert await store.load(pool, sealed.edition, sealed.verifier) == recount
    assert await store.standings(pool, recount, [KEY]) == {}


async def test_nothing_is_saved_after_a_contradiction(pool: Pool, live: EditionBuilder) -> None:
    """It is final: also for another process that has not heard of it."""
    _, after = await save_announced(pool, live)
    await store.save_contradiction(pool, live.edition, Contradiction(1, "ballot", "wrong"))
    with pytest.raises(Overtaken):
        await store.save(pool, after, after, [], {})


async def test_the_first_contradiction_stands(pool: Pool, live: EditionBuilder) -> None:
    """One that is found later does not take its place."""
    await save_announced(pool, live)
    first = Contradiction(1, "ballot", "wrong")
    await store.save_contradiction(pool, live.edition, first)
    await store.save_contradiction(pool, live.edition, Contradiction(2, "opening", "wrong"))
    assert (await store.load(pool, live.edition, live.verifier)).contradiction == first


async def test_a_contradiction_cannot_be_taken_back(pool: Pool, live: EditionBuilder) -> None:
    """The database refuses it to the service, whatever the service does."""
    await save_announced(pool, live)
    await store.save_contradiction(pool, live.edition, Contradiction(1, "ballot", "wrong"))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute("UPDATE editions SET contradiction = NULL")


async def test_the_head_does_not_go_back(pool: Pool, live: EditionBuilder) -> None:
    """The database refuses to forget what a log has signed."""
    await save_announced(pool, live)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await pool.execute("UPDATE editions SET size = 0, head_size = 0")


async def test_a_frontier_that_was_tampered_with_is_our_fault(
    pool: Pool, live: EditionBuilder
) -> None:
    """What does not lead to its own checkpoint is not held against the log."""
    _, after = await save_announced(pool, live)
    await store.save(pool, after, replace(after, frontier=Frontier(1, (bytes(32),))), [], {})
    with pytest.raises(CorruptProjection):
        await store.load(pool, live.edition, live.verifier)


async def test_another_log_key_does_not_fit_what_was_saved(
    pool: Pool, live: EditionBuilder
) -> None:
    """Settings that name another key than before are not taken for a fault of the log."""
    await save_announced(pool, live)
    with pytest.raises(CorruptProjection):
        await store.load(pool, live.edition, replace_key(live))


def replace_key(live: EditionBuilder) -> Verifier:
    return Verifier(live.verifier.name, live.verifier.kind, bytes(32))
