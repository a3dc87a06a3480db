"""The live view of a tally: on a terminal a table that moves, elsewhere a line now and then."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.demo.polls import Polls
from shared.client.errors import ClientError
from shared.client.tally_board import TallyBoard
from shared.edition.manifest import Initiative
from shared.edition.views import TallySnapshot

LOOK_EVERY_S = 0.5
LINE_EVERY_S = 2.0
SHOWN = 12
BAR_WIDTH = 32


class LiveTally:
    """Shows what the tally service says while ballots are cast."""

    def __init__(
        self, board: TallyBoard, polls: Polls, initiatives: tuple[Initiative, ...], seats: int
    ) -> None:
        self._board = board
        self._polls = polls
        self._titles = {one.id: one.title for one in initiatives}
        self._seats = seats

    async def follow(self, edition: str, console: Console) -> None:
        """Show snapshots until cancelled; a tally that is away for a moment is asked again."""
        with Live(console=console, auto_refresh=False, transient=True) as live:
            shown_at = 0.0
            while True:
                with suppress(ClientError):
                    snapshot = await self._board.snapshot(edition)
                    if console.is_terminal:
                        live.update(self._table(snapshot), refresh=True)
                    elif time.monotonic() - shown_at > LINE_EVERY_S:
                        shown_at = time.monotonic()
                        console.print(self._line(snapshot))
                await asyncio.sleep(LOOK_EVERY_S)

    def _line(self, snapshot: TallySnapshot) -> str:
        counts = _counts(snapshot)
        leading = max(counts, key=lambda id_: counts[id_], default="-")
        return (
            f"cast {self._polls.accepted}, tally counts {snapshot.ballots} ballots"
            f" ({snapshot.status}), ahead: {leading} with {counts.get(leading, 0)}"
        )

    def _table(self, snapshot: TallySnapshot) -> RenderableType:
        counts = _counts(snapshot)
        table = Table(
            title=f"已投 {self._polls.accepted} cast · 已计 {snapshot.ballots} counted"
            f" · {snapshot.voters} 人 voters · {snapshot.status}",
            title_justify="left",
        )
        for heading in ("#", "事项", "Initiative"):
            table.add_column(heading)
        table.add_column("票 Ballots", justify="right")
        table.add_column("", no_wrap=True, min_width=BAR_WIDTH)
        most = max([1, *counts.values()])
        ranked = sorted(counts, key=lambda id_: -counts[id_])
        for place, id_ in enumerate(ranked[:SHOWN], 1):
            colour = "green" if place <= self._seats else "dim"
            bar = Text("█" * round(BAR_WIDTH * counts[id_] / most), style=colour)
            title = self._titles[id_]
            table.add_row(str(place), title.zh, title.en, str(counts[id_]), bar)
        return table


@asynccontextmanager
async def shown(view: LiveTally, edition: str, console: Console) -> AsyncIterator[None]:
    """The view, for as long as the block lasts."""
    task = asyncio.create_task(view.follow(edition, console))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _counts(snapshot: TallySnapshot) -> Mapping[str, int]:
    return {one.id: one.ballots for one in snapshot.counts or ()}
