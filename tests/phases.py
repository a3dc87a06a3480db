"""Editions taken to a phase, and what the decider says there: given, when, then."""

from collections.abc import Callable
from hashlib import sha256

from msgspec.structs import replace

from shared.edition.commands import (
    AnnounceEdition,
    CertifyResult,
    CloseVoting,
    Command,
    CommitRoll,
    DrawTieSeed,
    OpenVoting,
    PublishShortlist,
    ReportIssuance,
    ReportProgress,
    SignedCommand,
)
from shared.edition.credential import issuer_spki
from shared.edition.decider import decide
from shared.edition.events import Milestone
from shared.edition.manifest import Text
from tests.editions import ISSUER, TIME, EditionBuilder, issuer_key

PHASES = ("announced", "shortlisted", "rolled", "open", "closed", "issued", "drawn", "certified")
REPORT = Text(zh="已经开工", en="Work has begun")


def advanced(
    phase: str, *, seats: int = 2, votes: tuple[str, ...] = ("i01", "i02")
) -> EditionBuilder:
    """An edition that was taken to a phase; each vote is a voter for that initiative alone.

    `drawn` needs a tie for the last of two seats, so there the third initiative has a vote, too.
    """
    builder = EditionBuilder(seats=seats)
    if phase == "drawn":
        votes = ("i01", "i01", "i02", "i03")
    steps: tuple[Callable[[], None], ...] = (
        builder.announce,
        builder.publish_shortlist,
        builder.commit_roll,
        builder.open,
        builder.close,
        builder.report_issuance,
        builder.draw,
        builder.certify,
    )
    for step, reached in zip(steps, PHASES, strict=True):
        if reached == "drawn" and phase != "drawn":
            continue
        step()
        if reached == "open":
            for number, choice in enumerate(votes):
                builder.cast(number, [choice])
        if reached == phase:
            break
    return builder


def decided(builder: EditionBuilder, command: Command | SignedCommand, *officers: str) -> Milestone:
    """What the decider says to a command, signed by the first two officers or those named."""
    signed = command
    if not isinstance(signed, SignedCommand):
        signed = builder.signed(signed, officers or ("first", "second"))
    return decide(builder.state, signed, head=builder.head, count=builder.count(), time=TIME)


def commands(builder: EditionBuilder) -> dict[str, Command]:
    """One command of each kind, right in every way but perhaps the phase."""
    base, head = builder.base(), builder.head
    announced = EditionBuilder()
    announced.announce()
    announced.publish_shortlist()
    initiatives = announced.current.initiatives
    return {
        "announce": AnnounceEdition(manifest=builder.manifest, **base),
        "shortlist": PublishShortlist(initiatives=initiatives, **base),
        "roll": CommitRoll(
            size=100,
            root=sha256(b"roll").digest(),
            issuer_key=issuer_spki(issuer_key(ISSUER).public_key()),
            mode="roll",
            **base,
        ),
        "open": OpenVoting(**base),
        "close": CloseVoting(**base),
        "issue": ReportIssuance(issued=50, root=sha256(b"issued").digest(), **base),
        "draw": DrawTieSeed(seed="0" * 20, tied=("i02", "i03"), root=head.root, **base),
        "certify": CertifyResult(
            winners=("i01", "i02"),
            counts=dict(builder.count().counts),
            size=head.size,
            root=head.root,
            openings_root=builder.count().openings_root,
            **base,
        ),
        "progress": ReportProgress(initiative="i01", report=REPORT, **base),
    }


def tied_edition() -> EditionBuilder:
    """An edition before the draw: i01 is chosen, i02 and i03 are tied for the second seat."""
    return advanced("issued", votes=("i01", "i01", "i02", "i03"))


def tie_draw(builder: EditionBuilder, **changes: object) -> DrawTieSeed:
    """The draw that `tied_edition` needs, or one that is not quite it."""
    command = commands(builder)["draw"]
    assert isinstance(command, DrawTieSeed)
    return replace(command, **changes)
