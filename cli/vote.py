"""`huimin vote`: casts one ballot from a voter's file, prints and saves its receipt."""

import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec
import rich_click as click
from msgspec import Struct

from cli.edition.wording import titled
from cli.failures import failures
from cli.printable import printable
from shared.client.atomic_file import write_atomically
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.errors import CannotRead
from shared.client.known_logs import KnownLogs
from shared.client.served_log import identify_log, pin_key
from shared.client.voter import VoterFile, cast_vote, check_vote, load_voter, send_pending
from shared.edition.errors import UnknownInitiative
from shared.edition.manifest import Initiative
from shared.edition.views import EditionView, Receipt
from shared.log.tlog_proof import TlogProof

SUGGESTIONS: Final = 3


class Voted(Struct, frozen=True, kw_only=True):
    """What came of it, for programs; `resumed`: a ballot of an earlier run was sent first."""

    edition: str
    seq: int
    index: int
    resumed: bool
    receipt_file: str
    receipt: Receipt


@click.command("vote")
@click.option("--url", required=True, help="The ballot service's base URL.")
@click.option(
    "--voter",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="Your voter's file, with key and credential.",
)
@click.option("--choose", "choices", multiple=True, metavar="ID", help="May be repeated.")
@click.option(
    "--receipt",
    "receipt_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the receipt is saved; default: beside the voter's file, as .receipt.json.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def vote(
    url: str,
    file: Path,
    choices: tuple[str, ...],
    receipt_file: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Cast a ballot for the initiatives chosen. Voting again replaces your ballot.

    A ballot that an earlier run sent without getting its receipt is sent again first, unchanged: it
    counts once. Without --choose nothing else is sent.

    Exit codes: 0 cast, and its receipt verified; 1 refused, or the evidence is wrong; 2 usage;
    3 could not read: run it again.
    """
    receipt_file = receipt_file or file.with_suffix(".receipt.json")
    with failures(as_json):
        voter = load_voter(file)
        if voter.pending is None and not choices:
            raise click.UsageError("name what you choose with --choose ID, once for each")
        known = KnownLogs.of_user(os.environ)
        session = _Session(file, voter, known, yes=yes, as_json=as_json)
        receipt = asyncio.run(session.run(url, choices))
        write_atomically(receipt_file, msgspec.json.format(msgspec.json.encode(receipt)) + b"\n")
    voted = Voted(
        edition=receipt.edition,
        seq=session.voter.seq,
        index=receipt.index,
        resumed=session.resumed,
        receipt_file=str(receipt_file),
        receipt=receipt,
    )
    click.echo(msgspec.json.encode(voted) if as_json else _sentences(voted))


class _Session:
    """One run for one voter's file."""

    def __init__(
        self, file: Path, voter: VoterFile, known: KnownLogs, *, yes: bool, as_json: bool
    ) -> None:
        self.voter = voter
        self.resumed = False
        self._file = file
        self._known = known
        self._asks = sys.stdin.isatty() and not yes
        self._as_json = as_json

    async def run(self, url: str, choices: Sequence[str]) -> Receipt:
        """Send what is pending, then the new ballot unless it is the same; the last receipt."""
        async with open_ballot_box(url) as box:
            view = await box.edition(self.voter.edition)
            # Before anything is sent: no other server is to learn what was chosen.
            verifier = identify_log(view, self.voter.verifier, self._known).verifier
            sent = await self._resume(box, view)
            if choices and set(choices) != set(sent):
                await self._cast(box, view, choices)
        receipt = self.voter.receipt
        if receipt is None:
            raise AssertionError("a ballot was cast and has no receipt")
        pin_key(verifier, TlogProof.decode(receipt.proof.encode()).checkpoint, self._known)
        return receipt

    async def _resume(self, box: BallotBox, view: EditionView) -> Sequence[str]:
        """The choices of the pending ballot, which is then acknowledged; empty if none was."""
        pending = self.voter.pending
        if pending is None:
            return ()
        self._say("上次的选票未收到回执, 现原样重发 An earlier ballot has no receipt; sent again:")
        self._show(pending.choices, view)
        self.resumed = True
        await self._await_receipt(send_pending(box, self._file, self.voter))
        return pending.choices

    async def _cast(self, box: BallotBox, view: EditionView, choices: Sequence[str]) -> None:
        suggest(choices, view.initiatives)
        check_vote(self.voter, view, choices)
        again = ", 取代上次的选票 in place of your last ballot" if self.voter.seq else ""
        self._say(f"您的选择 You choose{again}:")
        self._show(choices, view)
        if self._asks:
            click.confirm("提交选票? Cast this ballot?", abort=True, err=True)
        await self._await_receipt(cast_vote(box, self._file, self.voter, view, choices))

    async def _await_receipt(self, casting: Coroutine[Any, Any, VoterFile]) -> None:
        try:
            self.voter = await casting
        except CannotRead as error:
            raise CannotRead(
                f"{error}. The ballot is kept in {self._file}: run this again, it counts once"
            ) from error

    def _show(self, choices: Sequence[str], view: EditionView) -> None:
        titles = {one.id: one.title for one in view.initiatives}
        for id_ in choices:
            self._say(f"  {titled(id_, titles)}")

    def _say(self, line: str) -> None:
        click.echo(printable(line), err=self._as_json)


def suggest(choices: Sequence[str], initiatives: Sequence[Initiative]) -> None:
    """Raise `UnknownInitiative`, naming those that come near, if a choice is not listed."""
    titles = {one.id: one.title for one in initiatives}
    # What people type: an id in other letters, or a title.
    names = {one.id.casefold(): one.id for one in initiatives}
    names |= {one.title.en.casefold(): one.id for one in initiatives}
    names |= {one.title.zh: one.id for one in initiatives}
    for choice in choices:
        if choice not in titles:
            near = dict.fromkeys(
                names[name] for name in get_close_matches(choice.casefold(), names, n=SUGGESTIONS)
            )
            meant = "; ".join(titled(id_, titles) for id_ in near)
            hint = f"; did you mean {meant}?" if meant else ""
            raise UnknownInitiative(f"{choice!r} is not on the shortlist{hint}")


def _sentences(voted: Voted) -> str:
    return (
        f"已投票 Cast: ballot {voted.seq} of your key is entry {voted.index} of the log of"
        f" {voted.edition!r}; the log's key signed that.\n"
        f"回执 Receipt: {voted.receipt_file}\n"
        f"  huimin receipt verify {voted.receipt_file}"
    )
