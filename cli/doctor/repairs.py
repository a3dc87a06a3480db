"""The statements that make rights and triggers what they should be. Pure.

They are for whoever owns a service's database: what a trigger or a grant was, a migration says, and
none is run again. Each is whole and exact, so that nobody has to find out the grammar at night.
"""

import re
from collections.abc import Collection
from typing import Final

from cli.doctor.store import Trigger

_RIGHT: Final = re.compile(
    r"(?P<right>[A-Z]+) ON (?P<kind>[A-Z]+)(?: (?P<name>.+))? TO (?P<role>[^ ]+)"
)
_ENABLE: Final = {
    "always": "ENABLE ALWAYS",
    "origin": "ENABLE",
    "replica": "ENABLE REPLICA",
    "off": "DISABLE",
}


def grants(rights: Collection[str], database: str) -> list[str]:
    """For each right, as `store.rights` has it, the statement that gives it."""
    return [_statement(one, database, "GRANT", "TO") for one in sorted(rights)]


def revocations(rights: Collection[str], database: str) -> list[str]:
    """For each right the statement that takes it away."""
    return [_statement(one, database, "REVOKE", "FROM") for one in sorted(rights)]


def guards(found: Collection[Trigger], wanted: Collection[Trigger]) -> list[str]:
    """What makes the triggers found those that are wanted."""
    made = {(one.table, one.name, one.made) for one in found}
    kept = {(one.table, one.name, one.made) for one in wanted}
    statements = [f"DROP TRIGGER {name} ON {table};" for table, name, _ in sorted(made - kept)]
    for one in sorted(set(wanted) - set(found)):
        if (one.table, one.name, one.made) not in made:
            statements.append(f"{one.made};")
        statements.append(f"ALTER TABLE {one.table} {_ENABLE[one.mode]} TRIGGER {one.name};")
    return statements


def _statement(right: str, database: str, verb: str, preposition: str) -> str:
    parts = _RIGHT.fullmatch(right)
    assert parts is not None, f"{right} is not what `store.rights` gives"
    what, kind, name = parts["right"], parts["kind"], parts["name"]
    match kind:
        case "COLUMN":
            table, _, column = name.rpartition(".")
            what, kind, name = f"{what} ({column})", "TABLE", table
        case "DATABASE":
            name = database
    return f"{verb} {what} ON {kind} {name} {preposition} {parts['role']};"
