"""The `huimin` command."""

import rich_click as click

from cli.audit.command import audit_command
from cli.backup.command import backup_command
from cli.backup.restore_command import restore_command
from cli.bench.cast import bench_cast
from cli.config.command import config_group
from cli.counter.command import counter_group
from cli.demo.command import demo
from cli.doctor.command import doctor_command
from cli.edition.command import edition
from cli.export.command import export_command
from cli.issuance import issuance_group
from cli.migrate import migrate_command
from cli.notify.command import notify_group
from cli.officer import officer
from cli.receipt import receipt_group
from cli.roll.command import roll_group
from cli.secrets import secrets_command
from cli.up import up
from cli.upgrade import upgrade_command
from cli.vote.command import vote
from shared.version import VERSION


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="huimin")
def main() -> None:
    """惠民: a city's people choose ten things, and anyone can check the result.

    Exit codes of all commands: 0 done (an audit: verified), 1 it failed (an audit: the log is
    wrong), 2 usage, 3 could not read, 4 run it again with what you were asked for.
    """


@main.group()
def bench() -> None:
    """Measure, as ratios in one run."""


bench.add_command(bench_cast)
for command in (
    up,
    demo,
    edition,
    officer,
    vote,
    issuance_group,
    roll_group,
    counter_group,
    notify_group,
    audit_command,
    export_command,
    receipt_group,
    config_group,
    secrets_command,
    doctor_command,
    backup_command,
    restore_command,
    migrate_command,
    upgrade_command,
):
    main.add_command(command)
