"""What each role may do, by the catalog, against what the migrations give it (`expected.json`).

A test compares the file with an installation that was just made. After a migration that grants or
revokes, `python -m tests.integration.operation.expected` writes it anew.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from cli.doctor import store
from cli.doctor.findings import Finding, Said, fail, ok
from cli.doctor.store import Connection
from cli.roles import database_role, owner_role

SHOWN = 6


@cache
def expected() -> Mapping[str, Sequence[str]]:
    """The rights in each service's database, those of owners and administrators left out."""
    text = files("cli.doctor").joinpath("expected.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, list[str]])


async def check(connection: Connection, service: str) -> list[Finding]:
    """Everything about the roles of a service, in its database."""
    role, owner = database_role(service), owner_role(service)
    findings = [await _role(connection, role), await _owner(connection, owner)]
    findings.append(_rights(role, await store.rights(connection), set(expected()[service])))
    if service == "ballot":
        findings.append(await _guards(connection))
    return findings


async def _role(connection: Connection, role: str) -> Finding:
    options = await store.role_options(connection, role)
    if options is None:
        said = Said("没有这个角色", "there is no such role")
        return fail("permissions", role, said, "", _MIGRATE)
    too_much = [
        *options.powers,
        *(f"member of {one}" for one in options.member_of),
        *([f"owns {options.owns} objects"] if options.owns else []),
    ]
    if too_much:
        said = Said("角色的权力太大", "the role has too many powers")
        return fail("permissions", role, said, ", ".join(too_much), _MIGRATE)
    return ok("permissions", role, Said("角色没有特权", "the role has no special powers"))


async def _owner(connection: Connection, owner: str) -> Finding:
    if await store.may_log_in(connection, owner):
        said = Said("所有者角色可以登录", "the owner's role can log in")
        return fail("permissions", owner, said, f"{owner}: LOGIN", _MIGRATE)
    return ok("permissions", owner, Said("所有者不能登录", "the owner cannot log in"))


def _rights(role: str, found: set[str], wanted: set[str]) -> Finding:
    if more := sorted(found - wanted):
        said = Said("有人得到了不该有的权限", "somebody has rights that they should not have")
        next_ = Said(
            "以所有者身份撤销这些权限 (REVOKE ...), 并查清是谁给的",
            "take them away as the owner (REVOKE ...), and find out who gave them",
        )
        return fail("permissions", role, said, _some(more), next_)
    if less := sorted(wanted - found):
        said = Said("缺少应有的权限", "rights are missing that the service needs")
        return fail("permissions", role, said, _some(less), _MIGRATE)
    said = Said("权限正好是所需的", "the rights are exactly those that are needed")
    return ok("permissions", role, said, f"{len(found)} rights")


async def _guards(connection: Connection) -> Finding:
    off = [*await store.disabled_triggers(connection), *await store.unguarded_tables(connection)]
    if off:
        said = Said("防止修改日志的触发器被关闭", "what refuses changes to the log is switched off")
        next_ = Said(
            "查清是谁关闭的, 用 ALTER TABLE ... ENABLE ALWAYS TRIGGER 打开, 然后审计日志",
            "find out who did it, switch it on (ALTER TABLE ... ENABLE ALWAYS TRIGGER), then audit",
        )
        return fail("permissions", "append_only", said, _some(off), next_)
    said = Said("日志只能追加", "the log can only be appended to")
    return ok("permissions", "append_only", said)


def _some(names: Sequence[str]) -> str:
    more = f" (+{len(names) - SHOWN})" if len(names) > SHOWN else ""
    return "; ".join(names[:SHOWN]) + more


_MIGRATE = Said(
    "用管理员运行 huimin migrate: 它使角色和权限恢复应有的样子",
    "run huimin migrate as the administrator: it makes roles and rights what they should be",
)
