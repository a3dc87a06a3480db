"""Who may do what on the embedded servers: real ones, and callers of every kind."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import nats.errors
import pytest
from nats.aio.client import Client

from cli.embedded.nats import NatsServer, NatsUser, user_nkey
from cli.embedded.postgres import ADMIN, Postgres
from tests.servers import everything, query, seed_file


@pytest.mark.parametrize("way", ["tcp", "socket"])
@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_postgres_refuses_whoever_has_not_the_password(
    postgres_server: Postgres,
    way: str,
    password: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither way in lets a caller through without the right password."""
    monkeypatch.delenv("PGPASSWORD", raising=False)
    no_passwords = tmp_path / "passfile"
    no_passwords.touch(mode=0o600)
    host = "127.0.0.1" if way == "tcp" else str(postgres_server.socket_directory)

    async def call() -> None:
        await asyncpg.connect(
            host=host,
            port=postgres_server.port,
            user=ADMIN,
            password=password,
            database="postgres",
            passfile=str(no_passwords),
        )

    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(call())


def test_no_rule_of_the_cluster_lets_anybody_in_unasked(postgres_server: Postgres) -> None:
    """Every line of pg_hba.conf demands SCRAM."""
    rules = query(postgres_server.admin_dsn, "SELECT DISTINCT auth_method FROM pg_hba_file_rules")
    assert [rule["auth_method"] for rule in rules] == ["scram-sha-256"]


def test_the_servers_listen_on_the_loopback_interface_only(
    postgres_server: Postgres, nats_server: NatsServer
) -> None:
    """The kernel's table has no other listening address for their ports."""
    ports = {postgres_server.port, nats_server.port}
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            address, port = line.split()[1].split(":")
            if line.split()[3] == "0A" and int(port, 16) in ports:
                listening.add((address, int(port, 16)))
    assert listening == {("0100007F", port) for port in ports}


def test_what_the_servers_keep_is_closed_to_other_users(tmp_path: Path) -> None:
    """No file or directory of the data directory grants anything to others."""
    data = tmp_path / "data"
    with Postgres(data), NatsServer(data, [everything(data, "tests")]):
        everyone = [path for path in (data, *data.rglob("*")) if path.lstat().st_mode & 0o007]
    assert everyone == []


def test_names_and_passwords_of_roles_may_hold_any_character(postgres_server: Postgres) -> None:
    """A role with quotes in its name and password owns a database and logs in to it."""
    name, password = "o'w\"n%er", "p'\\%L \" 密"
    for _ in range(2):
        postgres_server.create_role(name, password)
        postgres_server.create_database("data'base\"%I", name)
    rows = query(postgres_server.dsn("data'base\"%I", name, password), "SELECT current_user::text")
    assert rows[0][0] == name


def test_a_role_without_password_cannot_log_in(postgres_server: Postgres) -> None:
    """An owner's role exists to own; nobody can be it."""
    postgres_server.create_role("owner_only", "x")
    postgres_server.create_role("owner_only", None)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="not permitted"):
        query(postgres_server.dsn("postgres", "owner_only", "x"), "SELECT 1")


def test_a_database_can_be_closed_to_other_roles(postgres_server: Postgres) -> None:
    """A role that is not named may not connect, though it has a password."""
    postgres_server.create_role("closed_owner", None)
    postgres_server.create_role("guest", "guest")
    postgres_server.create_role("stranger", "stranger")
    postgres_server.create_database("closed", "closed_owner", connect=["guest"])
    query(postgres_server.dsn("closed", "guest", "guest"), "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(postgres_server.dsn("closed", "stranger", "stranger"), "SELECT 1")


def test_the_log_of_postgres_quotes_no_row(postgres_server: Postgres, database: str) -> None:
    """An error that names a value of a row does not carry it into the server's log."""
    dsn = postgres_server.dsn(database, ADMIN, admin_password(postgres_server))
    query(dsn, "CREATE TABLE roll (phone text UNIQUE)")
    query(dsn, "INSERT INTO roll VALUES ('13800138000')")
    with pytest.raises(asyncpg.UniqueViolationError):
        query(dsn, "INSERT INTO roll VALUES ('13800138000')")
    log = postgres_server.data / "logs" / "postgres.log"
    while "roll_phone_key" not in log.read_text():  # it passes through the warden
        time.sleep(0.01)
    assert "13800138000" not in log.read_text()


def admin_password(server: Postgres) -> str:
    """The administrator's password, from where it is kept."""
    return (server.data / "secrets" / "postgres").read_text().strip()


async def connect(server: NatsServer, name: str) -> Client:
    """A connection to `server` as its user `name`, that gives up at the first refusal."""
    return await nats.connect(
        server.url, nkeys_seed=str(seed_file(server.data, name)), allow_reconnect=False
    )


async def settle(client: Client) -> None:
    """Return when the server has handled what `client` sent, and `client` what it was sent.

    Twice, because nats-py writes the PING of a flush ahead of commands that it has not yet written.
    """
    await client.flush()
    await client.flush()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[NatsServer]:
    """A server where `clerk` may publish below `open.` except `open.secret`, and `mute` nothing."""
    clerk = NatsUser(
        name="clerk",
        public_nkey=user_nkey(seed_file(tmp_path, "clerk")),
        publish_allow=["open.>"],
        publish_deny=["open.secret"],
    )
    mute = NatsUser(name="mute", public_nkey=user_nkey(seed_file(tmp_path, "mute")))
    with NatsServer(tmp_path, [clerk, mute, everything(tmp_path, "listener")]) as server:
        yield server


@pytest.mark.parametrize(
    ("user", "arrives"),
    [("listener", {"open.a", "open.secret", "other"}), ("clerk", {"open.a"}), ("mute", set())],
)
def test_a_message_arrives_only_on_a_subject_that_its_sender_may_use(
    guarded: NatsServer, user: str, arrives: set[str]
) -> None:
    """Each user sends on three subjects; a listener hears those that this user is allowed."""

    async def heard() -> set[str]:
        listener = await connect(guarded, "listener")
        subscription = await listener.subscribe(">")
        await settle(listener)
        sender = await connect(guarded, user)
        for subject in ("open.a", "open.secret", "other"):
            await sender.publish(subject, b"")
        await settle(sender)
        await settle(listener)
        subjects = {
            (await subscription.next_msg()).subject for _ in range(subscription.pending_msgs)
        }
        await sender.close()
        await listener.close()
        return subjects

    assert asyncio.run(heard()) == arrives


@pytest.mark.parametrize(("user", "hears"), [("listener", 1), ("clerk", 0), ("mute", 0)])
def test_a_user_hears_only_what_it_may_listen_to(
    guarded: NatsServer, user: str, hears: int
) -> None:
    """A subscription that is not allowed brings no message."""

    async def heard() -> int:
        client, sender = await connect(guarded, user), await connect(guarded, "listener")
        subscription = await client.subscribe("open.a")
        await settle(client)
        await sender.publish("open.a", b"")
        await settle(sender)
        await settle(client)
        messages = subscription.pending_msgs
        await client.close()
        await sender.close()
        return messages

    assert asyncio.run(heard()) == hears


@pytest.mark.parametrize("seed", ["nobody", None])
def test_nats_refuses_whoever_is_not_a_user(
    guarded: NatsServer, tmp_path: Path, seed: str | None
) -> None:
    """Neither a stranger's key nor no key at all is let in."""
    if seed is not None:
        user_nkey(seed_file(tmp_path, seed))

    async def call() -> None:
        key = str(seed_file(tmp_path, seed)) if seed else None
        await nats.connect(guarded.url, nkeys_seed=key, allow_reconnect=False)

    with pytest.raises(nats.errors.Error, match=r"(?i)authorization violation|nkeys"):
        asyncio.run(call())


def test_every_message_is_synced_before_it_is_acknowledged(nats_server: NatsServer) -> None:
    """A power cut cannot be made here; the setting that guards against it can be read."""
    config = (nats_server.data / "nats" / "nats.conf").read_text()
    assert '"sync_interval": "always"' in config
