"""The status of the notify service for people: bars for announcements, tables for the rest."""

from datetime import timedelta
from typing import Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.printable import printable
from shared.notices.views import AnnouncementView, ChannelView, NotifyStatus, Trouble

_BAR_WIDTH: Final = 24


def shown(status: NotifyStatus) -> RenderableType:
    """Everything, the newest first."""
    parts: list[RenderableType] = [_announcements(status.announcements), _channels(status.channels)]
    if status.trouble:
        parts.append(_trouble(status.trouble))
    return Group(*parts)


def _announcements(views: tuple[AnnouncementView, ...]) -> RenderableType:
    if not views:
        return Text("尚无通知 Nothing was announced yet", style="dim")
    table = Table(title="通知 Announcements", title_justify="left", box=None, pad_edge=False)
    for column in ("edition", "milestone", "", "sent", "pending", "failed", "unknown", "dead"):
        numbers = column in ("sent", "pending", "failed", "unknown", "dead")
        table.add_column(column, justify="right" if numbers else "left")
    table.add_column("")
    for view in views:
        table.add_row(
            printable(view.edition),
            view.milestone,
            _bar(view),
            str(view.sent),
            str(view.pending),
            str(view.failed),
            Text(str(view.unknown), style="yellow" if view.unknown else ""),
            Text(str(view.dead), style="red" if view.dead else ""),
            _pace(view),
        )
    return table


def _bar(view: AnnouncementView) -> RenderableType:
    if view.skipped:
        return Text(f"skipped: {printable(view.reason)}", style="dim")
    done = view.total - view.pending
    return ProgressBar(total=max(view.total, 1), completed=done or view.finished, width=_BAR_WIDTH)


def _pace(view: AnnouncementView) -> str:
    if view.finished:
        return ""
    eta = "" if view.eta_s is None else f", ETA {timedelta(seconds=view.eta_s)}"
    return f"{view.rate:.0f}/s{eta}"


def _channels(views: tuple[ChannelView, ...]) -> RenderableType:
    table = Table(title="渠道 Channels", title_justify="left", box=None, pad_edge=False)
    for column in ("channel", "carried by", "subscriptions", "working"):
        table.add_column(column)
    for view in views:
        working = Text("yes", style="green") if view.working else Text("no", style="bold red")
        table.add_row(view.channel, printable(view.carrier), str(view.subscriptions), working)
    return table


def _trouble(troubles: tuple[Trouble, ...]) -> RenderableType:
    table = Table(
        title="未送达 Not sent (dead), or perhaps (unknown)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for column in ("message", "state", "channel", "about", "attempts", "when (UTC)", "reason"):
        table.add_column(column)
    for one in troubles:
        table.add_row(
            str(one.delivery),
            Text(one.state, style="red" if one.state == "dead" else "yellow"),
            one.channel,
            printable(f"{one.edition} {one.kind}" if one.edition else one.kind),
            str(one.attempts),
            f"{one.time:%Y-%m-%d %H:%M:%S}",
            printable(one.reason),
        )
    return table
