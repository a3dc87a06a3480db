"""A restore on one PostgreSQL server: loaded aside, verified, and put in place only then.

Databases are called `huimin_<service>_restoring` until every log was replayed and compared with
what was published. What a killed run left under those names is dropped by the next one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from cli.audit.audit import audit
from cli.backup import store
from cli.backup.backup import ORDER, kilobytes
from cli.backup.database_log import DatabaseLog
from cli.backup.manifest import BackedUpDatabase, BackupManifest, BadBackup
from cli.backup.programs import Server, load
from cli.backup.published import Published, check_continues, check_sizes
from cli.backup.store import Connection, Head
from cli.progress import Progress
from cli.roles import SERVICES, database_role, owner_role
from shared.client.errors import CannotRead
from shared.client.log_key import choose_key
from shared.log.checkpoint import open_checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.service.migrations import migrate, migrations_of

ASIDE: Final = "_restoring"


class NotEmpty(Exception):
    """The server has databases of an installation already; they are never overwritten."""


class NotServable(Exception):
    """What was restored does not hold: a log that is wrong, or a registrar behind its log."""


class RestoredLog(Struct, frozen=True, kw_only=True):
    """A log that was replayed from its first entry; `compared` names the copies that it continues.

    `vkey` is the key it was verified with: compare it with the one that the city published.
    """

    edition: str
    origin: str
    vkey: str
    size: int
    root: str
    ballots: int
    voters: int
    compared: tuple[str, ...]
    note: str


async def restore(
    server: Server,
    backup: Path,
    manifest: BackupManifest,
    published: Sequence[Published],
    keys: Mapping[str, Verifier],
    progress: Progress,
) -> Sequence[RestoredLog]:
    """Restore into databases that are not there yet, and return the logs, all verified.

    `keys` are the published keys that are known, by origin. Raises `NotEmpty`, `NotServable`,
    `BehindPublished`, `BadBackup`, `ProgramFailed` and what `store.CONNECTION_LOST` names;
    then nothing is left in place.
    """
    _check_known(manifest)
    services = [one.service for one in manifest.databases]
    async with store.connected(server.url) as admin, store.only_restore(admin):
        for service in services:
            if await store.has_database(admin, database_role(service)):
                raise NotEmpty(
                    f"there is a database {database_role(service)} already. Restore on an empty"
                    " server, or give the old databases other names."
                )
        try:
            await _load(admin, server, backup, manifest, progress)
            logs = await _verified(server, services, published, keys, progress)
        except Exception:
            await _drop_aside(admin)
            raise
        await store.rename_databases(
            admin, {_aside(service): database_role(service) for service in services}
        )
    return logs


async def check_registrar(registrar: Connection, log: RestoredLog) -> None:
    """Raise `NotServable` if fewer credentials are known in its database than people voted.

    A registrar that forgot credentials would issue them again, and people could vote twice.
    """
    issued = await store.credentials_issued(registrar, log.edition)
    if issued is not None and issued < log.voters:
        raise NotServable(
            f"the registrar in this backup issued {issued} credentials for {log.edition!r}, and"
            f" {log.voters} voted: it is behind, and would let people vote twice. Use a backup in"
            " which both are whole."
        )


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


async def _load(
    admin: Connection, server: Server, backup: Path, manifest: BackupManifest, progress: Progress
) -> None:
    await _drop_aside(admin)
    for one in manifest.databases:
        role, owner = database_role(one.service), owner_role(one.service)
        aside = _aside(one.service)
        await store.ensure_role(admin, owner, login=False)
        await store.ensure_role(admin, role, login=True)
        grants = [grant for grant in one.grants if grant.role == role]
        await store.make_database(admin, aside, owner, grants)
        file = backup / one.file
        size = max(1, file.stat().st_size // 1000)
        progress.begin(f"Restoring {role} (kB)", size)
        await load(server, aside, file, kilobytes(progress, size))
        await _migrate(server, one)


async def _migrate(server: Server, one: BackedUpDatabase) -> None:
    async with store.connected(server.database(_aside(one.service))) as connection:
        await store.become(connection, owner_role(one.service))
        await migrate(connection, SERVICES[one.service].package)


async def _verified(
    server: Server,
    services: Sequence[str],
    published: Sequence[Published],
    keys: Mapping[str, Verifier],
    progress: Progress,
) -> Sequence[RestoredLog]:
    if "ballot" not in services:
        return []
    async with store.connected(server.database(_aside("ballot"))) as ballot:
        heads = await store.heads(ballot)
        check_sizes({head.origin: head.size for head in heads}, published)
        logs = [
            await _verify(ballot, head, published, keys.get(head.origin), progress)
            for head in heads
        ]
    if "registrar" in services:
        async with store.connected(server.database(_aside("registrar"))) as registrar:
            for log in logs:
                await check_registrar(registrar, log)
    return logs


async def _verify(
    ballot: Connection,
    head: Head,
    published: Sequence[Published],
    key: Verifier | None,
    progress: Progress,
) -> RestoredLog:
    """Compare first, because it is quick; then replay everything."""
    source = DatabaseLog(ballot, head.edition, head.note)
    try:
        verifier = (await choose_key(source, head.note, key, None)).verifier
        checkpoint = open_checkpoint(head.note, verifier)
    except (LogFormatError, CannotRead) as error:
        raise NotServable(f"the log {head.edition!r} is wrong at its head: {error}") from error
    compared = [one for one in published if one.origin == head.origin]
    for one in compared:
        await check_continues(source, head.edition, checkpoint, verifier, one)
    report = await audit(source, progress=progress, verifier=verifier)
    if report.violation is not None:
        where, why = report.violation.where, report.violation.why
        raise NotServable(f"the log {head.edition!r} is wrong at {where}: {why}")
    return RestoredLog(
        edition=head.edition,
        origin=head.origin,
        vkey=verifier.vkey,
        size=head.size,
        root=checkpoint.root.hex(),
        ballots=report.ballots,
        voters=report.voters,
        compared=tuple(one.where for one in compared),
        note=head.note.decode(),
    )


async def _drop_aside(admin: Connection) -> None:
    for service in ORDER:
        await store.drop_database(admin, _aside(service))


def _aside(service: str) -> str:
    return database_role(service) + ASIDE
