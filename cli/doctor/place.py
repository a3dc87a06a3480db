"""Where the parts of an installation are: an embedded one, or one named part by part."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from cli.backup.addresses import embedded_admin_url, read_line
from cli.embedded.directory import SECRETS
from cli.embedded.endpoint import LOOPBACK
from cli.roles import DASHBOARD, SERVICES, nkey_file
from shared.client.errors import CannotRead


class Place(Struct, frozen=True, kw_only=True):
    """What was named; what was not is empty or None.

    `services` are base URLs, `databases` each service's own address with its password, `nkeys`
    files of seeds by NATS user. `embedded`: one machine by design, where no standby is missed.
    """

    embedded: bool = False
    services: Mapping[str, str] = {}
    databases: Mapping[str, str] = {}
    admin_url: str | None = None
    nats_url: str | None = None
    nkeys: Mapping[str, Path] = {}
    nats_config: Path | None = None
    nats_monitor: str | None = None
    checkpoints: tuple[Path, ...] = ()
    announcers: Path | None = None
    secrets: Path | None = None
    data: Path | None = None
    public: tuple[str, ...] = ()
    time_from: tuple[str, ...] = ()
    authorities: Path | None = None

    def __repr__(self) -> str:
        """Without addresses, which hold passwords."""
        return f"Place(services={sorted(self.services)}, databases={sorted(self.databases)})"


def embedded(data: Path) -> Place:
    """The installation that `huimin up --data` runs; raises `CannotRead`."""
    secrets = data / SECRETS
    ports = {
        service: file
        for service in SERVICES
        if (file := data / "services" / f"{service}.port").is_file()
    }
    if not ports:
        raise CannotRead(f"{data} is no data directory of huimin: no service ever ran there")
    return Place(
        embedded=True,
        services={name: f"http://{LOOPBACK}:{read_line(port)}" for name, port in ports.items()},
        databases={name: read_line(secrets / f"{name}.database-url") for name in ports},
        admin_url=embedded_admin_url(data),
        nats_url=f"nats://{LOOPBACK}:{read_line(data / 'nats' / 'port')}",
        nkeys={name: nkey_file(secrets, name) for name in (*SERVICES, DASHBOARD)},
        nats_config=data / "nats" / "nats.conf",
        checkpoints=(data / "checkpoints",),
        announcers=data / "announcers",
        secrets=secrets,
        data=data,
    )
