"""The tally counts what it has verified, wherever it read it, and counts nothing twice."""

from services.tally.settings import Settings
from tests.editions import EditionBuilder
from tests.integration.tally.stage import LogHost, Relay, counts, open_tally


async def test_counts_runs_as_they_come(
    settings: Settings, host: LogHost, relay: Relay, live: EditionBuilder
) -> None:
    """Counts, ballots and voters equal an independent count after runs with re-votes."""
    await relay.create(live.edition)
    live.cast_many(60)
    host.show(live)
    async with open_tally(settings) as tally:
        await relay.publish_all(live)
        shown = await tally.counted(live)
    counted = live.count()
    assert (counts(shown), shown.ballots, shown.voters) == (
        counted.counts,
        counted.ballots,
        counted.voters,
    )
