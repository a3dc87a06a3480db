"""docker-compose.yml, Dockerfile and Caddyfile, looked at without running them."""

import re
import subprocess
import sys
from itertools import combinations, product
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.secrets import catalogue
from shared.service.drain import GRACE_S
from tests.integration.deploy.compose import (
    FILE,
    ROOT,
    Compose,
    Service,
    example_environment,
    load,
)

MARGIN_S = 10.0
COMPOSE = load(example_environment())
LASTING = {
    name: one for name, one in COMPOSE.services.items() if name != "migrate" and not one.profiles
}

SIDES = ("ballot-1", "ballot-2", "tally", "registrar", "notify")

# These hold nothing of one side only, and stand in every service's network.
EVERYWHERE = ("proxy", "postgres", "nats", "prometheus")

# Who may speak to whom; nobody else shares a network.
NEIGHBOURS = {
    frozenset(pair)
    for pair in (
        *product(EVERYWHERE, SIDES),
        *combinations(EVERYWHERE, 2),
        ("ballot-1", "ballot-2"),
        ("postgres", "migrate"),
        *product(["desk"], ["registrar", "notify", *EVERYWHERE]),
        *product(["operator"], [*SIDES, *EVERYWHERE, "desk"]),
        *combinations(["prometheus", "grafana", "blackbox"], 2),
    )
}


def tool(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of the development environment."""
    program = Path(sys.executable).with_name(words[0])
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **example_environment()}
    return subprocess.run(
        [program, *words[1:]], capture_output=True, text=True, check=False, env=environment
    )


def test_compose_file_follows_the_compose_schema() -> None:
    """The published schema of compose files accepts it."""
    done = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE))
    assert done.returncode == 0, done.stdout


def test_dockerfile_has_no_findings() -> None:
    """Hadolint has nothing to say."""
    done = tool("hadolint", str(ROOT / "deploy/Dockerfile"))
    assert (done.returncode, done.stdout) == (0, "")


def test_caddyfile_is_valid() -> None:
    """Caddy accepts its configuration."""
    done = tool("caddy", "validate", "--config", str(ROOT / "deploy/compose/Caddyfile"),
        "--adapter", "caddyfile")  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["HUIMIN_HOST", "HUIMIN_TLS", "HUIMIN_LOG_ORIGIN"])
def test_what_only_the_city_knows_has_no_default(missing: str) -> None:
    """Without the name, the certificate or the origin nothing starts."""
    given = {name: value for name, value in example_environment().items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        load(given)


def test_only_the_proxy_is_published() -> None:
    """No other service has a port on the machine, but what watches, on its loopback alone."""
    published = {name: one.ports for name, one in COMPOSE.services.items() if one.ports}
    assert published.pop("proxy") == ["80:8080", "443:8443"]
    assert set(published) == {"prometheus", "grafana"}
    for ports in published.values():
        assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("name", COMPOSE.services)
def test_service_is_confined(name: str) -> None:
    """Read-only root, no capability but a named one, no way to new privileges."""
    service = COMPOSE.services[name]
    added = {"proxy": ["NET_BIND_SERVICE"], "secrets": ["CHOWN", "DAC_READ_SEARCH"]}
    assert service.read_only
    assert service.cap_drop == ["ALL"]
    assert service.cap_add == added.get(name, [])
    assert service.security_opt == ["no-new-privileges:true"]


def test_only_proxy_and_the_tool_for_secrets_are_root() -> None:
    """Every other service names an ordinary user."""
    roots = [
        name for name, one in COMPOSE.services.items() if int(one.user.split(":")[0] or 0) == 0
    ]
    assert roots == ["proxy", "secrets"]


@pytest.mark.parametrize("name", LASTING)
def test_service_may_stop_in_its_own_time(name: str) -> None:
    """The engine waits longer than a service takes at most, and everybody's health is checked."""
    service = LASTING[name]
    assert service.healthcheck is not None
    notice = sum(
        float(value)
        for variable, value in service.environment.items()
        if variable.endswith("_STOP_NOTICE_S")
    )
    assert float(service.stop_grace_period.removesuffix("s")) > notice + GRACE_S + MARGIN_S


@pytest.mark.parametrize("name", COMPOSE.services)
def test_no_secret_is_in_an_environment(name: str) -> None:
    """What is secret comes as a file of `/run/secrets/`, never as a value."""
    secret = re.compile(r"PASSWORD|TOKEN|SEED|_KEY|DATABASE_URL")
    for variable, value in COMPOSE.services[name].environment.items():
        if secret.search(variable):
            assert variable.endswith("_FILE"), variable
            assert value.startswith("/run/secrets/"), variable


@pytest.mark.parametrize("name", sorted(set(COMPOSE.services) - {"operator"}))
def test_service_has_its_own_secrets_only(name: str) -> None:
    """Each mounted secret is one that `huimin secrets` writes for this reader."""
    readers = {file.name: file.reader for file in catalogue()}
    kind = name.partition("-")[0]
    for secret in COMPOSE.services[name].secrets:
        reader = readers[secret]
        others = reader == "all other services" and kind in ("tally", "registrar", "notify")
        assert others or kind in reader or (kind, "operator" in reader) == ("desk", True), secret


def test_the_operator_has_what_it_examines_and_no_key() -> None:
    """Databases and logins of the four services; nothing that signs, issues, or opens a desk."""
    mounted = set(COMPOSE.services["operator"].secrets)
    services = {name.partition("-")[0] for name in SIDES}
    assert mounted == {"postgres.database-url", "nats.conf"} | {
        f"{service}.{kind}" for service in services for kind in ("database-url", "nkey")
    }


def test_every_secret_that_is_mounted_is_named() -> None:
    """No secret is declared that nobody reads, and none read that is not declared."""
    read = {secret for one in COMPOSE.services.values() for secret in one.secrets}
    assert read == set(COMPOSE.secrets)


@pytest.mark.parametrize(("setting", "page"), [("VOTING_URL", "vote"), ("BOARD_URL", "board")])
def test_messages_lead_to_a_page_of_their_edition(setting: str, page: str) -> None:
    """The public pages, with the edition: "choose" must not lead to the dashboard."""
    url = COMPOSE.services["notify"].environment[f"HUIMIN_NOTIFY_{setting}"]
    assert url == f"https://{example_environment()['HUIMIN_HOST']}/{page}#{{edition}}"


def test_postgres_is_asked_for_the_role_and_database_that_it_makes() -> None:
    """The health check names those of the image's variables, and asks by TCP."""
    postgres = COMPOSE.services["postgres"]
    assert postgres.healthcheck is not None
    program, *_, address = postgres.healthcheck.test[1:]
    url = urlsplit(address.removeprefix("--dbname="))
    made = (postgres.environment["POSTGRES_USER"], f"/{postgres.environment['POSTGRES_DB']}")
    assert (program, url.hostname, url.port) == ("pg_isready", "127.0.0.1", 5432)
    assert (url.username, url.path) == made


def test_postgres_is_what_the_image_makes_of_it() -> None:
    """Its entrypoint acts only for `postgres`, and keeps the data of version 18 below this path."""
    postgres = COMPOSE.services["postgres"]
    assert postgres.command[0] == "postgres"
    assert int(postgres.image.rpartition(":")[2].partition("-")[0]) >= 18
    assert postgres.volumes == ["postgres:/var/lib/postgresql"]


def test_postgres_may_read_its_password() -> None:
    """The tool hands the file to the user that the container runs as, and all else to ours."""
    words = COMPOSE.services["secrets"].command
    owners = {word: words[words.index(word) + 1] for word in words if word.endswith("-user")}
    assert owners == {
        "--postgres-user": COMPOSE.services["postgres"].user.partition(":")[0],
        "--services-user": COMPOSE.services["migrate"].user.partition(":")[0],
    }
    assert COMPOSE.services["postgres"].secrets == ["postgres.password"]


def test_networks_keep_apart_who_must_not_meet() -> None:
    """Two services share a network exactly if they are neighbours; no service meets another."""
    met = {
        frozenset((one, other))
        for one, other in combinations(COMPOSE.services, 2)
        if _networks(COMPOSE.services[one]) & _networks(COMPOSE.services[other])
    }
    assert met == NEIGHBOURS


def test_only_those_who_must_have_a_way_out() -> None:
    """The proxy answers people, notify asks its providers, officers and watchers what is public."""
    open_ones = {name for name, one in COMPOSE.networks.items() if not one.internal}
    out = {name for name, one in COMPOSE.services.items() if _networks(one) & open_ones}
    assert out == {"proxy", "notify", "desk", "operator", "prometheus", "grafana", "blackbox"}


def test_a_service_on_its_rivals_network_is_noticed() -> None:
    """The test above would see the registrar in the ballot service's network."""
    text = FILE.read_text().replace("networks: [registrar]", "networks: [registrar, ballot]")
    changed: Compose = load(example_environment(), text)
    shared = _networks(changed.services["registrar"]) & _networks(changed.services["ballot-1"])
    assert shared == {"ballot"}


def _networks(service: Service) -> set[str]:
    return set(service.networks)
