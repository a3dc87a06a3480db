"""`huimin secrets`: everything secret that a deployment needs, one file for each secret and reader.

A secret is made once and never overwritten; what follows from others (addresses with passwords, the
log's public key, the configuration of NATS) is written anew each time. Names of files are those of
an embedded installation's `secrets/`. Left out: encryption at rest and rotation, which are for the
operator's own store of secrets, and officers' keys, which never lie on a server.
"""

import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import rich_click as click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from cli.embedded.directory import private_directory, secret, write_private
from cli.embedded.errors import Unusable
from cli.embedded.nats import NatsPlace, config_text
from cli.embedded.postgres import ADMIN
from cli.exit_codes import CANNOT_READ
from cli.roles import DASHBOARD, SERVICES, database_role, nats_users, nkey_file

POSTGRES: Final = "postgres"
OPERATOR: Final = "operator"

NATS: Final = NatsPlace(
    name="huimin",
    host="0.0.0.0",  # noqa: S104 # in a container: the networks say who reaches it
    port=4222,
    store="/var/lib/huimin/nats",
    monitor="127.0.0.1:8222",
)
"""The server of a deployment, as `docker-compose.yml` runs it."""

KEYED: Final = ("registrar", "notify")
"""Services with a key and a desk of their own."""


class SecretFile(Struct, frozen=True):
    """A file, who reads it, what it is, and what is lost with it (nothing, if that is empty)."""

    name: str
    reader: str
    what: str
    lost: str = ""


class Owners(Struct, frozen=True):
    """Numeric users that files are handed to; None: they stay ours."""

    services: int | None = None
    postgres: int | None = None

    def of(self, file: SecretFile) -> int | None:
        """Whose the file has to be."""
        return self.postgres if file.reader == POSTGRES else self.services


def catalogue() -> Iterator[SecretFile]:
    """Every file that a deployment needs."""
    yield SecretFile(
        "log-key.seed", "ballot", "signs the logs", "the logs: nobody can add to them any more"
    )
    yield SecretFile("log-key.public", "all other services", "what logs are checked against")
    yield SecretFile(
        "registrar.key", "registrar", "recognises people", "the roll: no person is recognised"
    )
    yield SecretFile("notify.key", "notify", "seals addresses", "all subscriptions")
    for service in KEYED:
        yield SecretFile(
            f"desk-{service}.token", f"{service}, {OPERATOR}", "opens the service's desk"
        )
    for service in SERVICES:
        yield SecretFile(f"{service}.nkey", service, "logs in to NATS")
        yield SecretFile(f"{service}.database-url", service, "its database, with the password")
        yield SecretFile(_password_name(service), "migrate", "what migrate gives to the role")
    yield SecretFile(nkey_file(Path(), DASHBOARD).name, OPERATOR, "NATS: hears tallies only")
    yield SecretFile("postgres.password", POSTGRES, "the administrator's, given at the first start")
    yield SecretFile("postgres.database-url", "migrate", "the administrator's address and password")
    yield SecretFile("nats.conf", "nats", "configuration: public keys and permissions")


def write_secrets(directory: Path, *, database: str, owners: Owners) -> list[str]:
    """Make what is missing in `directory`; returns the names of the secrets that are new.

    `database` is host and port at which services reach PostgreSQL. Raises `Unusable` for a
    directory or a file that others could read or change.
    """
    private_directory(directory)
    files = list(catalogue())
    _require_closed(directory, 0o022)
    for file in files:
        if (directory / file.name).is_symlink() or (directory / file.name).exists():
            _require_closed(directory / file.name, 0o077)
    new = [file.name for file in files if not (directory / file.name).exists()]
    _make(directory, database)
    for file in files:
        _hand_over(directory / file.name, owners.of(file))
    return new


def _make(directory: Path, database: str) -> None:
    seed = b64decode(secret(directory / "log-key.seed", _random_key))
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    write_private(directory / "log-key.public", b64encode(public).decode() + "\n")
    for service in KEYED:
        secret(directory / f"{service}.key", _random_key)
        secret(directory / f"desk-{service}.token")
    for service in SERVICES:
        role = database_role(service)
        password = secret(directory / _password_name(service))
        url = _url(role, password, database, role)
        write_private(directory / f"{service}.database-url", url)
    password = secret(directory / "postgres.password")
    url = _url(ADMIN, password, database, "postgres")
    write_private(directory / "postgres.database-url", url)
    write_private(directory / "nats.conf", config_text(NATS, nats_users(directory)))


def _url(role: str, password: str, where: str, database: str) -> str:
    return f"postgresql://{role}:{quote(password, safe='')}@{where}/{database}\n"


def _password_name(service: str) -> str:
    return f"{database_role(service)}.password"


def _random_key() -> str:
    return b64encode(os.urandom(32)).decode()


def _require_closed(path: Path, forbidden: int) -> None:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        raise Unusable(f"{path} is a link. Put the file itself there.")
    if mode & forbidden:
        raise Unusable(
            f"{path} is open to other users of this machine (mode {mode:04o}). Whoever could read "
            f"it may have: if so, replace it; then chmod {mode & ~forbidden:04o} {path}"
        )


def _hand_over(path: Path, owner: int | None) -> None:
    if owner is None or path.stat().st_uid == owner:
        return
    try:
        os.chown(path, owner, owner)
    except PermissionError as error:
        raise Unusable(
            f"cannot give {path} to user {owner}: run this as root, or leave out the users."
        ) from error


def _table(new: list[str]) -> Iterator[str]:
    files = list(catalogue())
    names = max(len(file.name) for file in files)
    readers = max(len(file.reader) for file in files)
    for file in files:
        mark = "new " if file.name in new else "kept"
        yield f"{mark}  {file.name:{names}}  for {file.reader:{readers}}  {file.what}"
    yield ""
    yield "Back these up now, offline and apart from the database. Whoever loses one loses:"
    for file in files:
        if file.lost:
            yield f"  {file.name:{names}}  {file.lost}"
    yield "All others can be made again: delete them, run this and `huimin migrate`, and restart."


@click.command("secrets")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--database",
    default="postgres:5432",
    show_default=True,
    help="Host and port at which the services reach PostgreSQL.",
)
@click.option(
    "--services-user",
    type=click.IntRange(min=1),
    help="Give the files to this numeric user, as which the services run; needs root.",
)
@click.option(
    "--postgres-user",
    type=click.IntRange(min=1),
    help="Give PostgreSQL's password file to this numeric user; needs root.",
)
def secrets_command(
    directory: Path, database: str, services_user: int | None, postgres_user: int | None
) -> None:
    """Write all secrets of a deployment into DIRECTORY, one file each, and say whose each is.

    What is there is kept: run it again after an upgrade. Exit codes: 0 written, 2 usage, 3 the
    directory cannot be used, or is open to others.
    """
    owners = Owners(services_user, postgres_user)
    try:
        new = write_secrets(directory, database=database, owners=owners)
    except (Unusable, OSError) as error:
        raise _Refused(str(error)) from error
    for line in _table(new):
        click.echo(line)


class _Refused(click.ClickException):
    exit_code = CANNOT_READ
