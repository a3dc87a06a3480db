"""What can be judged only when the whole log was replayed: openings, eligibility, result."""

from collections.abc import Sequence

from cli.audit.evidence import Wrong
from cli.audit.inspection import as_wrong
from cli.audit.report import Check
from shared.edition.commands import ChannelIssuance
from shared.edition.errors import LogViolation
from shared.edition.replay import Replay
from shared.edition.state import EditionState


def check_openings(replay: Replay) -> Check:
    """Every ballot's choices are there if they ought to be public; raises `Wrong`."""
    state = replay.state
    if state is None or not state.openings_public:
        early = " (they can be read nevertheless: tell the operator)" if _readable(replay) else ""
        return Check("openings", "pending", f"choices are sealed until voting closes{early}")
    if replay.unopened is not None:
        why = "it is missing, and choices are public now"
        missing = LogViolation(replay.unopened, "opening", why)
        raise as_wrong(missing, replay.size)
    return Check("openings", "passed", f"all {replay.ballots} open the commitments in the log")


def check_eligibility(replay: Replay) -> Check:
    """Distinct voter keys <= credentials issued <= roll; raises `Wrong`."""
    state = replay.state
    if state is None or state.roll is None:
        return Check("eligibility", "pending", "the roll is not committed yet")
    if state.issued is not None and replay.voters > state.issued:
        raise _too_many(replay, f"{state.issued} credentials were issued")
    if state.roll.mode == "roll" and replay.voters > state.roll.size:
        raise _too_many(replay, f"the roll has {state.roll.size} people")
    if state.issued is None:
        return Check("eligibility", "pending", f"{replay.voters} voters; issuance is not reported")
    bound = f" <= {state.roll.size} on the roll" if state.roll.mode == "roll" else ""
    issued = f"{state.issued} issued{_by_channel(state.channels)}"
    return Check("eligibility", "passed", f"{replay.voters} voters <= {issued}{bound}")


def check_result(replay: Replay) -> Check:
    """Where the result stands. That a certificate is the recount was checked while replaying."""
    state, count = replay.state, replay.count()
    if state is None or count is None or not state.has_closed:
        return Check("result", "pending", _why_no_result(state))
    if state.certificate is not None:
        return Check("result", "passed", "the certificate says what the recount gives")
    tied = state.result(count.counts).tied
    if tied:
        return Check("result", "pending", f"tied for the last seats: {', '.join(tied)}")
    return Check("result", "pending", "counted; not certified yet")


def _by_channel(channels: Sequence[ChannelIssuance]) -> str:
    ways = {"phone": "by phone", "counter": "at a counter"}
    parts = ", ".join(f"{one.issued} {ways[one.channel]}" for one in channels)
    return f" ({parts})" if parts else ""


def _readable(replay: Replay) -> bool:
    return replay.ballots > 0 and replay.unopened is None


def _too_many(replay: Replay, limit: str) -> Wrong:
    why = f"{replay.voters} different voter keys cast ballots, and {limit}"
    return Wrong("eligibility", f"entries 0 to {replay.size - 1}", why)


def _why_no_result(state: EditionState | None) -> str:
    if state is None or state.phase in ("announced", "shortlisted", "rolled"):
        return "voting has not opened"
    if state.openings_public:
        return "voting is open; the counts are those so far"
    return "nothing to count yet: choices are sealed until voting closes"
