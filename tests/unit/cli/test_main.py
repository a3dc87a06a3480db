"""The `huimin` command finds its subcommands."""

import subprocess
import sys

import pytest
import rich_click as click
from click.testing import CliRunner

from cli.main import COMMANDS, main


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_where_it_is_said_to_be(name: str) -> None:
    """And has that name."""
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name


def test_help_lists_every_command() -> None:
    """In the order of the table."""
    shown = CliRunner().invoke(main, ["--help"]).output
    assert [name for name in COMMANDS if f" {name} " in shown] == list(COMMANDS)


def test_an_unknown_command_is_told() -> None:
    """With exit code 2."""
    result = CliRunner().invoke(main, ["no-such-command"])
    assert (result.exit_code, "no-such-command" in result.stderr) == (2, True)


def test_only_the_command_that_is_run_is_imported() -> None:
    """Others cost nothing: the PDF of counter codes, for one, takes long to import."""
    code = "import sys; from cli.main import main; "
    code += "main(['officer', '--help'], standalone_mode=False); "
    code += "sys.exit('cli.counter.sheets' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert run.returncode == 0
