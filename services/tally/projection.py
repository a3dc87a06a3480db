"""What the tally knows of one edition, and how it is shown. Pure: nothing is read or stored here.

A projection is what one transaction saved: how far the log was verified and what was counted. It is
never changed; counting makes the next one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from services.tally.evidence import SignedHead
from shared.edition.manifest import LogIdentity
from shared.edition.replay import Replay
from shared.edition.state import EditionState
from shared.edition.views import (
    Contradiction,
    DrawView,
    InitiativeTally,
    ResultView,
    TallySnapshot,
)
from shared.log.frontier import Frontier


class StreamPosition(Struct, frozen=True):
    """The last message taken of a JetStream stream; `created` tells one stream from its rebuild."""

    created: datetime
    sequence: int


class Projection(Struct, frozen=True, kw_only=True):
    """The verified state of one edition's log up to `size` entries; see `Replay`.

    `head` is the newest checkpoint that was verified; when it is ahead of `size`, the entries below
    it are still to be read. `at_close` is set once an edition's sealed choices became public: from
    then on everything is counted again with the openings, and until that count has come as far,
    this is what is shown.
    """

    edition: str
    state: EditionState | None = None
    frontier: Frontier = Frontier.empty()
    openings: Frontier = Frontier.empty()
    counts: Mapping[str, int] = {}
    ballots: int = 0
    voters: int = 0
    unopened: int | None = None
    head: SignedHead | None = None
    position: StreamPosition | None = None
    at_close: TallySnapshot | None = None
    contradiction: Contradiction | None = None

    @property
    def size(self) -> int:
        """How many entries were verified and counted."""
        return self.frontier.size

    @property
    def head_size(self) -> int:
        """How many entries the log is known to have signed."""
        return self.head.size if self.head else 0

    @property
    def recounting(self) -> bool:
        """Whether the count with the openings has not yet come as far as the sealed one did."""
        return self.at_close is not None and self.size < self.at_close.size

    def openings_due(self, state: EditionState | None) -> bool:
        """Whether a ballot must come with its opening, once the log has led to `state`.

        A log that is counted again is known to be closed, whatever the fold has come to.
        """
        return self.at_close is not None or (state is not None and state.openings_public)

    def replay(self, log: LogIdentity) -> Replay:
        """A replay that goes on from here; folding into it leaves the projection as it is."""
        return Replay(
            log,
            state=self.state,
            frontier=self.frontier,
            openings=self.openings,
            counts=dict(self.counts),
            ballots=self.ballots,
            voters=self.voters,
            unopened=self.unopened,
        )

    def after(
        self, replay: Replay, head: SignedHead, position: StreamPosition | None
    ) -> "Projection":
        """What is known when `replay` has folded entries below `head`."""
        return replace(
            self,
            state=replay.state,
            frontier=replay.frontier,
            openings=replay.openings,
            counts=dict(replay.counts),
            ballots=replay.ballots,
            voters=replay.voters,
            unopened=replay.unopened,
            head=max(head, self.head or head, key=lambda one: one.size),
            position=position,
        )

    def begin_recount(self, at_close: TallySnapshot) -> "Projection":
        """Count from the first entry again, now with the openings."""
        return Projection(
            edition=self.edition, head=self.head, position=self.position, at_close=at_close
        )


def snapshot(now: Projection, *, known: int, current: bool, time: datetime) -> TallySnapshot:
    """How the projection is shown.

    `known` is the number of entries that the log is known to have; `current` says whether the log
    could be read lately, for otherwise nobody knows how many it has.
    """
    behind = max(known, now.head_size) - now.size
    status: Literal["verified", "catching-up"] = (
        "verified" if behind <= 0 and current else "catching-up"
    )
    if now.at_close is not None and now.recounting:
        shown = replace(now.at_close, behind=behind, status=status, time=time)
    else:
        shown = _counted(now, behind=max(0, behind), status=status, time=time)
    return contradicted(shown, now.contradiction) if now.contradiction else shown


def contradicted(shown: TallySnapshot, contradiction: Contradiction) -> TallySnapshot:
    """The same with the news that the log is wrong: no count or result is claimed any more."""
    return replace(
        shown, status="contradiction", counts=None, result=None, contradiction=contradiction
    )


def _counted(
    now: Projection, *, behind: int, status: Literal["verified", "catching-up"], time: datetime
) -> TallySnapshot:
    state = now.state
    return TallySnapshot(
        edition=now.edition,
        phase=state.phase if state else None,
        disclosure=state.manifest.disclosure if state else None,
        size=now.size,
        behind=behind,
        time=time,
        status=status,
        ballots=now.ballots,
        voters=now.voters,
        roll_size=state.roll.size if state and state.roll else None,
        counts=_counts(now),
        result=_result(now),
        checkpoint=now.head.note.decode() if now.head else "",
    )


def _counts(now: Projection) -> tuple[InitiativeTally, ...] | None:
    if now.state is None or now.unopened is not None or not now.openings_due(now.state):
        return None
    return tuple(InitiativeTally(id_, now.counts[id_]) for id_ in now.state.order)


def _result(now: Projection) -> ResultView | None:
    state = now.state
    if state is None or not state.has_closed or now.unopened is not None:
        return None
    result = state.result(now.counts)
    return ResultView(
        winners=result.winners,
        tied=result.tied,
        seats_open=result.seats_open,
        decided_by_draw=result.decided_by_draw,
        certified=state.certificate is not None,
        draw=DrawView(state.tied, state.draw.seed, state.draw.root) if state.draw else None,
    )
