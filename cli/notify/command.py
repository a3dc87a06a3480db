"""`huimin notify status`: how announcements proceed, and which messages are in trouble."""

import asyncio
import contextlib

import msgspec
import rich_click as click
from rich.console import Console
from rich.live import Live

from cli.desk import TokenFile
from cli.failures import failures
from cli.notify.display import shown
from shared.client.notify import Notify, open_notify

WATCH_S = 1.0


@click.group("notify")
def notify_group() -> None:
    """Announcements and messages of the notify service."""


@notify_group.command("status")
@click.option("--url", required=True, help="The notify service's base URL.")
@click.option(
    "--token-file",
    "token",
    type=TokenFile(),
    required=True,
    help="File with the token of the notify service's desk.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, no tables; one line each look.")
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
def notify_status(url: str, token: str, as_json: bool, watch: bool) -> None:
    """Show announcements with their progress, channels, and messages that were not sent.

    Messages are named by their number alone, never by an address. `dead` ones were given up;
    `unknown` ones were perhaps sent, and are not sent again.
    """
    with failures(as_json), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_status(url, token, as_json, watch))


async def _status(url: str, token: str, as_json: bool, watch: bool) -> None:
    async with open_notify(url, token=token) as notify:
        if not watch:
            await _show_once(notify, as_json)
        elif as_json:
            while True:
                await _show_once(notify, as_json)
                await asyncio.sleep(WATCH_S)
        else:
            with Live(console=Console(), auto_refresh=False) as live:
                while True:
                    live.update(shown(await notify.status()), refresh=True)
                    await asyncio.sleep(WATCH_S)


async def _show_once(notify: Notify, as_json: bool) -> None:
    status = await notify.status()
    if as_json:
        click.echo(msgspec.json.encode(status))
    else:
        Console().print(shown(status))
