"""Settings as TOML that can be read in again, without a secret: `--show` prints it.

A secret from a file is shown as that file's path. One that was given as it is cannot be shown, and
what is written then has to be completed before it can be read in.
"""

import msgspec

from shared.service.setting import Setting, settings_of
from shared.service.settings import Loaded, S
from shared.service.settings_sources import Given


def as_toml(service: str, loaded: Loaded[S]) -> str:
    """One table with a line for each setting, and in a comment where it comes from."""
    lines = [f"[{service}]"]
    for name, setting in settings_of(type(loaded.settings), service).items():
        value: object = getattr(loaded.settings, name)
        lines.append(_line(setting, value, loaded.given.get(name)))
    return "\n".join(lines) + "\n"


def quoted(value: object) -> str:
    """A string, number or truth value as TOML writes it.

    JSON's strings are TOML's basic strings, but for one control character that JSON leaves alone.
    """
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _line(setting: Setting, value: object, given: Given | None) -> str:
    if given is None:
        unset = value is None or setting.secret
        return f"# {setting.name} is not set" if unset else f"{setting.name} = {quoted(value)}"
    source = given.where.partition(",")[0]
    if not setting.secret:
        return f"{setting.name} = {quoted(value)}  # {source}"
    if given.file:
        return f"{setting.name}_file = {quoted(given.file)}  # {source}"
    return f"# {setting.name} is set by {given.where}, and not shown"
