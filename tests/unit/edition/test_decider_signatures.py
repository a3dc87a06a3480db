"""Who must have signed a command, and for which state of the log it was made."""

import pytest
from msgspec.structs import replace

from shared.edition.commands import (
    CloseVoting,
    OpenVoting,
    ReportProgress,
    SignedCommand,
    sign_command,
)
from shared.edition.decider import evolve
from shared.edition.errors import (
    BadCommand,
    SignatureMissing,
    SignatureWrong,
    StaleCommand,
    WrongPhase,
)
from tests.editions import OFFICERS, EditionBuilder
from tests.phases import REPORT, advanced, commands, decided, tie_draw, tied_edition


def test_a_double_signed_command_needs_two_officers() -> None:
    """Opening, closing, drawing and certifying, unless the manifest says otherwise."""
    for phase, name in (("rolled", "open"), ("open", "close"), ("issued", "certify")):
        builder = advanced(phase)
        with pytest.raises(SignatureMissing):
            decided(builder, commands(builder)[name], "first")
    builder = tied_edition()
    with pytest.raises(SignatureMissing):
        decided(builder, tie_draw(builder), "third")


@pytest.mark.parametrize("officers", [("first", "second"), ("third", "first"), ("second", "third")])
def test_any_two_officers_will_do(officers: tuple[str, str]) -> None:
    """In any order."""
    builder = advanced("rolled")
    assert (
        type(decided(builder, OpenVoting(**builder.base()), *officers)).__name__ == "VotingOpened"
    )


def test_other_commands_need_one_officer() -> None:
    """A shortlist, the roll, the issuance report and progress."""
    for phase, name in (("announced", "shortlist"), ("shortlisted", "roll"), ("closed", "issue")):
        builder = advanced(phase)
        decided(builder, commands(builder)[name], "third")


def test_the_manifest_may_ask_for_more_signatures_or_fewer() -> None:
    """Three for the shortlist, one for opening."""
    builder = EditionBuilder()
    rules = {"PublishShortlist": 3, "OpenVoting": 1}
    builder.manifest = replace(builder.manifest, signatures=rules)
    builder.announce()
    shortlist = commands(builder)["shortlist"]
    with pytest.raises(SignatureMissing):
        decided(builder, shortlist, "first", "second")
    event = decided(builder, shortlist, "first", "second", "third")
    builder.state = evolve(builder.state, event, 1)
    builder.append(event)
    builder.commit_roll()
    decided(builder, OpenVoting(**builder.base()), "second")


def test_an_officer_who_signs_twice_counts_once() -> None:
    """Two different officers are asked for."""
    builder = advanced("rolled")
    with pytest.raises(SignatureMissing):
        decided(builder, OpenVoting(**builder.base()), "first", "first")


@pytest.mark.parametrize("name", ["second", "nobody"])
def test_one_wrong_signature_spoils_the_right_ones(name: str) -> None:
    """By a wrong key in an officer's name, or of somebody whom the manifest does not name."""
    builder = advanced("rolled")
    signed = builder.signed(OpenVoting(**builder.base()), ["first", "third"])
    forged = sign_command(signed.command, name, OFFICERS["first"])
    with pytest.raises(SignatureWrong):
        decided(builder, replace(signed, signatures=(*signed.signatures, forged)))


def test_the_signatures_are_over_the_exact_bytes() -> None:
    """The same command spelt otherwise was not signed."""
    builder = advanced("rolled")
    signed = builder.signed(OpenVoting(**builder.base()))
    with pytest.raises(SignatureWrong):
        decided(builder, replace(signed, command=signed.command.replace(b":", b": ", 1)))


def test_bytes_that_are_no_command_are_refused() -> None:
    """Before anything is asked about their signatures."""
    with pytest.raises(BadCommand):
        decided(advanced("open"), SignedCommand(command=b"{}", signatures=()))


def test_ballots_may_arrive_while_officers_sign() -> None:
    """Any size since the last milestone will do: the ballots since then change no decision."""
    builder = advanced("open", votes=("i01",) * 5)
    for size in range(4, 10):
        decided(builder, replace(CloseVoting(**builder.base()), expected_size=size))


@pytest.mark.parametrize("size", [0, 3, 10, 2**53 - 1])
def test_a_command_for_before_the_last_milestone_or_beyond_the_head_is_stale(size: int) -> None:
    """The last milestone is at 3, and the log has nine entries."""
    builder = advanced("open", votes=("i01",) * 5)
    with pytest.raises(StaleCommand):
        decided(builder, replace(CloseVoting(**builder.base()), expected_size=size))


def test_a_command_that_was_carried_out_is_stale() -> None:
    """Progress may be reported again, but not by the same command."""
    builder = advanced("certified")
    signed = builder.signed(ReportProgress(initiative="i01", report=REPORT, **builder.base()))
    event = decided(builder, signed)
    builder.state = evolve(builder.state, event, len(builder.entries))
    builder.append(event)
    with pytest.raises(StaleCommand):
        decided(builder, signed)


def test_a_command_for_another_log_or_edition_is_stale() -> None:
    """Signed by the same officers for something else."""
    builder = advanced("rolled")
    command = OpenVoting(**builder.base())
    for change in ({"origin": "elsewhere.example/2027"}, {"edition": "2028"}):
        with pytest.raises(StaleCommand):
            decided(builder, replace(command, **change))


def test_an_announcement_in_a_log_that_has_entries_is_refused() -> None:
    """An edition is announced once."""
    builder = advanced("announced")
    with pytest.raises(WrongPhase):
        decided(builder, commands(builder)["announce"])
