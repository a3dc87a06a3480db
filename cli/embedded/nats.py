"""nats-server with JetStream on one data directory: every acknowledged message is on disk.

    nats/                ours to write, the server's to read
      nats.conf          written at every start
      store/             JetStream
      port               the TCP port that this directory keeps
      lock, running      held by our process, and by every process of the server
    logs/nats.log

Each service is one user, known by an nkey: the server stores public keys only, and a client proves
that it has the seed by signing a nonce. Users stand in accounts, between which nothing passes but
what is shared by name; the system account has no user. There is no monitoring endpoint. Left out:
clusters and TLS.
"""

import json
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import nkeys  # type: ignore[import-untyped]  # the package has no types

from .binaries import NATS_SERVER, program
from .directory import secret, server_owned, write_private
from .endpoint import LOOPBACK
from .lock import Progress
from .server import EmbeddedServer

STOP_STEPS: Final = ((signal.SIGTERM, 30.0),)
GREETING_LIMIT_BYTES: Final = 8192
GREETING_LIMIT_S: Final = 2.0

MAX_PAYLOAD_BYTES: Final = 1 << 20
"""Largest message. A run of log entries must fit: sixteen of the largest (65,535 bytes), or about
1,500 ordinary ballots. A larger one would hold up everything else on its connection."""

# Our streams are on disk; this bounds one that by mistake is not.
MEMORY_STORE_BYTES: Final = 64 << 20


class NatsShare(msgspec.Struct, frozen=True):
    """A subject that passes between two accounts: requests and answers, or messages one way."""

    kind: Literal["service", "stream"]
    subject: str
    account: str  # the other one


class NatsAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A space of subjects and streams of its own."""

    name: str
    jetstream: bool = False
    exports: tuple[NatsShare, ...] = ()
    imports: tuple[NatsShare, ...] = ()


ONLY_ACCOUNT: Final = NatsAccount(name="LOG", jetstream=True)
"""Where users are who are not told apart."""

SYSTEM_ACCOUNT: Final = "SYS"
"""The server's own account, that nobody logs in to: what `$SYS` says and does is nobody's."""


class NatsUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user and the subjects that it may use; what is not allowed is denied.

    With `answers_s` it may also answer, once, each request that it hears, for so many seconds.
    """

    name: str
    public_nkey: str
    account: NatsAccount = ONLY_ACCOUNT
    answers_s: int = 0
    publish_allow: Sequence[str] = ()
    publish_deny: Sequence[str] = ()
    subscribe_allow: Sequence[str] = ()
    subscribe_deny: Sequence[str] = ()


class NatsPlace(msgspec.Struct, frozen=True):
    """A server's name, where it listens, and the directory of its streams.

    `monitor` is the host and port of the monitoring endpoint, which asks for no password: loopback
    at most. Empty, there is none.
    """

    name: str
    host: str
    port: int
    store: str
    monitor: str = ""


def user_nkey(seed_file: Path) -> str:
    """The public nkey of the user whose seed is in `seed_file`, made there (0600) if missing."""
    seed = secret(seed_file, _new_seed)
    return bytes(nkeys.from_seed(bytearray(seed, "ascii")).public_key).decode("ascii")


class NatsServer(EmbeddedServer):
    """`with NatsServer(data, users) as nats:` runs the server of the data directory `data`."""

    def __init__(
        self,
        data: Path,
        users: Sequence[NatsUser],
        *,
        progress: Progress = lambda _: None,
    ) -> None:
        super().__init__("nats-server", "nats", data, STOP_STEPS, progress)
        self._users = users
        self._name = ""

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    def _prepare(self) -> None:
        server_owned(self._home / "store", self._account)

    def _launch(self) -> tuple[Sequence[str], Path]:
        self._name = f"huimin-{os.urandom(8).hex()}"
        text = config_text(NatsPlace(self._name, LOOPBACK, self.port, "store"), self._users)
        write_private(self._home / "nats.conf", text, readable_by=self._account)
        server = program(NATS_SERVER, self._account)
        return [str(server), "--config", "nats.conf"], self._home

    def _answers(self) -> bool:
        """The server listens last, when JetStream has checked its files."""
        try:
            greeting = _greeting(self.port)
        except OSError:
            return False
        return greeting is not None and greeting.server_name == self._name and greeting.jetstream

    def _clean_up(self) -> None:
        """Everything is inside the data directory."""


class _Greeting(msgspec.Struct):
    """What we need of the INFO line that a server sends first."""

    server_name: str
    jetstream: bool = False


def _greeting(port: int) -> _Greeting | None:
    """What listens on the port says first; None when it does not speak as nats-server does."""
    with socket.create_connection((LOOPBACK, port), GREETING_LIMIT_S) as connection:
        line = connection.makefile("rb").readline(GREETING_LIMIT_BYTES)
    verb, _, info = line.partition(b" ")
    if verb != b"INFO":
        return None
    try:
        return msgspec.json.decode(info, type=_Greeting)
    except msgspec.DecodeError:
        return None


def config_text(place: NatsPlace, users: Sequence[NatsUser]) -> str:
    """The configuration file: JSON, which its format includes, after one comment for each user.

    The server's log knows users by their keys only; the comments say who that is.
    """
    names = [f"# {user.public_nkey} is {json.dumps(user.name)}\n" for user in users]
    config: dict[str, Any] = {
        "server_name": place.name,
        "host": place.host,
        "port": place.port,
        "max_payload": MAX_PAYLOAD_BYTES,
        "jetstream": {
            "store_dir": place.store,
            # The default, two minutes, loses acknowledged messages in a power cut.
            "sync_interval": "always",
            "max_memory_store": MEMORY_STORE_BYTES,
        },
        "accounts": _accounts(users) | {SYSTEM_ACCOUNT: {}},
        "system_account": SYSTEM_ACCOUNT,
    }
    if place.monitor:
        config["http"] = place.monitor
    return "".join(names) + json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def _accounts(users: Sequence[NatsUser]) -> dict[str, Any]:
    # Who stands in the only account means that of the same name that shares something, if any does.
    found = sorted(
        {user.account for user in users}, key=lambda one: (one != ONLY_ACCOUNT, one.name)
    )
    accounts = {account.name: account for account in found}
    return {
        name: {
            "jetstream": "enabled" if account.jetstream else "disabled",
            "exports": [
                {share.kind: share.subject, "accounts": [share.account]}
                for share in account.exports
            ],
            "imports": [
                {share.kind: {"account": share.account, "subject": share.subject}}
                for share in account.imports
            ],
            "users": [_permissions(user) for user in users if user.account.name == name],
        }
        for name, account in accounts.items()
    }


def _permissions(user: NatsUser) -> dict[str, Any]:
    permissions: dict[str, Any] = {
        "publish": _subjects(user.publish_allow, user.publish_deny),
        "subscribe": _subjects(user.subscribe_allow, user.subscribe_deny),
    }
    if user.answers_s:
        permissions["allow_responses"] = {"max": 1, "expires": f"{user.answers_s}s"}
    return {"nkey": user.public_nkey, "permissions": permissions}


def _subjects(allow: Sequence[str], deny: Sequence[str]) -> dict[str, Sequence[str]]:
    # An empty list of allowed subjects would mean to the server that every subject is.
    return {"allow": allow, "deny": deny} if allow else {"deny": [">"]}


def _new_seed() -> str:
    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)).decode("ascii")
