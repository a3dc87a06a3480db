"""What each role may do and what guards the tables, by the catalog, against `expected.json`.

That is what the migrations give; a test compares it with an installation that was just made, and
`python -m tests.integration.operation.expected` writes it anew after a migration that grants,
revokes or makes a trigger.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct

from cli.doctor import repairs, store
from cli.doctor.findings import Finding, Said, fail, ok
from cli.doctor.store import Connection, Trigger
from cli.roles import database_role, owner_role

SHOWN = 6


class Expected(Struct, frozen=True):
    """A database as its migrations leave it: rights but those of owners and administrators."""

    rights: tuple[str, ...]
    triggers: tuple[Trigger, ...]


@cache
def expected() -> Mapping[str, Expected]:
    """What each service's database has."""
    text = files("cli.doctor").joinpath("expected.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Expected])


async def found(connection: Connection) -> Expected:
    """What this database has."""
    rights, triggers = await store.rights(connection), await store.triggers(connection)
    return Expected(tuple(sorted(rights)), tuple(sorted(triggers)))


async def check(connection: Connection, service: str) -> list[Finding]:
    """Everything about the roles of a service, in its database."""
    here, wanted = await found(connection), expected()[service]
    return [
        await _role(connection, service),
        await _owner(connection, owner_role(service)),
        *_rights(service, set(here.rights), set(wanted.rights)),
        _guards(service, set(here.triggers), set(wanted.triggers)),
    ]


async def _role(connection: Connection, service: str) -> Finding:
    role, owner = database_role(service), owner_role(service)
    options = await store.role_options(connection, role)
    if options is None:
        said = Said("没有这个角色", "there is no such role")
        return fail("permissions", role, said, "", _MIGRATE)
    if too_much := [*options.powers, *(f"member of {one}" for one in options.member_of)]:
        said = Said("角色的权力太大", "the role has too many powers")
        return fail("permissions", role, said, ", ".join(too_much), _MIGRATE)
    if options.owns:
        said = Said("角色拥有不该拥有的对象", "the role owns what it should not own")
        run = [f"REASSIGN OWNED BY {role} TO {owner};"]
        return fail("permissions", role, said, f"{options.owns} objects", _in(role), run)
    return ok("permissions", role, Said("角色没有特权", "the role has no special powers"))


async def _owner(connection: Connection, owner: str) -> Finding:
    if await store.may_log_in(connection, owner):
        said = Said("所有者角色可以登录", "the owner's role can log in")
        return fail("permissions", owner, said, f"{owner}: LOGIN", _MIGRATE)
    return ok("permissions", owner, Said("所有者不能登录", "the owner cannot log in"))


def _rights(service: str, here: set[str], wanted: set[str]) -> Iterable[Finding]:
    role = database_role(service)
    if more := here - wanted:
        said = Said("有人得到了不该有的权限", "somebody has rights that they should not have")
        run = repairs.revocations(more, role)
        yield fail("permissions", role, said, _some(more), _as_owner(service), run)
    if less := wanted - here:
        said = Said("缺少应有的权限", "rights are missing that the service needs")
        run = repairs.grants(less, role)
        yield fail("permissions", role, said, _some(less), _as_owner(service), run)
    if here == wanted:
        said = Said("权限正好是所需的", "the rights are exactly those that are needed")
        yield ok("permissions", role, said, f"{len(here)} rights")


def _guards(service: str, here: set[Trigger], wanted: set[Trigger]) -> Finding:
    role = database_role(service)
    if here == wanted:
        said = Said("防止改动的触发器都在", "what refuses changes to what is kept is in place")
        return ok("permissions", f"{role} triggers", said, f"{len(here)} triggers")
    states = {(one.table, one.name): one.mode for one in here}
    differing = {(one.table, one.name) for one in here ^ wanted}
    evidence = [f"{t}.{name}: {states.get((t, name), 'missing')}" for t, name in differing]
    said = Said("触发器不是应有的样子", "the triggers that guard this database are not as made")
    run = repairs.guards(here, wanted)
    return fail("permissions", f"{role} triggers", said, _some(evidence), _as_owner(service), run)


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" (+{len(shown) - SHOWN})" if len(shown) > SHOWN else ""
    return "; ".join(shown[:SHOWN]) + more


def _in(database: str) -> Said:
    return Said(
        f"查清是谁改的；用超级用户在数据库 {database} 中运行",
        f"find out who did it; run this in the database {database} as a superuser",
    )


def _as_owner(service: str) -> Said:
    role, owner = database_role(service), owner_role(service)
    return Said(
        f"查清是谁改的；用管理员在数据库 {role} 中先 SET ROLE {owner}, 再运行",
        f"find out who did it; run this in the database {role} as the administrator, after"
        f" SET ROLE {owner}",
    )


_MIGRATE = Said(
    "用管理员运行 huimin migrate: 它使角色恢复应有的样子",
    "run huimin migrate as the administrator: it makes the roles what they should be",
)
