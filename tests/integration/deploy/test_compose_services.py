"""Every service of docker-compose.yml, started as the file says, does its work."""

import json
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.log.encoding import parse_base64
from tests.integration.deploy.deployment import Deployment, connect_tls
from tests.servers import query

SERVICES = ("ballot-1", "ballot-2", "tally", "registrar", "notify", "postgres", "nats", "proxy")

DURABILITY = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "password_encryption": "scram-sha-256",
    "log_min_error_statement": "panic",
}


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_healthy_by_its_own_check(deployment: Deployment, name: str) -> None:
    """The command that the file names as the service's health check succeeds."""
    assert deployment.check_health(name).returncode == 0


@pytest.mark.parametrize("name", ["tally", "registrar", "notify"])
def test_service_is_ready_and_logged_in_to_nats(deployment: Deployment, name: str) -> None:
    """The database answers, and NATS knows the service's key."""
    port = int(deployment.compose.services[name].expose[0])
    with urlopen(f"http://127.0.0.1:{deployment.port(name, port)}/ready", timeout=10) as answer:
        found = json.load(answer)
    assert (found["ready"], found["database"], found["nats"]) == (True, "ok", "ok")


def test_no_service_has_complained(deployment: Deployment) -> None:
    """Nothing above a warning is in any log."""
    for name in ("ballot-1", "ballot-2", "tally", "registrar", "notify"):
        assert '"level":"error"' not in deployment.log(name).replace(" ", ""), name
        assert '"level":"critical"' not in deployment.log(name).replace(" ", ""), name


def test_postgres_is_durable_and_discreet(deployment: Deployment) -> None:
    """The settings that durability and privacy rest on are in force."""
    url = deployment.mounted("migrate", "postgres.database-url").read_text().strip()
    rows = query(url, "SELECT name, current_setting(name) AS value FROM pg_settings")
    settings = {row["name"]: row["value"] for row in rows}
    assert {name: settings[name] for name in DURABILITY} == DURABILITY


def test_migrations_log_in_as_the_administrator_whom_the_image_makes(
    deployment: Deployment,
) -> None:
    """Name, password and database of the address are those that the container is given."""
    url = urlsplit(deployment.mounted("migrate", "postgres.database-url").read_text().strip())
    given = deployment.compose.services["postgres"].environment
    password = deployment.mounted("postgres", "postgres.password").read_text().strip()
    assert (url.username, url.password, url.path) == (
        given["POSTGRES_USER"],
        password,
        f"/{given['POSTGRES_DB']}",
    )


def test_nats_syncs_every_message(deployment: Deployment) -> None:
    """JetStream writes each acknowledged message to disk before it acknowledges it."""
    monitor = f"http://127.0.0.1:{deployment.port('nats', 8222)}/varz"
    with urlopen(monitor, timeout=10) as answer:
        assert json.load(answer)["jetstream"]["config"]["sync_always"] is True


def test_services_trust_the_key_that_signs(deployment: Deployment) -> None:
    """The public key that services are given is that of the ballot service's seed."""
    seed = parse_base64(deployment.mounted("ballot-1", "log-key.seed").read_text().strip())
    public = parse_base64(deployment.mounted("tally", "log-key.public").read_text().strip())
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert key.public_bytes_raw() == public


def test_the_public_address_serves_the_voting_page(deployment: Deployment) -> None:
    """The proxy hands out the page over TLS, by way of a ballot service."""
    with connect_tls(deployment.port("proxy", 8443)) as connected:
        connected.sendall(b"GET /vote HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connected.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200")
