"""What a demonstration is about: an election to act out, made up or read from a Pabulib file."""

import random
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
from msgspec import Struct

from shared.edition.manifest import Initiative, Text
from shared.pabulib import Election, parse_pb

REVOTE_SHARE = 0.05
SEED = 2013
"""The made-up voters choose the same in every run; 46,000 people voted in Huzhou that year."""


class Script(Struct, frozen=True, kw_only=True):
    """An election to act out: each voter's ballots, in the order in which they are cast."""

    edition: str
    title: Text
    initiatives: tuple[Initiative, ...]
    min_choices: int
    max_choices: int
    voters: Sequence[tuple[tuple[str, ...], ...]]


def made_up(voters: int) -> Script:
    """Thirty initiatives, and voters who prefer some of them; one in twenty votes again."""
    initiatives = _built_in_initiatives()
    chance = random.Random(SEED)  # noqa: S311 -- made-up preferences, not secrets
    weights = [chance.uniform(0.25, 1.0) for _ in initiatives]
    weights[0] = 1.4  # household registration won in 2013
    ids = [initiative.id for initiative in initiatives]

    def ballot() -> tuple[str, ...]:
        ranked = sorted(ids, key=lambda id_: chance.random() ** (1 / weights[ids.index(id_)]))
        return tuple(ranked[-chance.randint(3, 10) :])

    return Script(
        edition="demo",
        title=Text(zh="演示：惠民十大行动", en="Demonstration: ten actions for the people"),
        initiatives=initiatives,
        min_choices=1,
        max_choices=10,
        voters=[
            (ballot(), ballot()) if chance.random() < REVOTE_SHARE else (ballot(),)
            for _ in range(voters)
        ],
    )


def from_pabulib(file: Path) -> Script:
    """Each line of VOTES is a voter who casts exactly that ballot; raises `PabulibError`."""
    election = parse_pb(file.read_bytes(), file.name)
    return Script(
        edition=re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:63],
        title=Text(zh=f"演示：{file.stem}", en=f"Demonstration: {file.stem}"),
        initiatives=_initiatives_of(election),
        min_choices=max(1, election.min_length or 1),
        max_choices=election.max_length or len(election.projects),
        voters=[(ballot.choices,) for ballot in election.ballots],
    )


def _built_in_initiatives() -> tuple[Initiative, ...]:
    text = files("cli.demo").joinpath("initiatives.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[Initiative, ...])


def _initiatives_of(election: Election) -> tuple[Initiative, ...]:
    unit = election.meta.get("unit") or election.meta.get("country") or "-"
    currency = election.meta.get("currency", "")
    return tuple(
        Initiative(
            id=project.id,
            title=Text(zh=project.name, en=project.name),
            summary=Text(
                zh=f"费用 {project.cost} {currency}".strip(),
                en=f"Cost {project.cost} {currency}".strip(),
            ),
            department=Text(zh=unit, en=unit),
        )
        for project in election.projects
    )
