"""The `huimin` command. A subcommand is imported when it is asked for: a run needs one of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import rich_click as click

from shared.version import VERSION

COMMANDS: Final[Mapping[str, str]] = {
    "up": "cli.up:up",
    "demo": "cli.demo.command:demo",
    "edition": "cli.edition.command:edition",
    "officer": "cli.officer:officer",
    "vote": "cli.vote.command:vote",
    "issuance": "cli.issuance:issuance_group",
    "roll": "cli.roll.command:roll_group",
    "counter": "cli.counter.command:counter_group",
    "notify": "cli.notify.command:notify_group",
    "audit": "cli.audit.command:audit_command",
    "export": "cli.export.command:export_command",
    "receipt": "cli.receipt:receipt_group",
    "config": "cli.config.command:config_group",
    "secrets": "cli.secrets:secrets_command",
    "migrate": "cli.migrate:migrate_command",
    "upgrade": "cli.upgrade:upgrade_command",
    "doctor": "cli.doctor.command:doctor_command",
    "backup": "cli.backup.command:backup_command",
    "restore": "cli.backup.restore_command:restore_command",
    "bench": "cli.bench.command:bench",
}
"""Each command, and where it is: module and attribute."""


class OnDemand(click.RichGroup):
    """The commands of `COMMANDS`, in that order."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=OnDemand, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="huimin")
def main() -> None:
    """惠民: a city's people choose ten things, and anyone can check the result.

    Exit codes of all commands: 0 done (an audit: verified), 1 it failed (an audit: the log is
    wrong), 2 usage, 3 could not read, 4 run it again with what you were asked for.
    """
