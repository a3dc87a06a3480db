"""An edition as its milestones made it, and what a decision is taken on. Pure data.

How one state follows from another is in `decider.py`.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from shared.edition.ballot import BallotRules
from shared.edition.commands import ChannelIssuance
from shared.edition.events import ResultCertified
from shared.edition.manifest import EligibilityMode, Initiative, Manifest
from shared.edition.result import Result, TieDraw, tally_result

Phase = Literal[
    "announced", "shortlisted", "rolled", "open", "closed", "issued", "drawn", "certified"
]


class Head(Struct, frozen=True):
    """Size and root of the log just before the command would be carried out."""

    size: int
    root: bytes


class Count(Struct, frozen=True):
    """What the log says when it is counted up to its head; `counts` has every initiative."""

    counts: Mapping[str, int]
    ballots: int
    voters: int
    openings_root: bytes


class Roll(Struct, frozen=True):
    """Who may vote, and the key under which credentials verify (SPKI DER)."""

    size: int
    root: bytes
    issuer_key: bytes
    mode: EligibilityMode


class Standing(Struct, frozen=True):
    """The ballot of one voter's key that counts so far."""

    seq: int
    index: int
    commitment: bytes

    def is_repeated_by(self, seq: int, commitment: bytes) -> bool:
        """Whether that ballot is this very one, sent again."""
        return (seq, commitment) == (self.seq, self.commitment)


class EditionState(Struct, frozen=True, kw_only=True):
    """An edition as its milestones made it; ballots do not change it.

    `milestone_size` is the log size just after the last milestone.
    """

    edition: str
    phase: Phase
    manifest: Manifest
    milestone_size: int
    initiatives: tuple[Initiative, ...] = ()
    roll: Roll | None = None
    issued: int | None = None
    channels: tuple[ChannelIssuance, ...] = ()
    draw: TieDraw | None = None
    tied: tuple[str, ...] = ()
    certificate: ResultCertified | None = None

    @property
    def order(self) -> tuple[str, ...]:
        """Initiative ids in published order."""
        return tuple(initiative.id for initiative in self.initiatives)

    @property
    def ballot_rules(self) -> BallotRules:
        """What a ballot of this edition may name."""
        return BallotRules(
            ids=frozenset(self.order),
            min_choices=self.manifest.min_choices,
            max_choices=self.manifest.max_choices,
        )

    @property
    def openings_public(self) -> bool:
        """Whether anything that reveals a choice may leave the system."""
        return self.manifest.disclosure == "live" or self.has_closed

    @property
    def has_closed(self) -> bool:
        """Whether voting is over for good."""
        return self.phase in ("closed", "issued", "drawn", "certified")

    def result(self, counts: Mapping[str, int]) -> Result:
        """The result of these counts under this edition's rule and draw."""
        return tally_result(
            counts, self.order, self.manifest.seats, draw=self.draw, edition=self.edition
        )
