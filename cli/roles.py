"""Who may do what: the database roles and the NATS users of an installation, as data.

Each service has one login role in a database of its own, owned by a role that cannot log in; the
migrations grant it what it needs. Each has one nkey in NATS and the subjects that it needs.

Whoever may make a stream may have any subject of its account recorded, whatever its own subjects
are. So one-time codes are in other accounts than the log's streams: the ballot service, which makes
those, could otherwise read codes. Nobody may make a consumer: where it delivers to is not in the
subject by which it is made, so a right to make one is a right to have any subject spoken on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from cli.embedded.nats import NatsAccount, NatsShare, NatsUser, user_nkey
from shared.service.subjects import ANY, CODES_SUBJECT, run_subject, tally_subject

RUNS: Final = run_subject(ANY)

LOG_ACCOUNT: Final = NatsAccount(
    name="LOG", jetstream=True, exports=(NatsShare("stream", RUNS, "NOTIFY"),)
)
NOTIFY_ACCOUNT: Final = NatsAccount(
    name="NOTIFY",
    exports=(NatsShare("service", CODES_SUBJECT, "REGISTRAR"),),
    imports=(NatsShare("stream", RUNS, "LOG"),),
)
REGISTRAR_ACCOUNT: Final = NatsAccount(
    name="REGISTRAR", imports=(NatsShare("service", CODES_SUBJECT, "NOTIFY"),)
)


class ServiceRole(Struct, frozen=True):
    """The service's package, and what its NATS user may publish, and hear besides its own inbox.

    `answers_s`: for how long it may answer a request that it heard.
    """

    package: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    account: NatsAccount = LOG_ACCOUNT
    answers_s: int = 0


SERVICES: Final[Mapping[str, ServiceRole]] = {
    "ballot": ServiceRole(
        "services.ballot",
        (
            RUNS,
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.MSG.GET.*",
        ),
    ),
    "tally": ServiceRole(
        "services.tally",
        (
            tally_subject(ANY),
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.MSG.GET.*",
        ),
        (RUNS,),
    ),
    # One-time codes go from the registrar to notify, and the answer back. Nobody else hears them.
    "registrar": ServiceRole("services.registrar", (CODES_SUBJECT,), account=REGISTRAR_ACCOUNT),
    "notify": ServiceRole(
        "services.notify", (), (CODES_SUBJECT, RUNS), account=NOTIFY_ACCOUNT, answers_s=60
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


def may_say(name: str) -> Sequence[str]:
    """The subjects that a NATS user may publish on."""
    return SERVICES[name].publish if name in SERVICES else ()


def may_hear(name: str) -> Sequence[str]:
    """The subjects that a NATS user may listen to; a dashboard asks nothing and has no inbox."""
    if name == DASHBOARD:
        return (tally_subject(ANY),)
    return (f"_INBOX_{name}.>", *SERVICES[name].subscribe)


def nats_users(secrets: Path) -> list[NatsUser]:
    """The NATS users; a seed that is missing is made in `secrets`."""
    users = [
        NatsUser(
            name=name,
            public_nkey=user_nkey(nkey_file(secrets, name)),
            account=role.account,
            answers_s=role.answers_s,
            publish_allow=may_say(name),
            subscribe_allow=may_hear(name),
        )
        for name, role in SERVICES.items()
    ]
    dashboard = NatsUser(
        name=DASHBOARD,
        public_nkey=user_nkey(nkey_file(secrets, DASHBOARD)),
        account=LOG_ACCOUNT,
        subscribe_allow=may_hear(DASHBOARD),
    )
    return [*users, dashboard]


def nkey_file(secrets: Path, name: str) -> Path:
    """Where the nkey seed of a NATS user is."""
    return secrets / f"{name}.nkey"
