"""All transitions of an edition: `decide(state, command)` to an event, `evolve` to the next state.

    announced -> shortlist published -> roll committed -> voting open -> voting closed
              -> issuance reported -> (tie seed drawn) -> certified -> progress reported ...

Pure: the log's head, the count, the standing of a voter's key and the time are arguments. The
ballot service decides with it before it appends; the replay decides again with it, so a log that
holds an illegal event is found out by whoever reads it.
"""

from datetime import datetime
from hashlib import sha256
from typing import assert_never

from msgspec.structs import replace

from shared.edition.commands import (
    COMMAND_NAMES,
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
    check_signatures,
)
from shared.edition.credential import BadIssuerKey, load_issuer_spki
from shared.edition.errors import (
    BadCertificate,
    BadIssuance,
    BadProgress,
    BadRoll,
    BadTieDraw,
    StaleCommand,
    StaleSeq,
    UnknownEdition,
    VotingNotOpen,
    WrongPhase,
)
from shared.edition.errors import VotingClosed as VotingHasClosed
from shared.edition.events import (
    EditionAnnounced,
    IssuanceReported,
    Milestone,
    ProgressReported,
    ResultCertified,
    RollCommitted,
    ShortlistPublished,
    TieSeedDrawn,
    VotingClosed,
    VotingOpened,
)
from shared.edition.manifest import (
    Manifest,
    check_initiatives,
    check_manifest,
)
from shared.edition.result import TieDraw
from shared.edition.state import Count, EditionState, Head, Phase, Roll, Standing


def decide(
    state: EditionState | None,
    signed: SignedCommand,
    *,
    head: Head,
    count: Count | None,
    time: datetime,
) -> Milestone:
    """The event that an officers' command leads to; raises a `Refusal` when it may not be.

    `count` is needed for `DrawTieSeed` and `CertifyResult` only: the caller's own count of the log
    up to `head`.
    """
    command = signed.decoded()
    manifest = _manifest(state, command)
    check_signatures(manifest, type(command).__name__, signed.command, signed.signatures)
    _check_freshness(state, command, manifest, head)
    return _transition(state, command, signed, head, count, time)


def check_may_cast(state: EditionState) -> None:
    """Raise unless ballots are accepted now."""
    if state.has_closed:
        raise VotingHasClosed(f"voting in {state.edition!r} has closed")
    if state.phase != "open":
        raise VotingNotOpen(f"{state.edition!r} is {state.phase}")


def check_supersedes(standing: Standing | None, seq: int) -> None:
    """Raise `StaleSeq` unless a ballot with this seq counts instead of the standing one."""
    if standing is not None and seq <= standing.seq:
        raise StaleSeq(f"seq {seq} was sent and the ballot with seq {standing.seq} counts")


def evolve(state: EditionState | None, event: Milestone, index: int) -> EditionState:
    """The state after `event`, which stands at `index` in the log."""
    if isinstance(event, EditionAnnounced):
        return EditionState(
            edition=event.edition,
            phase="announced",
            manifest=event.manifest,
            milestone_size=index + 1,
        )
    if state is None:
        raise AssertionError(f"{type(event).__name__} cannot be the first event")
    return _evolve(replace(state, milestone_size=index + 1), event)


def _evolve(state: EditionState, event: Milestone) -> EditionState:
    match event:
        case ShortlistPublished():
            return replace(state, phase="shortlisted", initiatives=event.initiatives)
        case RollCommitted():
            roll = Roll(
                size=event.size, root=event.root, issuer_key=event.issuer_key, mode=event.mode
            )
            return replace(state, phase="rolled", roll=roll)
        case VotingOpened():
            return replace(state, phase="open")
        case VotingClosed():
            return replace(state, phase="closed")
        case IssuanceReported():
            return replace(state, phase="issued", issued=event.issued, channels=event.channels)
        case TieSeedDrawn():
            draw = TieDraw(root=event.root, seed=event.seed)
            return replace(state, phase="drawn", draw=draw, tied=event.tied)
        case ResultCertified():
            return replace(state, phase="certified", certificate=event)
        case ProgressReported():
            return state
        case EditionAnnounced():
            raise AssertionError("an edition is announced once")
        case _:
            assert_never(event)


def _manifest(state: EditionState | None, command: Command) -> Manifest:
    """The manifest whose officers must have signed."""
    if isinstance(command, AnnounceEdition):
        if state is not None:
            raise WrongPhase(f"{state.edition!r} is announced already")
        check_manifest(command.manifest, COMMAND_NAMES)
        return command.manifest
    if state is None:
        raise UnknownEdition(f"{command.edition!r} has not been announced")
    return state.manifest


def _check_freshness(
    state: EditionState | None, command: Command, manifest: Manifest, head: Head
) -> None:
    """Raise `StaleCommand` unless the command was made for this log as it stands.

    Ballots may have arrived since the officers signed (they do while a vote is being closed), but
    no milestone: the size must lie between the one after the last milestone and the head.
    """
    if command.origin != manifest.log.origin or (state and command.edition != state.edition):
        raise StaleCommand(f"it was made for {command.edition!r} in the log {command.origin!r}")
    earliest = state.milestone_size if state else 0
    if not earliest <= command.expected_size <= head.size:
        raise StaleCommand(
            f"it expects log size {command.expected_size}; the last milestone ended at"
            f" {earliest} and the log has {head.size} entries"
        )


def _transition(
    state: EditionState | None,
    command: Command,
    signed: SignedCommand,
    head: Head,
    count: Count | None,
    time: datetime,
) -> Milestone:
    id_ = command.edition
    match command:
        case AnnounceEdition(manifest=manifest):
            return EditionAnnounced(edition=id_, time=time, signed=signed, manifest=manifest)
        case PublishShortlist(initiatives=initiatives):
            now = _require(state, command, "announced")
            check_initiatives(now.manifest, initiatives)
            return ShortlistPublished(
                edition=id_, time=time, signed=signed, initiatives=initiatives
            )
        case CommitRoll():
            _require(state, command, "shortlisted")
            _check_issuer_key(command)
            return RollCommitted(
                edition=id_,
                time=time,
                signed=signed,
                size=command.size,
                root=command.root,
                issuer_key=command.issuer_key,
                issuer_key_sha256=sha256(command.issuer_key).digest(),
                mode=command.mode,
            )
        case OpenVoting():
            _require(state, command, "rolled")
            return VotingOpened(edition=id_, time=time, signed=signed)
        case CloseVoting():
            _require(state, command, "open")
            return VotingClosed(edition=id_, time=time, signed=signed)
        case ReportIssuance(issued=issued, root=root):
            _check_issuance(_require(state, command, "closed"), command)
            return IssuanceReported(
                edition=id_,
                time=time,
                signed=signed,
                issued=issued,
                root=root,
                channels=command.channels,
            )
        case DrawTieSeed(seed=seed, tied=tied, root=root):
            _check_draw(_require(state, command, "issued"), command, head, count)
            return TieSeedDrawn(
                edition=id_, time=time, signed=signed, seed=seed, tied=tied, root=root
            )
        case CertifyResult():
            _check_certificate(_require(state, command, "issued", "drawn"), command, head, count)
            return ResultCertified(
                edition=id_,
                time=time,
                signed=signed,
                winners=command.winners,
                counts=command.counts,
                size=command.size,
                root=command.root,
                openings_root=command.openings_root,
            )
        case ReportProgress(initiative=initiative, report=report):
            _check_progress(_require(state, command, "certified"), initiative)
            return ProgressReported(
                edition=id_, time=time, signed=signed, initiative=initiative, report=report
            )
        case _:
            assert_never(command)


def _require(state: EditionState | None, command: Command, *phases: Phase) -> EditionState:
    if state is None:
        raise AssertionError("a command without an edition was let through")
    if state.phase not in phases:
        raise WrongPhase(
            f"{type(command).__name__} is possible when an edition is {' or '.join(phases)};"
            f" {state.edition!r} is {state.phase}"
        )
    return state


def _check_issuer_key(command: CommitRoll) -> None:
    try:
        load_issuer_spki(command.issuer_key)
    except BadIssuerKey as error:
        raise BadRoll(f"the issuer key: {error}") from error


def _check_issuance(state: EditionState, command: ReportIssuance) -> None:
    issued, channels = command.issued, command.channels
    if state.roll and state.roll.mode == "roll" and issued > state.roll.size:
        raise BadIssuance(f"{issued} issued to a roll of {state.roll.size}")
    if len({one.channel for one in channels}) < len(channels):
        raise BadIssuance("a channel is reported twice")
    if channels and sum(one.issued for one in channels) != issued:
        raise BadIssuance(f"the channels do not add up to the {issued} issued")


def _counted(count: Count | None) -> Count:
    if count is None:
        raise AssertionError("the caller must count the log before a draw or a certificate")
    return count


def _check_draw(state: EditionState, command: DrawTieSeed, head: Head, count: Count | None) -> None:
    result = state.result(_counted(count).counts)
    if not result.tied:
        raise BadTieDraw("there is no tie for the last seats, so nothing is drawn")
    if set(command.tied) != set(result.tied) or len(command.tied) != len(result.tied):
        raise BadTieDraw(f"tied are {', '.join(result.tied)}, not {', '.join(command.tied)}")
    if command.root != head.root:
        raise BadTieDraw(f"the root named is not that of the log at size {head.size}")


def _check_certificate(
    state: EditionState, command: CertifyResult, head: Head, count: Count | None
) -> None:
    counted = _counted(count)
    result = state.result(counted.counts)
    if result.tied:
        raise BadCertificate(f"{', '.join(result.tied)} are tied; draw before certifying")
    if (command.size, command.root) != (head.size, head.root):
        raise BadCertificate(f"size or root named is not that of the log at size {head.size}")
    if command.counts != dict(counted.counts):
        wrong = next(
            id_
            for id_ in {*command.counts, *counted.counts}
            if command.counts.get(id_) != counted.counts.get(id_)
        )
        raise BadCertificate(
            f"{wrong!r} has {counted.counts.get(wrong)} ballots, not {command.counts.get(wrong)}"
        )
    if command.winners != result.winners:
        raise BadCertificate(f"chosen are {', '.join(result.winners)}, in this order")
    if command.openings_root != counted.openings_root:
        raise BadCertificate("the openings root named is not that of the openings counted")


def _check_progress(state: EditionState, initiative: str) -> None:
    if state.certificate is None or initiative not in state.certificate.winners:
        raise BadProgress(f"{initiative!r} is not among the chosen")
