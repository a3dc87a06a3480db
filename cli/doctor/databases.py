"""PostgreSQL: schema, durability, clock and rights, seen with each service's own role."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

from cli.doctor import clocks, rights, store
from cli.doctor.findings import Finding, Said, fail, not_asked, ok, warn
from cli.doctor.place import Place
from cli.doctor.store import Connection
from cli.roles import SERVICES, database_role
from shared.service.migrations import applied_migrations, foreign, migrations_of, missing

Look: TypeAlias = Callable[[Connection], Awaitable[list[Finding]]]

DURABLE: Final[Mapping[str, Said]] = {
    "fsync": Said(
        "断电会损坏数据库，已确认的选票会丢失",
        "a power cut corrupts the database, and acknowledged ballots are lost",
    ),
    "full_page_writes": Said(
        "断电时写了一半的页无法修复",
        "a page that was half written in a power cut cannot be repaired",
    ),
}


async def check(place: Place) -> list[Finding]:
    """Look at every database that was named, and at the server once."""
    findings: list[Finding] = []
    if not place.databases:
        findings.append(not_asked("permissions", "--database"))
    if place.admin_url is None:
        findings.append(not_asked("postgresql-standby", "--admin-url-file"))
    else:
        findings += await _look("PostgreSQL", place.admin_url, partial(_server, place=place))
    for service, url in place.databases.items():
        subject = database_role(service)
        findings += await _look(subject, url, partial(_database, service=service))
    return findings


async def _look(subject: str, url: str, look: Look) -> list[Finding]:
    try:
        async with store.connected(url) as connection:
            return await look(connection)
    except store.CONNECTION_LOST as error:
        # A URL that is none is quoted in some errors, and may hold a password.
        why = type(error).__name__ if isinstance(error, ValueError) else str(error)
        return [
            fail(
                "databases",
                subject,
                Said("无法连接数据库", "the database cannot be used"),
                why or type(error).__name__,
                Said(
                    "检查 PostgreSQL 是否在运行，以及地址和口令文件",
                    "see whether PostgreSQL runs, and whether address and password are right",
                ),
            )
        ]


async def _server(connection: Connection, place: Place) -> list[Finding]:
    """What an administrator sees."""
    now = await store.settings(connection)
    findings = [*durability(now, await store.overrides(connection)), await _clock(connection)]
    standbys = now["synchronous_standby_names"]
    if place.embedded:
        said = Said("单机安装：请经常备份", "one machine by design: take backups")
        return [*findings, ok("postgresql-standby", "PostgreSQL", said)]
    if not standbys:
        said = Said("没有同步备库", "there is no synchronous standby")
        next_ = Said(
            "这台服务器的磁盘坏了，选票就丢了：加一台同步备库",
            "if this server's disk dies, ballots are lost: add a synchronous standby",
        )
        return [*findings, warn("postgresql-standby", "PostgreSQL", said, "", next_)]
    count = await store.sync_standbys(connection)
    if not count:
        said = Said("同步备库没有连接", "no synchronous standby is connected")
        next_ = Said(
            "没有它，提交会一直等待：查看备库", "without one every commit waits: see to the standby"
        )
        return [*findings, fail("postgresql-standby", "PostgreSQL", said, standbys, next_)]
    said = Said(f"同步备库: {count}", f"synchronous standbys: {count}")
    return [*findings, ok("postgresql-standby", "PostgreSQL", said, standbys)]


async def _database(connection: Connection, service: str) -> list[Finding]:
    subject = database_role(service)
    schema = await _schema(connection, service)
    now = await store.settings(connection)
    size = await store.database_bytes(connection)
    return [
        schema,
        *[
            finding
            for finding in durability(now, [], subject)
            if finding.level != "ok" or finding.check == "postgresql-fsync"
        ],
        await _clock(connection, subject),
        *await rights.check(connection, service),
        ok("disk", subject, Said("数据库大小", "size of the database"), f"{size / 1e6:.1f} MB"),
    ]


async def _schema(connection: Connection, service: str) -> Finding:
    subject = database_role(service)
    known = migrations_of(SERVICES[service].package)
    applied = await applied_migrations(connection)
    if unknown := foreign(known, applied):
        return fail(
            "versions",
            subject,
            Said("数据库比本程序新", "the database is newer than this program"),
            ", ".join(unknown),
            Said("改用更新它的那个版本", "use the version that migrated it, or a later one"),
        )
    if lacking := missing(known, applied):
        return fail(
            "versions",
            subject,
            Said("数据库缺少迁移", "the database lacks migrations"),
            ", ".join(one.name for one in lacking),
            Said("运行 huimin upgrade --check", "run huimin upgrade --check"),
        )
    return ok("versions", subject, Said("数据库结构是本版本的", "the schema is this version's"))


async def _clock(connection: Connection, subject: str = "PostgreSQL") -> Finding:
    before = time.time()
    there = await store.clock(connection)
    return clocks.compare(subject, there, before, time.time())


def durability(
    now: Mapping[str, str], overrides: Sequence[str], subject: str = "PostgreSQL"
) -> list[Finding]:
    """Whether what is acknowledged survives; `overrides` are settings of roles. Pure."""
    return [
        *(_must_be_on(name, now[name], subject) for name in DURABLE),
        _commit(now["synchronous_commit"], overrides, subject, now["synchronous_standby_names"]),
        _wal_level(now["wal_level"], subject),
        _checksums(now["data_checksums"], subject),
    ]


def _must_be_on(name: str, value: str, subject: str) -> Finding:
    check = f"postgresql-{name.replace('_', '-')}"
    if value == "on":
        return ok(check, subject, Said(f"{name} 已打开", f"{name} is on"))
    next_ = Said(
        f"在 postgresql.conf 和命令行中设 {name} = on, 重新加载",
        f"set {name} = on in postgresql.conf and on the command line, and reload",
    )
    evidence = f"{name} = {value}: {DURABLE[name].en}"
    return fail(check, subject, Said(f"{name} 关闭: {DURABLE[name].zh}", evidence), evidence, next_)


def _commit(value: str, overrides: Sequence[str], subject: str, standbys: str) -> Finding:
    check = "postgresql-synchronous-commit"
    bad = [one for one in overrides if one.endswith((": off", ": local", ": remote_write"))]
    weak = value == "off" or (standbys and value in ("local", "remote_write"))
    if not weak and not bad:
        said = Said("提交在落盘之后才确认", "a commit is on disk before it is acknowledged")
        return ok(check, subject, said, f"synchronous_commit = {value}")
    said = Said(
        "提交在落盘之前就确认", "commits are acknowledged before they are where they should be"
    )
    next_ = Said(
        "设 synchronous_commit = on, 并撤销角色和数据库上的设置: ALTER ROLE ... RESET",
        "set synchronous_commit = on, and take back what roles and databases set:"
        " ALTER ROLE ... RESET synchronous_commit",
    )
    evidence = "; ".join([f"synchronous_commit = {value}", *bad])
    return fail(check, subject, said, evidence, next_)


def _wal_level(value: str, subject: str) -> Finding:
    check = "postgresql-wal-level"
    if value != "minimal":
        said = Said("可以有备库和归档", "standbys and archives are possible")
        return ok(check, subject, said, f"wal_level = {value}")
    said = Said("不能有备库和归档", "standbys and archives are impossible")
    next_ = Said("设 wal_level = replica, 重新启动", "set wal_level = replica, and restart")
    return warn(check, subject, said, f"wal_level = {value}", next_)


def _checksums(value: str, subject: str) -> Finding:
    check = "postgresql-checksums"
    if value == "on":
        said = Said("数据页有校验和", "data pages have checksums")
        return ok(check, subject, said)
    said = Said("数据页没有校验和", "data pages have no checksums")
    next_ = Said(
        "停机后运行 pg_checksums --enable", "stop the server and run pg_checksums --enable"
    )
    return warn(check, subject, said, f"data_checksums = {value}", next_)
