"""Replay: folds log entries and openings into a verified state and count. Tally and auditor alike.

Two steps. `inspection` checks entries by themselves. `Replay.fold` then takes inspected entries in
order: it hashes the tree, decides every milestone again, and counts. Both raise `LogViolation` with
the index at which the log is wrong; after that the replay is of no further use.

No I/O: whoever calls it fetches entries, checks checkpoint signatures, and stores what it wants to
keep. What is missing stays missing: without every opening there is no count.
"""

from collections.abc import MutableMapping, Sequence
from typing import NamedTuple

from shared.edition.commands import CertifyResult, DrawTieSeed
from shared.edition.decider import check_may_cast, decide, evolve
from shared.edition.errors import LogViolation, Refusal
from shared.edition.events import (
    EditionAnnounced,
    Milestone,
)
from shared.edition.inspection import Electorate, Inspected
from shared.edition.manifest import LogIdentity
from shared.edition.state import Count, EditionState, Head
from shared.log.frontier import Frontier


class CountedBallot(NamedTuple):
    """The ballot of a voter's key that counts; `choices` is None while its opening is sealed."""

    seq: int
    choices: tuple[str, ...] | None


class Replay:
    """The verified state of one edition's log up to `frontier.size` entries.

    `standings` maps a voter's key to the ballot that counts. A caller that keeps standings
    elsewhere puts those of the keys at hand into it before each `fold`; `voters` does not depend on
    how many are held. `unopened` is the index of the first ballot whose opening was not there.
    """

    def __init__(
        self,
        log: LogIdentity,
        *,
        state: EditionState | None = None,
        frontier: Frontier | None = None,
        openings: Frontier | None = None,
        counts: dict[str, int] | None = None,
        ballots: int = 0,
        voters: int = 0,
        unopened: int | None = None,
    ) -> None:
        self.log = log
        self.state = state
        self.frontier = frontier or Frontier.empty()
        self.openings = openings or Frontier.empty()
        self.counts = counts or {}
        self.ballots = ballots
        self.voters = voters
        self.unopened = unopened
        self.standings: MutableMapping[bytes, CountedBallot] = {}

    @property
    def size(self) -> int:
        """How many entries were folded."""
        return self.frontier.size

    @property
    def head(self) -> Head:
        """Size and root of what was folded."""
        return Head(self.frontier.size, self.frontier.root())

    @property
    def electorate(self) -> Electorate | None:
        """What the next entries are to be inspected with."""
        return Electorate.of(self.state) if self.state else None

    def count(self) -> Count | None:
        """The count, or None while an opening is missing."""
        if self.unopened is not None:
            return None
        return Count(
            counts=dict(self.counts),
            ballots=self.ballots,
            voters=self.voters,
            openings_root=self.openings.root(),
        )

    def fold(self, entries: Sequence[Inspected]) -> None:
        """Take the next entries, in order; raises `LogViolation`."""
        pending = 0
        for offset, entry in enumerate(entries):
            if entry.milestone is not None:
                self._hash(entries[pending:offset])
                pending = offset
                self._milestone(entry.milestone)
            else:
                self._ballot(self.frontier.size + offset - pending, entry)
        self._hash(entries[pending:])

    def _hash(self, entries: Sequence[Inspected]) -> None:
        self.frontier = self.frontier.extend([entry.leaf for entry in entries]).frontier
        self.openings = self.openings.extend([entry.opening_leaf for entry in entries]).frontier

    def _ballot(self, index: int, ballot: Inspected) -> None:
        if self.state is None:
            raise LogViolation(index, "ballot", "it was cast before the edition was announced")
        try:
            check_may_cast(self.state)
        except Refusal as error:
            raise LogViolation(index, "ballot", error.detail) from error
        before = self.standings.get(ballot.key)
        if before is None:
            self.voters += 1
        elif ballot.seq <= before.seq:
            raise LogViolation(
                index, "ballot", f"seq {ballot.seq} after seq {before.seq} of the same key"
            )
        self.ballots += 1
        self.standings[ballot.key] = CountedBallot(ballot.seq, ballot.choices)
        self._recount(index, before, ballot.choices)

    def _recount(
        self, index: int, before: CountedBallot | None, choices: tuple[str, ...] | None
    ) -> None:
        if choices is None:
            self.unopened = index if self.unopened is None else self.unopened
            return
        counts = self.counts
        for id_ in choices:
            counts[id_] += 1
        for id_ in before.choices or () if before else ():
            counts[id_] -= 1

    def _milestone(self, event: Milestone) -> None:
        index = self.frontier.size
        if isinstance(event, EditionAnnounced) and event.manifest.log != self.log:
            raise LogViolation(index, "EditionAnnounced", "it names another log than this one")
        self._decide_again(event, index)
        state = self.state = evolve(self.state, event, index)
        if state.phase == "shortlisted":
            self.counts = dict.fromkeys(state.order, 0)

    def _decide_again(self, event: Milestone, index: int) -> None:
        name = type(event).__name__
        try:
            relies_on_count = isinstance(event.signed.decoded(), DrawTieSeed | CertifyResult)
            if relies_on_count and self.unopened is not None:
                raise LogViolation(self.unopened, "opening", "it is missing, a result relies on it")
            decided = decide(
                self.state, event.signed, head=self.head, count=self.count(), time=event.time
            )
        except Refusal as error:
            raise LogViolation(index, name, f"{error.slug}: {error.detail}") from error
        if decided != event:
            raise LogViolation(index, name, "it does not say what the officers' command says")
