"""What the tally shows before and after the close, of sealed choices and of a tie."""

from collections.abc import Callable

import msgspec
import pytest

from services.tally import evidence
from services.tally.settings import Settings
from shared.edition.views import TallySnapshot
from shared.log.tiles import TILE_WIDTH, encode_bundle
from tests.editions import EditionBuilder
from tests.integration.tally.stage import LogHost, Relay, counts, open_tally, run_of
from tests.servers import query


async def test_a_sealed_edition_has_no_count_before_the_close(
    settings: Settings, host: LogHost, sealed: EditionBuilder
) -> None:
    """While choices are sealed turnout is shown, and neither counts nor a result."""
    sealed.cast_many(30)
    host.show(sealed)
    async with open_tally(settings) as tally:
        shown = await tally.counted(sealed)
    assert (shown.ballots, shown.voters, shown.counts, shown.result) == (33, 30, None, None)


async def test_leaked_openings_are_not_kept(
    settings: Settings, host: LogHost, relay: Relay, sealed: EditionBuilder
) -> None:
    """Openings that somebody publishes before the close reach neither snapshot nor database."""
    await relay.create(sealed.edition)
    sealed.cast_many(30)
    host.show(sealed)
    host.cut = "/log/"
    run = run_of(sealed, 0, len(sealed.entries))
    await relay.send(
        sealed.edition, msgspec.structs.replace(run, openings=encode_bundle(sealed.openings))
    )
    async with open_tally(settings) as tally:
        shown = await tally.counted(sealed)
    kept = query(
        settings.database_url,
        """SELECT value FROM editions, jsonb_each_text(counts) WHERE value <> '0'
           UNION ALL SELECT choices FROM standings WHERE choices IS NOT NULL""",
    )
    assert (shown.counts, kept) == (None, [])


async def test_sealed_choices_are_counted_after_the_close(
    settings: Settings, host: LogHost, relay: Relay, sealed: EditionBuilder
) -> None:
    """Once voting has closed the log is counted again with its openings, re-votes included."""
    await relay.create(sealed.edition)
    sealed.cast_many(60)
    host.show(sealed)
    async with open_tally(settings) as tally:
        await relay.publish_all(sealed)
        await tally.counted(sealed)
        end = len(sealed.entries)
        sealed.finish()
        host.show(sealed)
        await relay.publish_all(sealed, end)
        shown = await tally.counted(sealed)
    assert (counts(shown), shown.voters) == (sealed.count().counts, 60)


async def test_a_closed_sealed_edition_is_counted_from_nothing(
    settings: Settings, host: LogHost, sealed: EditionBuilder
) -> None:
    """A tally that starts after the certificate finds the same counts."""
    sealed.cast_many(40)
    sealed.finish()
    host.show(sealed)
    async with open_tally(settings) as tally:
        shown = await tally.counted(sealed)
    assert counts(shown) == sealed.count().counts


async def test_a_recount_that_was_cut_off_shows_turnout_and_no_count(
    settings: Settings, host: LogHost, sealed: EditionBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the count with the openings is under way, what was known at the close is shown."""
    monkeypatch.setattr(evidence, "CHUNK", TILE_WIDTH)
    sealed.cast_many(300)
    sealed.close()
    host.show(sealed)
    host.cut = "/openings/001"
    async with open_tally(settings) as tally:
        shown = await tally.until(sealed.edition, _one_bundle_recounted(sealed))
    assert (shown.status, shown.voters, shown.counts) == ("catching-up", 300, None)


async def test_a_recount_goes_on_after_a_restart(
    settings: Settings, host: LogHost, sealed: EditionBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped in the middle of that is continued by the next one."""
    monkeypatch.setattr(evidence, "CHUNK", TILE_WIDTH)
    sealed.cast_many(300)
    sealed.close()
    host.show(sealed)
    host.cut = "/openings/001"
    async with open_tally(settings) as tally:
        await tally.until(sealed.edition, _one_bundle_recounted(sealed))
    host.cut = None
    host.asked.clear()
    async with open_tally(settings) as tally:
        shown = await tally.counted(sealed)
    again = [path for path in host.asked if path.endswith("/openings/000")]
    assert (counts(shown), again) == (sealed.count().counts, [])


def _one_bundle_recounted(builder: EditionBuilder) -> Callable[[TallySnapshot], bool]:
    left = len(builder.entries) - TILE_WIDTH
    return lambda now: (now.phase, now.behind) == ("closed", left)


async def test_a_tie_is_shown_as_one(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Before the draw the tied are named, with the seats that wait for them, and no winner is."""
    tie(live)
    host.show(live)
    async with open_tally(settings) as tally:
        result = (await tally.counted(live)).result
    assert result is not None
    assert (result.winners, result.tied, result.seats_open, result.certified) == (
        ("i01",),
        ("i02", "i03"),
        1,
        False,
    )


async def test_a_draw_decides_a_tie(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """After the draw and the certificate the drawn one has the seat."""
    tie(live)
    live.draw()
    live.certify()
    host.show(live)
    async with open_tally(settings) as tally:
        result = (await tally.counted(live)).result
    assert live.state is not None
    assert live.state.certificate is not None
    assert result is not None
    assert (result.winners, result.tied, result.decided_by_draw, result.certified) == (
        live.state.certificate.winners,
        (),
        True,
        True,
    )


def tie(builder: EditionBuilder) -> None:
    """One clear winner, and two tied for the second of two seats; closed."""
    for number, choices in enumerate([("i01", "i02"), ("i01", "i03"), ("i01",)]):
        builder.cast(number, choices)
    builder.close()
    builder.report_issuance()


async def test_an_open_edition_has_no_result(
    settings: Settings, host: LogHost, live: EditionBuilder
) -> None:
    """Counts of a live edition are shown while it runs, a result is not."""
    live.cast_many(20)
    host.show(live)
    async with open_tally(settings) as tally:
        shown = await tally.counted(live)
    assert (counts(shown), shown.result) == (live.count().counts, None)
