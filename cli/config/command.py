"""`huimin config`: check, show and describe what the services are told."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import rich_click as click

from cli.config.asking import Answer, NoAnswer, Wish, ask, describe
from cli.config.table import Language, table
from cli.exit_codes import OK, USAGE, WRONG
from cli.roles import SERVICES
from shared.service.settings_sources import CONFIG

_SERVICE = click.Choice([*SERVICES])


@click.group("config")
def config_group() -> None:
    """The services' settings, in this environment and the file that HUIMIN_CONFIG names."""


@config_group.command("check")
@click.argument("services", type=_SERVICE, nargs=-1, metavar="[SERVICE]...")
def config_check(services: Sequence[str]) -> None:
    """Say all that is wrong with the settings of these services, or of all.

    Nothing is started and no server asked. Exit codes: 0 every service could serve with its
    settings, 2 one could not, 1 one could not be asked.
    """
    for name in _nobodys(os.environ):
        click.echo(f"注意 Note: {name} 没有服务读取 is read by no service", err=True)
    answers = _answers(services or [*SERVICES], "check")
    for answer in answers:
        good = answer.exit_code == OK
        click.echo(f"{answer.service}: {'正确 good' if good else '有误 at fault'}")
        for fault in answer.faults:
            click.echo(f"  {fault}")
    sys.exit(_worst(answers))


@config_group.command("show")
@click.argument("service", type=_SERVICE)
def config_show(service: str) -> None:
    """Print a service's settings as TOML, with where each comes from, and without secrets."""
    (answer,) = _answers([service], "show")
    click.echo(answer.output, nl=False)
    for fault in answer.faults:
        click.echo(fault, err=True)
    sys.exit(_worst([answer]))


@config_group.command("table")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="The language of what is printed.",
)
@click.option(
    "--docs",
    type=click.Path(path_type=Path, file_okay=False),
    help="Print nothing, and write the pages of both languages below this directory.",
)
def config_table(language: Language, docs: Path | None) -> None:
    """Print the table of all settings with their meaning, as Markdown."""
    try:
        services = describe(os.environ)
    except NoAnswer as error:
        _fail(error)
    if docs is None:
        click.echo(table(services, language), nl=False)
        return
    languages: tuple[Language, ...] = ("en", "zh")
    for one in languages:
        page = docs / one / "reference" / "settings.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(table(services, one), encoding="utf-8")


def _answers(services: Sequence[str], wish: Wish) -> list[Answer]:
    try:
        return ask(services, wish, os.environ)
    except NoAnswer as error:
        _fail(error)


def _nobodys(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and belong to no service: slips of the pen, perhaps."""
    prefixes = tuple(f"HUIMIN_{service.upper()}_" for service in SERVICES)
    ours = (name for name in environment if name.startswith("HUIMIN_"))
    return sorted(name for name in ours if name != CONFIG and not name.startswith(prefixes))


def _worst(answers: Sequence[Answer]) -> int:
    codes = {answer.exit_code for answer in answers}
    if codes <= {OK}:
        return OK
    return USAGE if codes <= {OK, USAGE} else WRONG


def _fail(error: Exception) -> NoReturn:
    click.echo(f"失败 Failed: {error}", err=True)
    sys.exit(WRONG)
