"""`huimin upgrade --check`: what stands between an installation and this version, and what to do.

Reads only: which migrations each database lacks and whether they may run while people vote,
whether a database is newer than this program, and whether the services that run are of this
version. Left out: doing it. `huimin migrate` does the first half, the deployment the second.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import asyncpg
import msgspec
import rich_click as click
from msgspec import Struct

from cli import exit_codes
from cli.database_roles import CannotSetUp, Connection
from cli.databases import connection, connection_to, explained
from cli.migrate import admin_url_option, read_secret, services_option
from cli.printable import printable
from cli.roles import SERVICES
from cli.upgrade_steps import Findings, Pending, Report, Running, Schema, steps
from shared.service.migrations import applied_migrations, foreign, migrations_of, missing
from shared.version import VERSION

HTTP_LIMIT_S = 5.0
MAX_DOCUMENT_BYTES = 4 << 20


@click.command("upgrade")
@click.option("--check", is_flag=True, help="Say what is to be done; nothing is changed.")
@admin_url_option(required=False)
@services_option
@click.option(
    "--secrets",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Directory with <service>.database-url, in place of the administrator's address.",
)
@click.option(
    "--running",
    "urls",
    multiple=True,
    help="Base URL of a service that runs; once for each process or replica.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def upgrade_command(
    check: bool,
    admin_url: str | None,
    services: Sequence[str],
    secrets: Path | None,
    urls: Sequence[str],
    as_json: bool,
) -> None:
    """Compare an installation with this version. 0: nothing to do; 1: do what it says."""
    if not check:
        raise click.UsageError("only --check is there: it says what to do, and you do it")
    if (admin_url is None) == (secrets is None):
        raise click.UsageError("give either --admin-url-file or --secrets")
    try:
        report = asyncio.run(_look(services, admin_url, secrets, urls))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--secrets") from error
    except CannotSetUp as error:
        click.echo(f"失败 Failed: {error}", err=True)
        sys.exit(exit_codes.CANNOT_READ)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        _show(report)
    sys.exit(exit_codes.WRONG if report.steps else exit_codes.OK)


async def _look(
    services: Sequence[str], admin_url: str | None, secrets: Path | None, urls: Sequence[str]
) -> Report:
    schemas = [await _schema(service, admin_url, secrets) for service in services]
    timeout = aiohttp.ClientTimeout(total=HTTP_LIMIT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        running = await asyncio.gather(*(_ask(session, url.rstrip("/")) for url in urls))
    findings = Findings(VERSION, tuple(schemas), tuple(running))
    return Report(findings, steps(findings))


async def _schema(service: str, admin_url: str | None, secrets: Path | None) -> Schema:
    known = migrations_of(SERVICES[service].package)
    try:
        async with _database(service, admin_url, secrets) as opened:
            applied = await applied_migrations(opened)
    except asyncpg.InvalidCatalogNameError:
        applied = {}  # there is no such database yet
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise explained(error, f"the database of {service} cannot be read") from error
    return Schema(
        service,
        tuple(Pending(one.name, one.online, one.why) for one in missing(known, applied)),
        tuple(foreign(known, applied)),
    )


def _database(
    service: str, admin_url: str | None, secrets: Path | None
) -> AbstractAsyncContextManager[Connection]:
    if admin_url is not None:
        return connection_to(admin_url, service)
    assert secrets is not None
    return connection(read_secret(secrets / f"{service}.database-url"))


class _Info(Struct):
    title: str
    version: str


class _Document(Struct):
    """What is read of a service's OpenAPI document, which says its version."""

    info: _Info


async def _ask(session: aiohttp.ClientSession, url: str) -> Running:
    try:
        async with session.get(f"{url}/schema/openapi.json") as answer:
            body = await answer.content.read(MAX_DOCUMENT_BYTES)
            while more := await answer.content.read(MAX_DOCUMENT_BYTES - len(body)):
                body += more
        document = msgspec.json.decode(body, type=_Document)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Running(url, None)
    return Running(url, document.info.version)


def _show(report: Report) -> None:
    for schema in report.findings.schemas:
        if not (schema.pending or schema.unknown):
            click.echo(f"{schema.service}: 数据库已是最新 the database is up to date")
        for one in schema.pending:
            safe = "投票期间可运行 during a vote" if one.online else "须先停止 not during a vote"
            click.echo(f"{schema.service}: 缺少 missing {one.name} - {safe}: {one.why}")
        for name in schema.unknown:
            click.echo(f"{schema.service}: 未知 unknown {printable(name)}")
    for service in report.findings.running:
        click.echo(f"{service.url}: {printable(service.version or '无应答 no answer')}")
    if not report.steps:
        click.echo(f"无需操作 Nothing to do for {report.findings.version}")
    for number, step in enumerate(report.steps, 1):
        click.echo(f"{number}. {printable(step.zh)}\n   {printable(step.en)}")
