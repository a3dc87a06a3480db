"""The draw and the certificate: whatever does not fit the count is never appended."""

import pytest
from msgspec.structs import replace

from shared.edition.errors import (
    BadCertificate,
    BadTieDraw,
)
from tests.phases import advanced, commands, decided, tie_draw, tied_edition


def test_a_draw_names_exactly_those_who_are_tied_under_the_newest_root() -> None:
    """In any order."""
    builder = tied_edition()
    decided(builder, tie_draw(builder))
    decided(builder, tie_draw(builder, tied=("i03", "i02")))


@pytest.mark.parametrize(
    "changes",
    [
        {"tied": ("i02",)},
        {"tied": ("i02", "i03", "i04")},
        {"tied": ("i02", "i03", "i03")},
        {"tied": ()},
        {"root": bytes(32)},
    ],
    ids=str,
)
def test_a_draw_that_does_not_fit_the_count_is_refused(changes: dict[str, object]) -> None:
    """Too few, too many, one twice, or under another root."""
    builder = tied_edition()
    with pytest.raises(BadTieDraw):
        decided(builder, tie_draw(builder, **changes))


def test_nothing_is_drawn_when_nothing_is_tied() -> None:
    """Else somebody could choose among the chosen."""
    builder = advanced("issued")
    with pytest.raises(BadTieDraw):
        decided(builder, commands(builder)["draw"])


def test_a_tie_is_drawn_before_it_is_certified() -> None:
    """Nobody has the tied seats until then."""
    builder = tied_edition()
    with pytest.raises(BadCertificate):
        decided(builder, commands(builder)["certify"])


CERTIFICATES: dict[str, dict[str, object]] = {
    "another winner": {"winners": ("i01", "i03")},
    "another order": {"winners": ("i02", "i01")},
    "a winner too few": {"winners": ("i01",)},
    "a winner too many": {"winners": ("i01", "i02", "i03")},
    "another count": {"counts": {"i01": 3, "i02": 1, "i03": 0, "i04": 0, "i05": 0}},
    "a count missing": {"counts": {"i01": 2, "i02": 1}},
    "a count too many": {"counts": {"i01": 2, "i02": 1, "i03": 0, "i04": 0, "i05": 0, "i06": 0}},
    "another size": {"size": 8},
    "another root": {"root": bytes(32)},
    "other openings": {"openings_root": bytes(32)},
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_a_certificate_that_does_not_fit_the_count_is_refused(what: str) -> None:
    """In whatever it says."""
    builder = advanced("issued", votes=("i01", "i01", "i02"))
    command = commands(builder)["certify"]
    decided(builder, command)
    with pytest.raises(BadCertificate):
        decided(builder, replace(command, **CERTIFICATES[what]))


def test_a_certificate_after_a_draw_names_the_one_who_was_drawn() -> None:
    """In the order that the published digits give."""
    builder = advanced("drawn")
    right = builder.certificate()
    assert right.winners[0] == "i01"
    other = "i03" if right.winners[1] == "i02" else "i02"
    decided(builder, right)
    with pytest.raises(BadCertificate):
        decided(builder, replace(right, winners=("i01", other)))
