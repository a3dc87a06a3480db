"""Reads docker-compose.yml as Docker Compose does, as far as ours goes: anchors, and `${NAME}`.

Interpolation knows `${NAME:-default}` and `${NAME:?why}`; anything else fails.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct, field

ROOT: Final = Path(__file__).parents[3]
FILE: Final = ROOT / "docker-compose.yml"

_VARIABLE: Final = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


class Health(Struct):
    """A health check: the command in exec form, after `CMD`."""

    test: list[str]
    interval: str
    timeout: str
    start_period: str
    retries: int


class Need(Struct):
    """What a service waits for before it starts."""

    condition: str


class Service(Struct, kw_only=True):
    """What the tests look at of a service."""

    image: str
    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    read_only: bool = False
    cap_drop: list[str] = field(default_factory=list)
    cap_add: list[str] = field(default_factory=list)
    security_opt: list[str] = field(default_factory=list)
    stop_grace_period: str = ""
    secrets: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    expose: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    networks: list[str] | dict[str, dict[str, str]] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    depends_on: dict[str, Need] = field(default_factory=dict)
    healthcheck: Health | None = None


class Network(Struct):
    """A network; an internal one has no way out."""

    internal: bool = False


class SecretSource(Struct):
    """The file of a secret, relative to the compose file."""

    file: str


class Compose(Struct):
    """The whole file, interpolated."""

    services: dict[str, Service]
    networks: dict[str, Network]
    volumes: dict[str, dict[str, str]]
    secrets: dict[str, SecretSource]


def load(environment: Mapping[str, str], text: str | None = None) -> Compose:
    """The compose file with the variables of `environment`; raises `KeyError` for one missing."""
    document = yaml.safe_load(FILE.read_text() if text is None else text)
    return msgspec.convert(_interpolated(document, environment), Compose)


def example_environment() -> dict[str, str]:
    """What `example.env` sets."""
    lines = (ROOT / "deploy/compose/example.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _interpolated(value: Any, environment: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _interpolated(one, environment) for key, one in value.items()}
        case list():
            return [_interpolated(one, environment) for one in value]
        case str():
            filled = _VARIABLE.sub(lambda found: _filled(found, environment), value)
            assert "$" not in filled, value
            return filled
        case _:
            return value


def _filled(found: re.Match[str], environment: Mapping[str, str]) -> str:
    if environment.get(found["name"]):
        return environment[found["name"]]
    if found["kind"] != "-":
        raise KeyError(f"{found['name']}: {found['rest']}")
    return found["rest"]
