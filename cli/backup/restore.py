"""A restore on one PostgreSQL server: loaded aside, verified, and put in place only then.

Databases are called `huimin_<service>_restoring` until every log was replayed and compared with
what was published. What a killed run left under those names is dropped by the next one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from cli.audit.audit import audit
from cli.audit.report import AuditReport
from cli.backup import store
from cli.backup.backup import ORDER, kilobytes
from cli.backup.database_log import DatabaseLog
from cli.backup.issuance import NotServable, RestoredIssuance, Voted, settle
from cli.backup.manifest import BackedUpDatabase, BackupManifest, BadBackup
from cli.backup.programs import Server, load
from cli.backup.published import Published, check_continues, check_sizes, published_at
from cli.backup.store import Connection, Head
from cli.progress import Progress
from cli.roles import SERVICES, database_role, owner_role
from shared.client.errors import CannotRead
from shared.client.log_key import choose_key, stated_checkpoint
from shared.client.log_source import LogSource, open_log
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.service.migrations import migrate, migrations_of

ASIDE: Final = "_restoring"


class NotEmpty(Exception):
    """The server has databases of an installation already; they are never overwritten."""


class RestoredLog(Struct, frozen=True, kw_only=True):
    """A log that was replayed from its first entry; `compared` names the copies that it continues.

    `vkey` is the key it was verified with: compare it with the one that the city published.
    """

    edition: str
    origin: str
    vkey: str
    phase: str
    size: int
    root: str
    ballots: int
    voters: int
    compared: tuple[str, ...]
    note: str


class Restored(Struct, frozen=True):
    """What is in place."""

    logs: tuple[RestoredLog, ...]
    issuance: tuple[RestoredIssuance, ...]


class Order(Struct, frozen=True, kw_only=True):
    """What was asked for, read and checked.

    `keys` are the published keys that are known, by origin. `mirrors` are where the logs are that a
    registrar without its ballots is compared with; `nothing_published`: other logs there are none.
    `accepted`: editions in which the registrar may go on although it may have forgotten somebody.
    """

    backup: Path
    manifest: BackupManifest
    published: tuple[Published, ...]
    mirrors: tuple[str, ...]
    nothing_published: bool
    accepted: tuple[str, ...]
    keys: dict[str, Verifier]
    progress: Progress

    @property
    def services(self) -> list[str]:
        """Those whose databases are in the backup."""
        return [one.service for one in self.manifest.databases]


async def restore(server: Server, order: Order) -> Restored:
    """Restore into databases that are not there yet, and return the logs, all verified.

    Raises `NotEmpty`, `NotServable`, `BehindPublished`, `BadBackup`, `ProgramFailed`, `CannotRead`
    and what `store.CONNECTION_LOST` names; then nothing is left in place.
    """
    _check_known(order.manifest)
    async with store.connected(server.url) as admin, store.only_restore(admin):
        for service in order.services:
            if await store.has_database(admin, database_role(service)):
                raise NotEmpty(
                    f"there is a database {database_role(service)} already. Restore on an empty"
                    " server, or give the old databases other names."
                )
        try:
            await _load(admin, server, order)
            logs = await _verified(server, order) if "ballot" in order.services else []
            issuance = await _settled(server, order, logs)
        except Exception:
            await _drop_aside(admin)
            raise
        await store.rename_databases(
            admin, {_aside(service): database_role(service) for service in order.services}
        )
    return Restored(tuple(logs), tuple(issuance))


def _check_known(manifest: BackupManifest) -> None:
    services = [one.service for one in manifest.databases]
    if not services or len(set(services)) < len(services) or set(services) - set(ORDER):
        raise BadBackup(f"the manifest has the databases of {services}, which cannot be")
    for one in manifest.databases:
        newest = migrations_of(SERVICES[one.service].package)[-1].number
        if one.migration > newest:
            raise BadBackup(
                f"the backup's {database_role(one.service)} is at migration {one.migration}, and"
                f" this version knows {newest}: restore with huimin {manifest.version} or later."
            )


async def _load(admin: Connection, server: Server, order: Order) -> None:
    await _drop_aside(admin)
    for one in order.manifest.databases:
        role, owner = database_role(one.service), owner_role(one.service)
        aside = _aside(one.service)
        await store.ensure_role(admin, owner, login=False)
        await store.ensure_role(admin, role, login=True)
        grants = [grant for grant in one.grants if grant.role == role]
        await store.make_database(admin, aside, owner, grants)
        file = order.backup / one.file
        size = max(1, file.stat().st_size // 1000)
        order.progress.begin(f"Restoring {role} (kB)", size)
        await load(server, aside, file, kilobytes(order.progress, size))
        await _migrate(server, one)


async def _migrate(server: Server, one: BackedUpDatabase) -> None:
    async with store.connected(server.database(_aside(one.service))) as connection:
        await store.become(connection, owner_role(one.service))
        await migrate(connection, SERVICES[one.service].package)


async def _verified(server: Server, order: Order) -> list[RestoredLog]:
    async with store.connected(server.database(_aside("ballot"))) as ballot:
        heads = await store.heads(ballot)
        check_sizes({head.origin: head.size for head in heads}, order.published)
        return [await _verify(ballot, head, order) for head in heads]


async def _verify(ballot: Connection, head: Head, order: Order) -> RestoredLog:
    """Compare first, because it is quick; then replay everything."""
    source = DatabaseLog(ballot, head.edition, head.note)
    verifier = await _key(source, head.note, order)
    checkpoint = open_checkpoint(head.note, verifier)
    compared = [one for one in order.published if one.origin == head.origin]
    for one in compared:
        await check_continues(source, head.edition, checkpoint, verifier, one)
    report = await _replayed(source, verifier, order)
    return RestoredLog(
        edition=head.edition,
        origin=head.origin,
        vkey=verifier.vkey,
        phase=report.phase or "",
        size=head.size,
        root=checkpoint.root.hex(),
        ballots=report.ballots,
        voters=report.voters,
        compared=tuple(one.where for one in compared),
        note=head.note.decode(),
    )


async def _settled(
    server: Server, order: Order, logs: Sequence[RestoredLog]
) -> Sequence[RestoredIssuance]:
    """What the registrar gives out from here on, if it is in the backup."""
    if "registrar" not in order.services:
        return []
    together = "ballot" in order.services
    here = {log.edition: Voted(log.phase, log.voters) for log in logs}
    voted = here if together else await _mirrored(order)
    async with store.connected(server.database(_aside("registrar"))) as registrar:
        await store.become(registrar, owner_role("registrar"))
        every_log = together or order.nothing_published
        return await settle(registrar, voted, order.accepted, every_log=every_log)


async def _mirrored(order: Order) -> Mapping[str, Voted]:
    """The editions in the mirrors' logs; where two have the same one, the longer log counts."""
    reports = []
    for location in order.mirrors:
        note = (await published_at(location)).note
        async with open_log(location) as source:
            reports.append(await _replayed(source, await _key(source, note, order), order))
    reports.sort(key=lambda report: report.size or 0)
    return {one.edition: Voted(one.phase or "", one.voters) for one in reports if one.edition}


async def _key(source: LogSource, note: bytes, order: Order) -> Verifier:
    try:
        known = order.keys.get(stated_checkpoint(note).origin)
        verifier = (await choose_key(source, note, known, None)).verifier
        open_checkpoint(note, verifier)
    except (LogFormatError, CannotRead) as error:
        raise NotServable(f"{source.location} is wrong at its head: {error}") from error
    return verifier


async def _replayed(source: LogSource, verifier: Verifier, order: Order) -> AuditReport:
    report = await audit(source, progress=order.progress, verifier=verifier)
    if report.violation is not None:
        where, why = report.violation.where, report.violation.why
        raise NotServable(f"{source.location} is wrong at {where}: {why}")
    return report


async def _drop_aside(admin: Connection) -> None:
    for service in ORDER:
        await store.drop_database(admin, _aside(service))


def _aside(service: str) -> str:
    return database_role(service) + ASIDE
