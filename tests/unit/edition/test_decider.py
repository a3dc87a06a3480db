"""An edition's transitions: given its milestones, when a command comes, then what follows."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.edition.commands import (
    CertifyResult,
    Command,
    DrawTieSeed,
)
from shared.edition.decider import check_may_cast, check_supersedes, decide, evolve
from shared.edition.errors import (
    Refusal,
    StaleSeq,
    UnknownEdition,
    VotingClosed,
    VotingNotOpen,
    WrongPhase,
)
from shared.edition.state import Count, EditionState, Head, Standing
from tests.editions import OFFICERS, TIME, EditionBuilder
from tests.phases import PHASES, advanced, commands, decided

POSSIBLE = {
    "announced": {"shortlist"},
    "shortlisted": {"roll"},
    "rolled": {"open"},
    "open": {"close"},
    "closed": {"issue"},
    "issued": {"draw", "certify"},
    "drawn": {"certify"},
    "certified": {"progress"},
}


@pytest.mark.parametrize("phase", PHASES)
def test_every_command_that_does_not_belong_to_the_phase_is_refused(phase: str) -> None:
    """Whatever is right about it."""
    builder = advanced(phase)
    for name, command in commands(builder).items():
        if name not in POSSIBLE[phase]:
            with pytest.raises(WrongPhase):
                decided(builder, command)


def test_an_edition_goes_through_its_phases_in_order() -> None:
    """From the announcement to the certificate, with a draw."""
    builder = advanced("drawn")
    seen = [builder.current.phase]
    builder.certify()
    seen.append(builder.current.phase)
    assert seen == ["drawn", "certified"]
    assert [advanced(phase).current.phase for phase in PHASES] == list(PHASES)


@pytest.mark.parametrize("name", ["shortlist", "open", "close", "certify", "progress"])
def test_nothing_but_an_announcement_begins_an_edition(name: str) -> None:
    """Without one there are no officers who could command."""
    command = commands(advanced("announced"))[name]
    with pytest.raises(UnknownEdition):
        decided(EditionBuilder(), command)


def test_an_event_says_what_the_command_says_and_embeds_its_very_bytes() -> None:
    """So an auditor can hold one against the other."""
    builder = advanced("shortlisted")
    signed = builder.signed(commands(builder)["roll"])
    event = decided(builder, signed)
    state = evolve(builder.state, event, 2)
    assert event.signed == signed
    assert state.roll is not None
    assert (state.roll.size, state.roll.mode, state.milestone_size) == (100, "roll", 3)


@pytest.mark.parametrize("phase", PHASES)
def test_ballots_may_be_cast_while_the_vote_is_open_and_not_else(phase: str) -> None:
    """And whoever comes too early learns something else than whoever comes too late."""
    state = advanced(phase).current
    refusal = {"open": None, "announced": VotingNotOpen, "shortlisted": VotingNotOpen}
    expected = refusal.get(phase, VotingNotOpen if phase == "rolled" else VotingClosed)
    if expected is None:
        check_may_cast(state)
    else:
        with pytest.raises(expected):
            check_may_cast(state)


@pytest.mark.parametrize("phase", PHASES)
def test_sealed_openings_become_public_with_the_close(phase: str) -> None:
    """Those of a live edition always are."""
    state = advanced(phase).current
    sealed = replace(state, manifest=replace(state.manifest, disclosure="at-close"))
    assert state.openings_public
    assert sealed.openings_public == (PHASES.index(phase) >= PHASES.index("closed"))


STANDING = Standing(seq=3, index=9, commitment=b"c" * 32)


def test_the_same_seq_and_commitment_again_is_a_repeat() -> None:
    """Which gets the same receipt."""
    assert STANDING.is_repeated_by(3, b"c" * 32)


@pytest.mark.parametrize(("seq", "commitment"), [(3, b"d"), (2, b"c"), (4, b"c")])
def test_another_seq_or_commitment_is_no_repeat(seq: int, commitment: bytes) -> None:
    """The same choices under a higher seq are a new ballot as well."""
    assert not STANDING.is_repeated_by(seq, commitment * 32)


@pytest.mark.parametrize(("standing", "seq"), [(None, 1), (STANDING, 4), (STANDING, 2**32 - 1)])
def test_a_first_ballot_or_a_higher_seq_supersedes(standing: Standing | None, seq: int) -> None:
    """Whatever it chooses."""
    check_supersedes(standing, seq)


@pytest.mark.parametrize("seq", [3, 2, 1])
def test_an_equal_or_lower_seq_is_stale(seq: int) -> None:
    """The ballot that counts stays."""
    with pytest.raises(StaleSeq):
        check_supersedes(STANDING, seq)


ORDER: dict[str | None, set[str]] = {
    None: {"announced"},
    "announced": {"shortlisted"},
    "shortlisted": {"rolled"},
    "rolled": {"open"},
    "open": {"closed"},
    "closed": {"issued"},
    "issued": {"drawn", "certified"},
    "drawn": {"certified"},
    "certified": {"certified"},
}
NAMES = ("announce", "shortlist", "roll", "open", "close", "issue", "draw", "certify", "progress")


class Machine:
    """An edition to which anything may be said; the count is made up, and may tie."""

    def __init__(self, counts: tuple[int, ...]) -> None:
        self.builder = EditionBuilder()
        self.counts = dict(zip(self.builder.ids, counts, strict=True))
        self.state: EditionState | None = None
        self.size = 0

    def say(self, name: str, officers: list[str], expected_size: int) -> None:
        """Have the command decided; on an event, go on with the state that it leads to."""
        head = Head(self.size, sha256(b"%d" % self.size).digest())
        count = Count(self.counts, 10, 10, openings_root=bytes(32))
        signed = self.builder.signed(self._command(name, head, expected_size), officers)
        event = decide(self.state, signed, head=head, count=count, time=TIME)
        self.state = evolve(self.state, event, self.size)
        self.size += 1

    def _command(self, name: str, head: Head, expected_size: int) -> Command:
        command = replace(TEMPLATES[name], expected_size=expected_size)
        result = self.state.result(self.counts) if self.state and self.state.order else None
        match command:
            case DrawTieSeed() if result:
                return replace(command, tied=result.tied, root=head.root)
            case CertifyResult() if result:
                return replace(
                    command,
                    winners=result.winners,
                    counts=self.counts,
                    size=head.size,
                    root=head.root,
                    openings_root=bytes(32),
                )
        return command


TEMPLATES = commands(EditionBuilder())

officers = st.lists(st.sampled_from(sorted(OFFICERS)), min_size=1, max_size=3, unique=True)
likely = st.sampled_from(NAMES)
attempts = st.lists(st.tuples(likely, officers, st.integers(-1, 1)), min_size=6, max_size=24)


@settings(max_examples=150, deadline=None)
@given(counts=st.tuples(*[st.integers(0, 2)] * 5), attempts=attempts)
def test_no_sequence_of_commands_leaves_the_order_of_the_phases(
    counts: tuple[int, ...], attempts: list[tuple[str, list[str], int]]
) -> None:
    """Whatever is said, in whatever order: an event is a legal step, a refusal leaves no trace.

    Between the attempts the one command that would be right is said as well, so that every phase
    is reached.
    """
    machine = Machine(counts)
    right_ones = iter(NAMES)
    for name, signers, off in attempts:
        attempt(machine, name, signers, machine.size + off)
        attempt(machine, next(right_ones, "progress"), ["first", "second"], machine.size)


def attempt(machine: Machine, name: str, signers: list[str], expected_size: int) -> None:
    """Say one thing, and hold the step that was taken against the order."""
    before = machine.state
    try:
        machine.say(name, signers, max(0, expected_size))
    except Refusal:
        assert machine.state is before
        return
    assert machine.state is not None
    assert machine.state.phase in ORDER[before.phase if before else None]
    assert machine.state.milestone_size == machine.size
