"""One edition acted out on a running installation, from announcement to audited result."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from rich.console import Console

from cli.audit.audit import audit
from cli.audit.report import AuditReport
from cli.demo.desk import Desk
from cli.demo.live import LiveTally, shown
from cli.demo.officials import Officials, Secretariat
from cli.demo.polls import Polls
from cli.demo.script import Script
from cli.installation import Installation
from cli.progress import Silent
from shared.client.ballot_box import open_ballot_box
from shared.client.log_source import open_log
from shared.client.tally_board import TallyBoard, open_tally_board
from shared.edition.manifest import LogIdentity
from shared.edition.views import TallySnapshot
from shared.log.note import ED25519, Verifier

TALLY_LIMIT_S = 120.0
TALLY_LOOK_S = 0.1


class Outcome(Struct, frozen=True, kw_only=True):
    """What a demonstration ends with; `--json` prints exactly this.

    `accepted` and `refused` count ballots, `refused` by problem. `tied` are those whom the draw put
    in order. `ballots_per_second` covers the casting alone, in which the voters' own arithmetic
    takes part of the machine.
    """

    edition: str
    counts: dict[str, int]
    winners: tuple[str, ...]
    tied: tuple[str, ...]
    accepted: int
    refused: dict[str, int]
    audit: Literal["verified", "wrong"]
    ballots_per_second: float
    log_url: str
    log_vkey: str
    data: str


class TallyDiffers(Exception):
    """The tally service and the audit do not agree, or the tally did not get ready."""


class Performance(Struct, frozen=True, kw_only=True):
    """The outcome, the audit that it rests on, and the file with the last voter's receipt."""

    outcome: Outcome
    report: AuditReport
    receipt: Path


async def perform(
    installation: Installation,
    officials: Officials,
    script: Script,
    *,
    seats: int,
    seed: str | None,
    console: Console,
) -> Performance:
    """Act out the script; raises what its steps raise."""
    log_url = f"{installation.ballot_url}/log/{script.edition}"
    async with (
        open_ballot_box(installation.ballot_url) as box,
        open_tally_board(installation.tally_url) as board,
        open_log(log_url) as source,
    ):
        editions = await box.editions()
        log = LogIdentity(f"{editions.log_origin}/{script.edition}", editions.log_key)
        verifier = Verifier(log.origin, ED25519, log.key)
        desk = Desk(len(script.voters))
        secretariat = Secretariat(box, officials, log, verifier)
        console.print(f"announcing {script.edition}: {len(script.initiatives)} initiatives")
        await secretariat.open(script, desk, seats=seats)

        console.print(f"{len(script.voters)} voters get credentials and cast their ballots")
        polls = Polls(box, script.edition, verifier)
        began = time.perf_counter()
        async with shown(
            LiveTally(board, polls, script.initiatives, seats), script.edition, console
        ):
            await polls.run(desk.ballots(script))
        seconds = time.perf_counter() - began

        console.print("closing, recounting from the log, certifying")
        await secretariat.close(script.edition, desk)
        tied = await secretariat.certify(script.edition, source, seed)
        report = await audit(source, verifier=verifier, progress=Silent())
        await _compare(board, report)
    receipt = installation.data / "receipt.json"
    receipt.write_bytes(msgspec.json.format(msgspec.json.encode(polls.last_receipt)) + b"\n")
    outcome = Outcome(
        edition=script.edition,
        counts=report.counts or {},
        winners=report.winners,
        tied=tied,
        accepted=polls.accepted,
        refused=dict(polls.refused),
        audit=report.verdict,
        ballots_per_second=round(polls.accepted / seconds, 1),
        log_url=log_url,
        log_vkey=verifier.vkey,
        data=str(installation.data),
    )
    return Performance(outcome=outcome, report=report, receipt=receipt)


async def _compare(board: TallyBoard, report: AuditReport) -> None:
    """Raise unless the tally service comes to the same as the audit, once it is as far."""
    deadline = time.monotonic() + TALLY_LIMIT_S
    while True:
        snapshot = await board.snapshot(report.edition or "")
        if snapshot.status == "contradiction" or time.monotonic() > deadline:
            raise TallyDiffers(f"the tally is at {snapshot.size} entries, {snapshot.status}")
        if snapshot.size == report.size and snapshot.status == "verified":
            break
        await asyncio.sleep(TALLY_LOOK_S)
    if _counts(snapshot) != report.counts:
        raise TallyDiffers("the tally's counts are not those of the audit")


def _counts(snapshot: TallySnapshot) -> Mapping[str, int]:
    return {one.id: one.ballots for one in snapshot.counts or ()}
