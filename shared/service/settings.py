"""Settings from the environment: typed, complete, and strict about names that do not exist.

A field `database_url` of the service `ballot` is read from `HUIMIN_BALLOT_DATABASE_URL`, or, for a
secret, from the file that `HUIMIN_BALLOT_DATABASE_URL_FILE` names. Values never appear in errors.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service is told: its database, its NATS user, and where to listen."""

    database_url: str
    nats_url: str
    nats_nkey_seed: str
    host: str = "127.0.0.1"
    port: Port = 8000
    log_level: Literal["debug", "info", "warning", "error", "critical"] = "info"


class BadSettings(Exception):
    """The environment does not give what a service needs; the text names what is at fault."""


def load_settings(kind: type[S], service: str, environment: Mapping[str, str]) -> S:
    """The settings of `service`; raises `BadSettings`."""
    prefix = f"HUIMIN_{service.upper()}_"
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, str] = {}
    for name, value in environment.items():
        if not name.startswith(prefix):
            continue
        field = name.removeprefix(prefix).lower()
        in_file = field.endswith("_file") and field not in fields
        field = field.removesuffix("_file") if in_file else field
        if field not in fields:
            raise BadSettings(f"{name} is no setting; known are {_names(prefix, fields)}")
        given[field] = _secret(name, value) if in_file else value
    missing = [name for name, field in fields.items() if field.required and name not in given]
    if missing:
        raise BadSettings(f"not set: {_names(prefix, missing)}")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{prefix}*: {error}") from error


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise BadSettings(f"{name}: cannot read {path}: {error.strerror}") from error


def _names(prefix: str, fields: Mapping[str, object] | list[str]) -> str:
    return ", ".join(prefix + field.upper() for field in fields)
