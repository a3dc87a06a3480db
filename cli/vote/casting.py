"""Casting from a voter's file: first what an earlier run left pending, then the new ballot."""

from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import rich_click as click

from cli.edition.wording import titled
from cli.printable import printable
from cli.vote.choosing import suggest
from shared.client.ballot_box import BallotBox
from shared.client.casting import cast_vote, check_vote, send_pending
from shared.client.errors import CannotRead
from shared.client.voter import VoterFile
from shared.edition.views import EditionView


class Booth:
    """The ballot box for one voter; `resumed` says whether an earlier ballot was sent again."""

    def __init__(
        self, box: BallotBox, view: EditionView, file: Path, *, asks: bool, as_json: bool
    ) -> None:
        self.resumed = False
        self._box = box
        self._view = view
        self._file = file
        self._asks = asks
        self._as_json = as_json

    async def resume(self, voter: VoterFile) -> VoterFile:
        """The voter whose pending ballot, if there was one, is acknowledged."""
        if voter.pending is None:
            return voter
        self._say("上次的选票未收到回执，现原样重发 An earlier ballot has no receipt; sent again:")
        self._show(voter.pending.choices)
        self.resumed = True
        return await self._received(send_pending(self._box, self._file, voter))

    async def cast(self, voter: VoterFile, choices: Sequence[str]) -> VoterFile:
        """The voter who has cast a new ballot, after a confirmation if somebody is there."""
        suggest(choices, self._view.initiatives)
        check_vote(voter, self._view, choices)
        again = ", 取代上次的选票 in place of your last ballot" if voter.seq else ""
        self._say(f"您的选择 You choose{again}:")
        self._show(choices)
        if self._asks:
            click.confirm("提交选票? Cast this ballot?", abort=True, err=True)
        return await self._received(cast_vote(self._box, self._file, voter, self._view, choices))

    async def _received(self, casting: Coroutine[Any, Any, VoterFile]) -> VoterFile:
        try:
            return await casting
        except CannotRead as error:
            raise CannotRead(
                f"{error}. The ballot is kept in {self._file}: run this again, it counts once"
            ) from error

    def _show(self, choices: Sequence[str]) -> None:
        titles = {one.id: one.title for one in self._view.initiatives}
        for id_ in choices:
            self._say(f"  {titled(id_, titles)}")

    def _say(self, line: str) -> None:
        click.echo(printable(line), err=self._as_json)
