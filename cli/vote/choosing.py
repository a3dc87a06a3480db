"""Choosing from the shortlist: by number on a terminal, or by id, with a suggestion for a slip."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from cli.asking import Asker
from cli.edition.wording import titled
from shared.edition.ballot import BallotRules, check_choices
from shared.edition.errors import UnknownInitiative
from shared.edition.manifest import Initiative
from shared.edition.views import EditionView

SUGGESTIONS: Final = 3


def choose(asker: Asker, view: EditionView) -> tuple[str, ...]:
    """What somebody chooses from the shortlist, which is shown; raises `NothingTyped`."""
    titles = {one.id: one.title for one in view.initiatives}
    asker.say(f"候选事项 Shortlist, {view.manifest.title.zh} / {view.manifest.title.en}:")
    for number, one in enumerate(view.initiatives, 1):
        asker.say(f"{number:>4}  {titled(one.id, titles)}")
    least, most = view.manifest.min_choices, view.manifest.max_choices
    question = f"请选{least}至{most}项，输入序号 Choose {least} to {most} by number, such as 1 4 7"
    return asker.ask_until(question, lambda typed: _chosen(typed, view))


def suggest(choices: Sequence[str], initiatives: Sequence[Initiative]) -> None:
    """Raise `UnknownInitiative`, naming those that come near, if a choice is not listed."""
    titles = {one.id: one.title for one in initiatives}
    # What people type: an id in other letters, or a title.
    names = {one.id.casefold(): one.id for one in initiatives}
    names |= {one.title.en.casefold(): one.id for one in initiatives}
    names |= {one.title.zh: one.id for one in initiatives}
    for choice in choices:
        if choice not in titles:
            near = dict.fromkeys(
                names[name] for name in get_close_matches(choice.casefold(), names, n=SUGGESTIONS)
            )
            meant = "; ".join(titled(id_, titles) for id_ in near)
            hint = f"; did you mean {meant}?" if meant else ""
            raise UnknownInitiative(f"{choice!r} is not on the shortlist{hint}")


def _chosen(typed: str, view: EditionView) -> tuple[str, ...]:
    """The ids of the numbers in the text, by the edition's rules; raises a `Refusal`."""
    ids = [one.id for one in view.initiatives]
    chosen = []
    for word in re.findall(r"[^\s,;、，；]+", typed):
        number = int(word) if word.isdecimal() and len(word) < 10 else 0
        if not 1 <= number <= len(ids):
            raise UnknownInitiative(f"{word!r} is no number from 1 to {len(ids)}")
        chosen.append(ids[number - 1])
    manifest = view.manifest
    rules = BallotRules(frozenset(ids), manifest.min_choices, manifest.max_choices)
    check_choices(rules, chosen)
    return tuple(chosen)
