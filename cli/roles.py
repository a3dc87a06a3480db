"""Who may do what: the database roles and the NATS users of an installation, as data.

Each service has one login role in a database of its own, owned by a role that cannot log in; the
migrations grant it what it needs. Each has one nkey in NATS and the subjects that it needs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from cli.embedded.nats import NatsUser, user_nkey


class ServiceRole(Struct, frozen=True):
    """The service's package, and what its NATS user may publish, and hear besides its own inbox."""

    package: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()


SERVICES: Final[Mapping[str, ServiceRole]] = {
    "ballot": ServiceRole(
        "services.ballot",
        (
            "huimin.log.*.runs",
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.MSG.GET.*",
        ),
    ),
    "tally": ServiceRole(
        "services.tally",
        (
            "huimin.tally.*",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.CONSUMER.CREATE.*.>",
            "$JS.API.CONSUMER.INFO.*.*",
            "$JS.API.CONSUMER.MSG.NEXT.*.*",
        ),
    ),
    # One-time codes go from the registrar to notify, and the answer back. Nobody else hears them.
    "registrar": ServiceRole("services.registrar", ("huimin.codes",)),
    "notify": ServiceRole(
        "services.notify",
        ("_INBOX_registrar.>",),
        ("huimin.codes", "huimin.log.*.runs"),
    ),
}

DASHBOARD: Final = "dashboard"
"""The NATS user of a city's own screens: hears tallies and says nothing."""


def database_role(service: str) -> str:
    """The role that the service logs in with; its database has the same name."""
    return f"huimin_{service}"


def owner_role(service: str) -> str:
    """The role that owns the service's database and schema, and cannot log in."""
    return f"huimin_{service}_owner"


def nats_users(secrets: Path) -> list[NatsUser]:
    """The NATS users; a seed that is missing is made in `secrets`."""
    users = [
        NatsUser(
            name=name,
            public_nkey=user_nkey(nkey_file(secrets, name)),
            publish_allow=role.publish,
            subscribe_allow=[f"_INBOX_{name}.>", *role.subscribe],
        )
        for name, role in SERVICES.items()
    ]
    dashboard = NatsUser(
        name=DASHBOARD,
        public_nkey=user_nkey(nkey_file(secrets, DASHBOARD)),
        subscribe_allow=["huimin.tally.>"],
    )
    return [*users, dashboard]


def nkey_file(secrets: Path, name: str) -> Path:
    """Where the nkey seed of a NATS user is."""
    return secrets / f"{name}.nkey"
