"""Where settings are written: a TOML file, the environment, and files with one secret each.

Later wins: the table `[ballot]` of the TOML file that `HUIMIN_CONFIG` names, then the environment
(`HUIMIN_BALLOT_PORT`). In both, `<setting>_file` names a file that has the value instead; naming
both in one place is a fault. Whether a value is one that its setting can have is not looked at.
Faults name what is wrong and what to do, and never quote a value, nor a path: whoever wrote a
secret where its file belongs would find it in the log.
"""

import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeAlias

from msgspec import Struct

from shared.service.setting import Setting

SERVICES: Final = ("registrar", "ballot", "tally", "notify")
"""The tables that the file may have."""

CONFIG: Final = "HUIMIN_CONFIG"
MAX_CONFIG_BYTES: Final = 1_048_576
MAX_FILE_BYTES: Final = 65_536

_FILE: Final = "_file"
_ALL: Final = "`huimin config table` lists all"


class Given(Struct, frozen=True):
    """A value as it was written, and where; `file` is the path of the file that had it.

    `typed` where the source has types of its own: 8080 is no string there.
    """

    value: object
    where: str
    typed: bool = False
    file: str = ""


class Unusable(Exception):
    """What is written, or the file that it names, cannot be used; says why, and quotes nothing."""


class _Written(Struct, frozen=True):
    """What stands in one place: a value, or the path of the file that has it."""

    value: object
    where: str
    typed: bool
    in_file: bool


_Label: TypeAlias = Callable[[str], str]
_Known: TypeAlias = Mapping[str, Setting]


def collect(
    service: str, known: _Known, environment: Mapping[str, str]
) -> tuple[dict[str, Given | None], list[str]]:
    """What is given for the settings in `known`, None if it is unusable; and all faults."""
    faults: list[str] = []
    prefix = f"HUIMIN_{service.upper()}_"
    table = _table(service, environment, faults)
    variables = _variables(prefix, environment)
    written = _written(
        table, known, lambda key: f"{CONFIG}, [{service}] {key}", faults, typed=True
    ) | _written(variables, known, lambda key: prefix + key.upper(), faults, typed=False)
    given: dict[str, Given | None] = {}
    for name, one in written.items():
        try:
            given[name] = _resolved(one, secret=known[name].secret)
        except Unusable as error:
            given[name] = None
            faults.append(f"{one.where}: {error}")
    return given, faults


def _written(
    raw: Mapping[str, object], known: _Known, label: _Label, faults: list[str], *, typed: bool
) -> dict[str, _Written]:
    found: dict[str, _Written] = {}
    for key, value in raw.items():
        name = key if key in known else key.removesuffix(_FILE)
        if name not in known:
            faults.append(f"{label(key)} is no setting; {_nearest(key, known, label)}")
        elif name in found:
            faults.append(f"{label(name)} and {label(name + _FILE)} are both given; take one out")
        else:
            found[name] = _Written(value, label(key), typed, name != key)
    return found


def _resolved(written: _Written, *, secret: bool) -> Given:
    value, where = written.value, written.where
    given = Given(value, where, written.typed)
    if written.in_file:
        if not isinstance(value, str):
            raise Unusable("it must be the path of a file, a string")
        given = Given(_text(value, MAX_FILE_BYTES).strip(), where, file=value)
    elif isinstance(value, str) and not _is_utf8(value):
        raise Unusable("it is not UTF-8")
    if secret and isinstance(given.value, str) and not given.value.strip():
        empty = "the file that it names" if written.in_file else "it"
        raise Unusable(f"{empty} is empty; put the secret there, or take the setting out")
    return given


def _variables(prefix: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The service's variables by the names of settings; none has a lower case letter."""
    ours = {
        name.removeprefix(prefix): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    return {name.lower() if name == name.upper() else name: value for name, value in ours.items()}


def _table(service: str, environment: Mapping[str, str], faults: list[str]) -> Mapping[str, object]:
    """The service's table; another service looks at the keys in its own."""
    if CONFIG not in environment:
        return {}
    try:
        document = tomllib.loads(_text(environment[CONFIG], MAX_CONFIG_BYTES))
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{CONFIG}: the file is no TOML: {error}")
        return {}
    except Unusable as error:
        faults.append(f"{CONFIG}: {error}")
        return {}
    for name, table in document.items():
        if name not in SERVICES or not isinstance(table, dict):
            tables = ", ".join(f"[{one}]" for one in SERVICES)
            faults.append(f"{CONFIG}: {name} is no table that is known; these are: {tables}")
    own = document.get(service, {})
    return own if isinstance(own, dict) else {}


def _text(path: str, limit: int) -> str:
    if not path:
        raise Unusable("it is empty; name the file, or take it out")
    try:
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise Unusable(f"the file that it names has more than {limit} bytes; is it the one?")
        return content.decode()
    except OSError as error:
        why = f"the file that it names cannot be read: {error.strerror}"
        raise Unusable(f"{why}; check path and permissions") from error
    except ValueError:  # a path with a null byte, or what is no UTF-8; either quotes it
        raise Unusable("the file that it names is no UTF-8 text") from None


def _is_utf8(text: str) -> bool:
    """Whether an environment variable was: Python keeps other bytes as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _nearest(key: str, known: _Known, label: _Label) -> str:
    names = [*known, *(name + _FILE for name in known)]
    near = get_close_matches(key.lower(), names, 1)
    return f"did you mean {label(near[0])}?" if near else _ALL
