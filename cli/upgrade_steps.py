"""What an upgrade finds, and what follows from it; pure, so that the order of steps is tested."""

from msgspec import Struct


class Pending(Struct, frozen=True):
    """A migration that the database lacks; `online`: it may run while people vote, and why."""

    name: str
    online: bool
    why: str


class Schema(Struct, frozen=True):
    """What a service's database lacks, and what it has that this version does not know."""

    service: str
    pending: tuple[Pending, ...] = ()
    unknown: tuple[str, ...] = ()


class Running(Struct, frozen=True):
    """A service that was asked; without a version it did not answer as one of ours."""

    url: str
    version: str | None


class Findings(Struct, frozen=True):
    """What was found, for this version of the program."""

    version: str
    schemas: tuple[Schema, ...] = ()
    running: tuple[Running, ...] = ()


class Step(Struct, frozen=True):
    """Something to do, in Chinese and in English."""

    zh: str
    en: str


class Report(Struct, frozen=True):
    """The findings and what to do, in this order; with nothing to do the upgrade is over."""

    findings: Findings
    steps: tuple[Step, ...]


def steps(findings: Findings) -> tuple[Step, ...]:
    """What to do: migrations first, because services go on with a newer schema; then restarts."""
    newer = ", ".join(one.service for one in findings.schemas if one.unknown)
    if newer:
        return (_use_another_version(newer),)
    found = []
    pending = [(schema.service, one) for schema in findings.schemas for one in schema.pending]
    if offline := [(service, one) for service, one in pending if not one.online]:
        names = ", ".join(f"{service}/{one.name}" for service, one in offline)
        found.append(_wait_for_the_close(names, ", ".join({service: 0 for service, _ in offline})))
    if pending:
        found += [_BACK_UP, _MIGRATE]
    if silent := ", ".join(one.url for one in findings.running if one.version is None):
        found.append(_see_logs(silent))
    others = [one for one in findings.running if one.version not in {None, findings.version}]
    if others:
        names = ", ".join(f"{one.url} ({one.version})" for one in others)
        found.append(_restart(findings.version, names))
    return tuple(found)


_BACK_UP = Step("先备份：huimin backup", "make a backup first: huimin backup")
_MIGRATE = Step(
    "运行迁移，其他服务不必停：huimin migrate --admin-url-file FILE",
    "run the migrations; services go on meanwhile: huimin migrate --admin-url-file FILE",
)


def _use_another_version(services: str) -> Step:
    zh = f"{services} 的数据库比本程序新：请改用迁移它的那个版本或更高版本"
    en = f"the databases of {services} are newer than this program: use the version that migrated"
    return Step(zh, f"{en} them, or a later one")


def _wait_for_the_close(migrations: str, services: str) -> Step:
    zh = f"{migrations} 不能在投票期间运行：等投票结束，并先停止 {services}"
    en = f"{migrations} may not run while people vote: wait for the close, and stop {services}"
    return Step(zh, en)


def _see_logs(urls: str) -> Step:
    return Step(f"{urls} 没有应答：请看其日志", f"{urls} did not answer: see the logs there")


def _restart(version: str, running: str) -> Step:
    zh = f"逐个换成 {version}，每个等到 /ready 为 200 再换下一个：{running}"
    en = f"replace by {version} one at a time, each until its /ready is 200 again: {running}"
    return Step(zh, en)
