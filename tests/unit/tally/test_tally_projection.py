"""How a projection is shown, in every state that an edition can be in."""

from datetime import UTC, datetime

from services.tally.evidence import SignedHead
from services.tally.projection import Projection, contradicted, snapshot
from shared.edition.inspection import Electorate, inspect
from shared.edition.replay import Replay
from shared.edition.views import Contradiction, TallySnapshot
from tests.editions import EditionBuilder

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def projected(builder: EditionBuilder, *, sealed: bool = False) -> Projection:
    """The projection of the builder's whole log, counted without openings if `sealed`."""
    replay = Replay(builder.manifest.log)
    for index, (entry, opening) in enumerate(zip(builder.entries, builder.openings, strict=True)):
        electorate: Electorate | None = replay.electorate
        replay.fold([inspect(index, entry, b"" if sealed else opening, electorate)])
    head = SignedHead(replay.size, replay.frontier.root(), builder.tree().checkpoint())
    return Projection(edition=builder.edition).after(replay, head, None)


def show(now: Projection, *, known: int = 0, current: bool = True) -> TallySnapshot:
    return snapshot(now, known=known, current=current, time=NOW)


def voted(builder: EditionBuilder) -> EditionBuilder:
    builder.prepare()
    builder.cast_many(10)
    return builder


def test_nothing_is_known_of_an_edition_at_first() -> None:
    """Before the first entry there is neither phase nor count."""
    shown = show(Projection(edition="2027"))
    assert (shown.phase, shown.size, shown.counts, shown.checkpoint) == (None, 0, None, "")


def test_entries_that_are_known_and_not_counted_make_it_catch_up() -> None:
    """`behind` is the number of entries that the log has beyond the count."""
    shown = show(projected(voted(EditionBuilder())), known=20)
    assert (shown.behind, shown.status) == (20 - shown.size, "catching-up")


def test_a_log_that_was_not_read_lately_may_be_behind() -> None:
    """Without a recent look nobody knows how many entries there are."""
    shown = show(projected(voted(EditionBuilder())), current=False)
    assert (shown.behind, shown.status) == (0, "catching-up")


def test_counts_are_in_published_order() -> None:
    """Every initiative has its line, where the shortlist has it."""
    builder = voted(EditionBuilder())
    counts = show(projected(builder)).counts
    assert counts is not None
    assert [(one.id, one.ballots) for one in counts] == [
        (id_, builder.count().counts[id_]) for id_ in builder.ids
    ]


def test_sealed_choices_are_not_counted() -> None:
    """While openings are missing, turnout is all there is to show."""
    builder = voted(EditionBuilder(disclosure="at-close"))
    shown = show(projected(builder, sealed=True))
    assert (shown.ballots, shown.voters, shown.counts, shown.result) == (11, 10, None, None)


def test_zero_ballots_so_far_are_not_shown_as_counts_while_sealed() -> None:
    """A sealed edition without ballots does not show zeros that would later vanish."""
    builder = EditionBuilder(disclosure="at-close")
    builder.prepare()
    assert show(projected(builder)).counts is None


def test_the_state_at_the_close_is_shown_until_the_recount_has_come_as_far() -> None:
    """Turnout does not fall back to zero when counting begins again with the openings."""
    builder = voted(EditionBuilder(disclosure="at-close"))
    builder.close()
    closed = projected(builder, sealed=True)
    recount = closed.begin_recount(show(closed))
    shown = show(recount)
    assert (shown.phase, shown.size, shown.behind, shown.voters, shown.status) == (
        "closed",
        closed.size,
        closed.size,
        10,
        "catching-up",
    )


def test_a_recount_keeps_what_the_log_has_signed() -> None:
    """Beginning again must not let the log get away with another history."""
    builder = voted(EditionBuilder(disclosure="at-close"))
    builder.close()
    closed = projected(builder, sealed=True)
    assert closed.begin_recount(show(closed)).head == closed.head


def test_a_recount_wants_openings_from_the_first_ballot_on() -> None:
    """It is known that the log has closed, although the fold is before that again."""
    builder = voted(EditionBuilder(disclosure="at-close"))
    opened = builder.state
    builder.close()
    closed = projected(builder, sealed=True)
    assert closed.begin_recount(show(closed)).openings_due(opened)


def test_a_newer_checkpoint_is_not_forgotten_for_an_older_one() -> None:
    """The head that is kept is the largest that was verified."""
    builder = voted(EditionBuilder())
    now = projected(builder)
    older = SignedHead(1, bytes(32), b"")
    assert now.after(now.replay(builder.manifest.log), older, None).head == now.head


def test_a_contradiction_takes_the_counts_away() -> None:
    """Where the log is wrong is shown, and nothing is claimed any more."""
    found = Contradiction(7, "ballot", "it is wrong")
    shown = contradicted(show(projected(voted(EditionBuilder()))), found)
    assert (shown.status, shown.counts, shown.result, shown.contradiction) == (
        "contradiction",
        None,
        None,
        found,
    )
