"""The result rule and the draw: who is chosen, who must wait, and in which order."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edition.result import BadDraw, Result, TieDraw, tally_result, tie_order

EDITION = "huzhou-2027"
ROOT = bytes(range(32))
SEED = "01234567890123456789"
DRAW = TieDraw(root=ROOT, seed=SEED)

IDS = [f"i{number:02}" for number in range(12)]
COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=12).map(
    lambda counts: dict(zip(IDS, counts, strict=False))
)


def by_hand(ids: Sequence[str], edition: str, root: bytes, seed: str) -> list[str]:
    """The draw's order straight from the published formula, all parts written out."""

    def digest(id_: str) -> str:
        parts = b"\x00\x00\x00\x0dhuimin/tie/v1"
        parts += bytes([0, 0, 0, len(edition)]) + edition.encode("ascii")
        parts += bytes([0, 0, 0, 32]) + root
        parts += bytes([0, 0, 0, 20]) + seed.encode("ascii")
        parts += bytes([0, 0, 0, len(id_)]) + id_.encode("ascii")
        return sha256(parts).hexdigest()

    return sorted(ids, key=digest)


def test_the_initiatives_with_the_most_ballots_are_chosen_in_order_of_count() -> None:
    """Three of four, the highest count first, whatever order they were published in."""
    counts = {"park": 5, "hukou": 9, "bus": 1, "school": 7}
    result = tally_result(counts, list(counts), 3, None, EDITION)
    assert result == Result(winners=("hukou", "school", "park"))


def test_equal_counts_above_the_cutoff_stand_in_published_order() -> None:
    """They have seats all the same; the order among them is only for reading."""
    counts = {"a": 3, "b": 8, "c": 8, "d": 8, "e": 5}
    result = tally_result(counts, ["e", "d", "b", "c", "a"], 4, None, EDITION)
    assert result.winners == ("d", "b", "c", "e")


def test_a_tie_at_the_last_seat_leaves_it_open() -> None:
    """Nine are chosen and two wait for the tenth seat."""
    counts = {f"c{n}": 100 - n for n in range(9)} | {"lake": 22, "road": 22, "tram": 9}
    result = tally_result(counts, list(counts), 10, None, EDITION)
    assert result == Result(
        winners=tuple(f"c{n}" for n in range(9)), tied=("lake", "road"), seats_open=1
    )


def test_a_draw_fills_the_last_seat_by_the_published_formula() -> None:
    """The tied one with the lowest hash is chosen, and nobody is tied any more."""
    counts = {f"c{n}": 100 - n for n in range(9)} | {"lake": 22, "road": 22, "tram": 9}
    first, _ = by_hand(["lake", "road"], EDITION, ROOT, SEED)
    result = tally_result(counts, list(counts), 10, DRAW, EDITION)
    assert result == Result(winners=(*(f"c{n}" for n in range(9)), first), decided_by_draw=True)


def test_a_tie_over_several_seats_leaves_them_all_open() -> None:
    """Five compete for three seats: none of the five is chosen before the draw."""
    counts = {"a": 9, "b": 4, "c": 4, "d": 4, "e": 4, "f": 4, "g": 1}
    result = tally_result(counts, list(counts), 4, None, EDITION)
    assert result == Result(winners=("a",), tied=("b", "c", "d", "e", "f"), seats_open=3)


def test_a_draw_over_several_seats_takes_the_first_of_its_order() -> None:
    """Three of five, in the draw's order, after those who needed no draw."""
    counts = {"a": 9, "b": 4, "c": 4, "d": 4, "e": 4, "f": 4, "g": 1}
    result = tally_result(counts, list(counts), 4, DRAW, EDITION)
    assert result.winners == ("a", *by_hand("bcdef", EDITION, ROOT, SEED)[:3])


def test_equal_counts_that_all_fit_are_no_tie() -> None:
    """Two at the cut-off for two seats: both are chosen, in published order."""
    counts = {"a": 2, "b": 5, "c": 2, "d": 1}
    result = tally_result(counts, ["d", "c", "a", "b"], 3, None, EDITION)
    assert result == Result(winners=("b", "c", "a"))


def test_a_draw_that_nothing_needs_decides_nothing() -> None:
    """The draw is looked at only if there is a tie."""
    counts = {"a": 3, "b": 2, "c": 1}
    assert tally_result(counts, "abc", 2, DRAW, EDITION) == Result(winners=("a", "b"))


def test_fewer_initiatives_than_seats_are_all_chosen() -> None:
    """There is room for every one, named by ballots or not."""
    assert tally_result({"a": 1}, ["b", "a"], 10, None, EDITION) == Result(winners=("a", "b"))


def test_initiatives_without_ballots_can_tie_for_seats_left_over() -> None:
    """Zero is a count like any other: the rule has no minimum."""
    result = tally_result({"a": 1}, ["a", "b", "c"], 2, None, EDITION)
    assert result == Result(winners=("a",), tied=("b", "c"), seats_open=1)


def test_an_initiative_missing_from_the_counts_has_none() -> None:
    """A count of zero may be left out."""
    order = ["a", "b", "c"]
    assert tally_result({"b": 2, "c": 1}, order, 2, None, EDITION) == tally_result(
        {"a": 0, "b": 2, "c": 1}, order, 2, None, EDITION
    )


def test_a_count_for_an_unlisted_initiative_is_an_error() -> None:
    """Nothing that is not on the shortlist may be counted."""
    with pytest.raises(ValueError, match="'x' is counted and not on the shortlist"):
        tally_result({"a": 1, "x": 2}, ["a"], 1, None, EDITION)


def test_an_edition_without_seats_is_an_error() -> None:
    """A result needs something to be won."""
    with pytest.raises(ValueError, match="at least one seat"):
        tally_result({"a": 1}, ["a"], 0, None, EDITION)


def test_the_draw_orders_by_the_published_formula() -> None:
    """Twelve ids, against the formula written out byte by byte."""
    assert list(tie_order(EDITION, ROOT, SEED, IDS)) == by_hand(IDS, EDITION, ROOT, SEED)


@pytest.mark.parametrize(
    ("edition", "root", "seed"),
    [
        ("huzhou-2028", ROOT, SEED),
        (EDITION, bytes(32), SEED),
        (EDITION, ROOT, "01234567890123456788"),
    ],
    ids=["edition", "root", "seed"],
)
def test_the_draw_depends_on_every_input(edition: str, root: bytes, seed: str) -> None:
    """Another edition, root or seed gives another order of twelve."""
    assert tie_order(edition, root, seed, IDS) != tie_order(EDITION, ROOT, SEED, IDS)


@pytest.mark.parametrize(
    "seed",
    [
        "",
        "0123456789012345678",
        "012345678901234567890",
        "0123456789012345678x",
        "0123456789012345678 ",
        "01234567890123456789\n",
        "+1234567890123456789",
        "0123456789012345678\u0669",
    ],
)
def test_a_seed_that_is_not_twenty_ascii_digits_is_refused(seed: str) -> None:
    """What is hashed is what was thrown, and nothing that looks like it."""
    with pytest.raises(BadDraw, match="20 ASCII digits"):
        TieDraw(root=ROOT, seed=seed)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_root_of_another_length_is_refused(size: int) -> None:
    """A log root has 32 bytes."""
    with pytest.raises(BadDraw, match=f"{size} bytes"):
        TieDraw(root=bytes(size), seed=SEED)


@given(counts=COUNTS, seats=st.integers(1, 12), data=st.data())
def test_the_result_does_not_depend_on_the_order_of_the_counts(
    counts: dict[str, int], seats: int, data: st.DataObject
) -> None:
    """Only the published order matters, never a mapping's."""
    shuffled = dict(data.draw(st.permutations(list(counts.items()))))
    order = list(counts)
    assert tally_result(counts, order, seats, DRAW, EDITION) == tally_result(
        shuffled, order, seats, DRAW, EDITION
    )


@given(counts=COUNTS, seats=st.integers(1, 12), data=st.data())
def test_who_is_chosen_does_not_depend_on_the_published_order(
    counts: dict[str, int], seats: int, data: st.DataObject
) -> None:
    """The published order decides how winners are listed, never who wins."""
    order = data.draw(st.permutations(list(counts)))
    result = tally_result(counts, order, seats, DRAW, EDITION)
    assert set(result.winners) == set(
        tally_result(counts, list(counts), seats, DRAW, EDITION).winners
    )


@given(counts=COUNTS, seats=st.integers(1, 12))
def test_before_the_draw_every_seat_is_won_by_right_or_open(
    counts: dict[str, int], seats: int
) -> None:
    """Winners are certain: with every rival level with them ahead, they still have a seat."""
    result = tally_result(counts, list(counts), seats, None, EDITION)
    certain = {
        id_ for id_ in counts if sum(rival >= counts[id_] for rival in counts.values()) <= seats
    }
    possible = {
        id_ for id_ in counts if sum(rival > counts[id_] for rival in counts.values()) < seats
    }
    assert (set(result.winners), set(result.tied)) == (certain, possible - certain)
    assert len(result.winners) + result.seats_open == min(seats, len(counts))


@given(counts=COUNTS, seats=st.integers(1, 12))
def test_after_the_draw_every_seat_is_filled(counts: dict[str, int], seats: int) -> None:
    """As many winners as seats or initiatives, each once; those certain before it stay first."""
    before = tally_result(counts, list(counts), seats, None, EDITION)
    after = tally_result(counts, list(counts), seats, DRAW, EDITION)
    assert len(set(after.winners)) == len(after.winners) == min(seats, len(counts))
    assert after.winners[: len(before.winners)] == before.winners
    assert set(after.winners) <= set(before.winners) | set(before.tied)
    assert (after.tied, after.seats_open) == ((), 0)
    assert after.decided_by_draw == bool(before.tied)
