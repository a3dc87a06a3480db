"""An audit from key to verdict. It writes nothing but the memory of a log that was verified."""

import time

from cli.audit.evidence import CheckName, Violation, Wrong
from cli.audit.head import check_not_behind, check_root, open_signed, pick_key
from cli.audit.reading import read_checkpoint
from cli.audit.report import AuditReport, Check
from cli.audit.roll import RollReferences, check_roll
from cli.audit.verdicts import check_eligibility, check_openings, check_result
from cli.audit.walk import Walk
from cli.audit.workers import inspectors
from cli.progress import Progress
from shared.client.known_logs import KnownLogs
from shared.client.log_key import LogKey
from shared.client.log_source import LogSource
from shared.edition.manifest import LogIdentity
from shared.edition.replay import Replay
from shared.edition.result import Result
from shared.log.checkpoint import Checkpoint
from shared.log.note import Verifier
from shared.log.tiles import tile_count
from shared.processes import usable_cores

_READ_AHEAD = 8


async def audit(
    source: LogSource,
    *,
    progress: Progress,
    verifier: Verifier | None = None,
    known: KnownLogs | None = None,
    jobs: int | None = None,
    roll: RollReferences | None = None,
) -> AuditReport:
    """Verify the whole log at `source` and recount it, with `jobs` processes (default: all cores).

    With `roll`, check that the log commits to these references.

    Raises `CannotRead` or `UnreadableMemory` if nothing can be said about the log.
    """
    started = time.perf_counter()
    case = _Case(source, progress, roll)
    violation = None
    try:
        await case.examine(verifier, known, jobs)
    except Wrong as wrong:
        violation = wrong.violation
        case.checks.append(Check(wrong.check, "failed", violation.why))
    return case.report(violation, time.perf_counter() - started)


class _Case:
    """What is known so far."""

    def __init__(self, source: LogSource, progress: Progress, roll: RollReferences | None) -> None:
        self.checks: list[Check] = []
        self._source = source
        self._progress = progress
        self._roll = roll
        self._key: LogKey | None = None
        self._checkpoint: Checkpoint | None = None
        self._replay: Replay | None = None

    async def examine(
        self, verifier: Verifier | None, known: KnownLogs | None, jobs: int | None
    ) -> None:
        """Everything, in order; raises `Wrong` at the first thing that is."""
        note = await read_checkpoint(self._source)
        key = self._key = await pick_key(self._source, note, verifier, known)
        checkpoint = self._checkpoint = open_signed(note, key)
        self._passed("checkpoint", f"{checkpoint.size} entries, signed by the log's key")
        past = key.known.checkpoint if key.known else None
        check_not_behind(past, checkpoint)
        identity = LogIdentity(key.verifier.name, key.verifier.public)
        walk = Walk(self._source, identity, checkpoint.size, past)
        self._replay = walk.replay
        await self._walk(walk, checkpoint.size, jobs)
        self._judge(walk, checkpoint, past)
        if known is not None:
            known.remember(key.verifier, note)

    async def _walk(self, walk: Walk, size: int, jobs: int | None) -> None:
        jobs = max(1, min(jobs or usable_cores(), tile_count(0, size)))
        self._progress.begin("Auditing entries", size)
        async with inspectors(jobs) as inspect_bundle:
            await walk.run(inspect_bundle, max(_READ_AHEAD, 3 * jobs), self._progress)

    def _judge(self, walk: Walk, checkpoint: Checkpoint, past: Checkpoint | None) -> None:
        replay = walk.replay
        others = replay.size - replay.ballots
        self._passed("entries", f"{replay.ballots} ballots and {others} other events are lawful")
        self._passed("tiles", f"{walk.tiles} hash tiles are those of the entries")
        check_root(checkpoint, replay.frontier.root())
        self._passed("root", checkpoint.root.hex())
        if past is None:
            self.checks.append(Check("history", "pending", "nothing remembered to compare with"))
        else:
            self._passed("history", f"continues the {past.size} entries verified last time")
        self.checks.append(check_openings(replay))
        if self._roll is not None:
            self.checks.append(check_roll(self._roll, replay.state))
        self.checks.append(check_eligibility(replay))
        self.checks.append(check_result(replay))

    def _passed(self, name: CheckName, detail: str) -> None:
        self.checks.append(Check(name, "passed", detail))

    def report(self, violation: Violation | None, seconds: float) -> AuditReport:
        """The report as of now."""
        key, checkpoint, replay = self._key, self._checkpoint, self._replay
        state = replay.state if replay else None
        count = replay.count() if replay and not violation else None
        counts = count.counts if count and state and state.openings_public else None
        result = state.result(counts) if counts and state and state.has_closed else Result(())
        return AuditReport(
            verdict="wrong" if violation else "verified",
            violation=violation,
            source=self._source.location,
            edition=state.edition if state else None,
            title=state.manifest.title if state else None,
            phase=state.phase if state else None,
            origin=key.verifier.name if key else None,
            vkey=key.verifier.vkey if key else None,
            key_source=key.source if key else None,
            size=checkpoint.size if checkpoint else None,
            root=checkpoint.root if checkpoint else None,
            openings_root=count.openings_root if count and counts else None,
            ballots=replay.ballots if replay else 0,
            voters=replay.voters if replay else 0,
            issued=state.issued if state else None,
            channels=state.channels if state else (),
            roll=state.roll.size if state and state.roll else None,
            counts={id_: counts[id_] for id_ in state.order} if counts and state else None,
            titles={one.id: one.title for one in state.initiatives} if state else {},
            winners=result.winners,
            tied=result.tied,
            certified=state is not None and state.certificate is not None,
            checks=tuple(self.checks),
            seconds=seconds,
        )
