"""`huimin edition`: exit code 0 done, 1 refused or wrong, 2 usage, 3 could not read."""

import rich_click as click

from cli.edition.cosign import sign_command, submit_command
from cli.edition.look import list_command, show_command
from cli.edition.prepare import (
    announce,
    certify,
    close_voting,
    draw,
    issuance,
    open_voting,
    progress,
    roll,
    shortlist,
)


class InOrder(click.RichGroup):
    """A group that lists its commands in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group.list_commands`."""
        return list(self.commands)


@click.group("edition", cls=InOrder)
def edition() -> None:
    """Officers take an edition from its announcement to its certified result.

    Each step is a command that as many officers must sign as the manifest says. One prepares and
    signs it; if that is not enough, it is written to a file, to which the next one adds a signature
    with `sign`. All keys may also be given at once.

    Exit codes: 0 done, or prepared and waiting for signatures; 1 refused, or the evidence is wrong;
    2 usage; 3 could not read, or the outcome is not known.
    """


for command in (
    announce,
    shortlist,
    roll,
    open_voting,
    close_voting,
    issuance,
    draw,
    certify,
    progress,
    sign_command,
    submit_command,
    show_command,
    list_command,
):
    edition.add_command(command)
