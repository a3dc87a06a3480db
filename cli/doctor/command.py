"""`huimin doctor`: exit code 0 well, 1 something fails, 2 usage, 3 something could not be read."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import rich_click as click
from msgspec import Struct
from rich.console import Console

from cli.backup.addresses import read_line
from cli.backup.command import EXISTING_DIRECTORY, EXISTING_FILE
from cli.doctor.display import show
from cli.doctor.examination import examine
from cli.doctor.findings import Finding, exit_code
from cli.doctor.place import Place, embedded
from cli.progress import progress_on
from cli.roles import DASHBOARD, SERVICES
from cli.unreadable import report_unreadable
from shared.client.errors import CannotRead
from shared.version import VERSION


class Examination(Struct, frozen=True):
    """All findings, the worst first, of this version of the program."""

    version: str
    findings: tuple[Finding, ...]


class _NamedFile(click.ParamType[tuple[str, Path]]):
    """`NAME=FILE`, the file being there."""

    name = "name=file"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        """See `click.ParamType.convert`."""
        name, equals, file = str(value).partition("=")
        if not equals or name not in self._names:
            self.fail(f"give NAME=FILE; NAME is one of {', '.join(self._names)}", param, ctx)
        if not Path(file).is_file():
            self.fail(f"there is no file {file}", param, ctx)
        return name, Path(file)


@click.command("doctor")
@click.option("--data", type=EXISTING_DIRECTORY, help="The data directory that `huimin up` runs.")
@click.option("--ballot", metavar="URL", help="The ballot service, directly and not by the proxy.")
@click.option("--registrar", metavar="URL", help="The registrar.")
@click.option("--tally", metavar="URL", help="The tally service.")
@click.option("--notify", metavar="URL", help="The notify service.")
@click.option(
    "--database",
    "databases",
    type=_NamedFile(tuple(SERVICES)),
    multiple=True,
    metavar="SERVICE=FILE",
    help="File with the URL of a service's database, for its own role.",
)
@click.option(
    "--admin-url-file", type=EXISTING_FILE, help="File with the URL of PostgreSQL's administrator."
)
@click.option("--nats", metavar="URL", help="NATS, such as nats://nats:4222.")
@click.option(
    "--nkey-file",
    "nkeys",
    type=_NamedFile((*SERVICES, DASHBOARD)),
    multiple=True,
    metavar="USER=FILE",
    help="File with the nkey seed of a NATS user.",
)
@click.option("--nats-monitor", metavar="URL", help="NATS's monitoring endpoint.")
@click.option("--nats-config", type=EXISTING_FILE, help="NATS's configuration file.")
@click.option(
    "--checkpoints", type=EXISTING_DIRECTORY, multiple=True, help="Copies of checkpoints."
)
@click.option("--announcers", type=EXISTING_DIRECTORY, help="Public keys of who may announce.")
@click.option("--secrets", type=EXISTING_DIRECTORY, help="Directory of secret files.")
@click.option("--public", multiple=True, metavar="URL", help="A public https address.")
@click.option(
    "--time-from",
    multiple=True,
    metavar="URL",
    help="Compare this machine's clock with this server's, such as a mirror's.",
)
@click.option(
    "--ca-file", type=EXISTING_FILE, help="Trust these authorities in place of public ones."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def doctor_command(
    data: Path | None,
    databases: Sequence[tuple[str, Path]],
    admin_url_file: Path | None,
    nats: str | None,
    nkeys: Sequence[tuple[str, Path]],
    nats_monitor: str | None,
    nats_config: Path | None,
    checkpoints: tuple[Path, ...],
    announcers: Path | None,
    secrets: Path | None,
    public: tuple[str, ...],
    time_from: tuple[str, ...],
    ca_file: Path | None,
    as_json: bool,
    **services: str | None,
) -> None:
    """Say what is wrong with a running installation, and what to do about it.

    With --data all of an embedded installation is looked at; what else is named is looked at
    instead or besides. What is not named is not checked, and that is said. Nothing is changed.

    Exit codes: 0 nothing fails, 1 something does, 2 usage, 3 something named could not be read.
    """
    try:
        place = embedded(data) if data else Place()
        named = Place(
            embedded=place.embedded,
            services={**place.services, **{one: url for one, url in services.items() if url}},
            databases={**place.databases, **_read(databases)},
            admin_url=read_line(admin_url_file) if admin_url_file else place.admin_url,
            nats_url=nats or place.nats_url,
            nkeys={**place.nkeys, **dict(nkeys)},
            nats_config=nats_config or place.nats_config,
            nats_monitor=nats_monitor,
            checkpoints=(*place.checkpoints, *checkpoints),
            announcers=announcers or place.announcers,
            secrets=secrets or place.secrets,
            data=place.data,
            public=public,
            time_from=time_from,
            authorities=ca_file,
        )
    except CannotRead as error:
        report_unreadable(error, as_json)
    if named == Place():
        raise click.UsageError("Name something to look at: --data DIR, or the parts one by one.")
    with progress_on(sys.stderr) as progress:
        findings = asyncio.run(examine(named, progress))
    if as_json:
        click.echo(msgspec.json.encode(Examination(VERSION, tuple(findings))))
    else:
        show(findings, Console())
    sys.exit(exit_code(findings))


def _read(files: Sequence[tuple[str, Path]]) -> Mapping[str, str]:
    return {name: read_line(file) for name, file in files}
