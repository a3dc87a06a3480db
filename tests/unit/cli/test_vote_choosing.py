"""Choosing from the shortlist: what is typed becomes exactly those ids, or is asked for again."""

import io

import pytest

from cli.asking import Asker, NothingTyped
from cli.vote.choosing import choose
from shared.edition.errors import (
    Refusal,
    RepeatedInitiative,
    TooFewChoices,
    TooManyChoices,
    UnknownInitiative,
)
from shared.edition.views import EditionView
from tests.editions import EditionBuilder
from tests.views import view_of


@pytest.fixture
def view() -> EditionView:
    """An open edition with five initiatives, of which three may be chosen."""
    builder = EditionBuilder()
    builder.prepare()
    return view_of(builder)


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> Asker:
    """Somebody who types this, without a terminal."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return Asker()


@pytest.mark.parametrize("text", ["1 3\n", "1,3\n", "1、3\n", " 1;  3 \n", "１ ３\n"])
def test_numbers_are_read_as_people_separate_them(
    monkeypatch: pytest.MonkeyPatch, view: EditionView, text: str
) -> None:
    """By spaces, commas, semicolons, half or full width."""
    assert choose(typed(monkeypatch, text), view) == ("i01", "i03")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("6\n", UnknownInitiative),
        ("0\n", UnknownInitiative),
        ("-1\n", UnknownInitiative),
        ("two\n", UnknownInitiative),
        ("9999999999999999999\n", UnknownInitiative),
        ("1 1\n", RepeatedInitiative),
        ("1 2 3 4\n", TooManyChoices),
        ("\n", TooFewChoices),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    monkeypatch: pytest.MonkeyPatch, view: EditionView, text: str, refusal: type[Refusal]
) -> None:
    """Nothing is guessed and nothing trimmed."""
    with pytest.raises(refusal):
        choose(typed(monkeypatch, text), view)


def test_no_answer_is_no_choice(monkeypatch: pytest.MonkeyPatch, view: EditionView) -> None:
    """At the end of input nothing is chosen."""
    with pytest.raises(NothingTyped):
        choose(typed(monkeypatch, ""), view)
