"""One edition acted out on a running installation, from announcement to audited result."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
from msgspec import Struct
from rich.console import Console

from cli.audit.audit import audit
from cli.audit.report import AuditReport
from cli.demo.inbox import Inbox, open_inbox
from cli.demo.live import LiveTally, shown
from cli.demo.officials import Officials, Secretariat, key_of_new_log
from cli.demo.polls import Polls
from cli.demo.registration import (
    RegistrationOffice,
    await_issuing,
    commit_roll,
    hand_out_counter_codes,
    open_desk,
)
from cli.demo.residents import Resident, residents
from cli.demo.script import Script
from cli.installation import Installation
from cli.progress import Silent
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.log_source import LogSource, open_log
from shared.client.registrar import Registrar, open_registrar
from shared.client.registrar_desk import RegistrarDesk
from shared.client.tally_board import TallyBoard, open_tally_board
from shared.edition.views import TallySnapshot
from shared.eligibility.views import IssuanceReport
from shared.log.note import Verifier
from shared.processes import usable_cores, worker_pool

TALLY_LIMIT_S = 120.0
TALLY_LOOK_S = 0.1


class Outcome(Struct, frozen=True, kw_only=True):
    """What a demonstration ends with; `--json` prints exactly this.

    `issued` counts credentials by the way in which people were identified. `accepted` and `refused`
    count ballots, `refused` by problem. `tied` are those whom the draw put in order.
    `ballots_per_second` covers all that voters do, from asking for a code to the verified receipt,
    with their own arithmetic on the same machine.
    """

    edition: str
    counts: dict[str, int]
    winners: tuple[str, ...]
    tied: tuple[str, ...]
    issued: dict[str, int]
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


class _Services(NamedTuple):
    """The interfaces of everything that takes part."""

    box: BallotBox
    registrar: Registrar
    desk: RegistrarDesk
    inbox: Inbox
    board: TallyBoard
    source: LogSource


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
    people = residents(len(script.voters))
    async with _services(installation, log_url) as services:
        verifier = await key_of_new_log(services.box, script.edition)
        secretariat = Secretariat(services.box, officials, verifier)
        console.print(f"announcing {script.edition}: {len(script.initiatives)} initiatives")
        await secretariat.announce(script, seats=seats)
        console.print(f"the registrar commits to a roll of {len(people)}, and the vote opens")
        office = await _open(services, secretariat, script, people, verifier)
        console.print(f"{len(people)} voters ask for codes, get credentials and cast their ballots")
        polls = Polls(services.box, script.edition, verifier)
        view = LiveTally(services.board, polls, script.initiatives, seats)
        began = time.perf_counter()
        with worker_pool(usable_cores(), "cli.demo.voters") as pool:
            async with shown(view, script.edition, console):
                await polls.run(office.ballots(script, people, pool))
        seconds = time.perf_counter() - began
        console.print("closing, reporting issuance, recounting from the log, certifying")
        issuance = await _close(services, secretariat, script.edition)
        tied = await secretariat.certify(script.edition, services.source, seed)
        report = await audit(services.source, verifier=verifier, progress=Silent())
        await _compare(services.board, report)
    receipt = installation.data / "receipt.json"
    receipt.write_bytes(msgspec.json.format(msgspec.json.encode(polls.last_receipt)) + b"\n")
    outcome = Outcome(
        edition=script.edition,
        counts=report.counts or {},
        winners=report.winners,
        tied=tied,
        issued={one.channel: one.issued for one in issuance.channels},
        accepted=polls.accepted,
        refused=dict(polls.refused),
        audit=report.verdict,
        ballots_per_second=round(polls.accepted / seconds, 1),
        log_url=log_url,
        log_vkey=verifier.vkey,
        data=str(installation.data),
    )
    return Performance(outcome=outcome, report=report, receipt=receipt)


@asynccontextmanager
async def _services(installation: Installation, log_url: str) -> AsyncIterator[_Services]:
    async with (
        open_ballot_box(installation.ballot_url) as box,
        open_registrar(installation.registrar_url) as registrar,
        open_desk(installation) as desk,
        open_inbox(installation.notify_url) as inbox,
        open_tally_board(installation.tally_url) as board,
        open_log(log_url) as source,
    ):
        yield _Services(box, registrar, desk, inbox, board, source)


async def _open(
    services: _Services,
    secretariat: Secretariat,
    script: Script,
    people: Sequence[Resident],
    verifier: Verifier,
) -> RegistrationOffice:
    """Commit the edition to its roll, and open the vote."""
    edition, desk = script.edition, services.desk
    commitment = await commit_roll(desk, edition, people)
    await secretariat.open(edition, commitment)
    await await_issuing(services.registrar, edition, "open")
    return RegistrationOffice(
        registrar=services.registrar,
        inbox=services.inbox,
        vkey=verifier.vkey,
        issuer_key=commitment.issuer_key,
        counter_codes=await hand_out_counter_codes(desk, edition, people),
    )


async def _close(services: _Services, secretariat: Secretariat, edition: str) -> IssuanceReport:
    """Close the vote, and report how many credentials were issued."""
    await secretariat.close(edition)
    await await_issuing(services.registrar, edition, "closed")
    report = await services.desk.issuance_report(edition)
    await secretariat.report_issuance(edition, report)
    return report


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
