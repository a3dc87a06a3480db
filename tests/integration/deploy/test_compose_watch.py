"""What watches the containers: Prometheus finds every service, and Grafana has the dashboard."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.deploy.compose import ROOT, example_environment, load
from tests.integration.deploy.test_compose_proxy import ROUTES
from tests.promql import FILES, expressions

COMPOSE = load(example_environment())
SCRAPED = yaml.safe_load((FILES / "prometheus.yml").read_text())["scrape_configs"]
SERVICES = ("ballot-1", "ballot-2", "tally", "registrar", "notify")


def scraped() -> Iterator[tuple[str, str, str]]:
    """Job, name and port of whatever is looked for in the network."""
    for job in SCRAPED:
        for one in job.get("dns_sd_configs", []):
            yield from ((job["job_name"], name, str(one["port"])) for name in one["names"])


def test_every_name_that_is_scraped_is_a_service_that_listens_there() -> None:
    """Each process of the compose file, at the port that it exposes, in the job of its kind."""
    assert set(scraped()) == {
        (f"huimin-{name.partition('-')[0]}", name, *COMPOSE.services[name].expose)
        for name in SERVICES
    }


def test_prometheus_stands_in_the_network_of_every_service() -> None:
    """Otherwise no name would be found."""
    watcher = set(COMPOSE.services["prometheus"].networks)
    assert [name for name in SERVICES if not watcher & set(COMPOSE.services[name].networks)] == []


def test_jobs_of_alerts_and_dashboard_are_those_that_are_scraped() -> None:
    """No expression names a job that nobody scrapes, and each that is scraped is watched for."""
    named = {
        job for _, expression in expressions() for job in re.findall(r'\bjob="([^"]+)"', expression)
    }
    assert named == {job["job_name"] for job in SCRAPED}


def test_the_public_address_that_is_given_as_an_example_is_published() -> None:
    """Its path is answered by the proxy; `/live`, for one, is not."""
    (path,) = re.findall(r"https://[a-z.]+(/\S*)\"", (FILES / "prometheus.yml").read_text())
    assert path in ROUTES
    assert "/live" not in ROUTES


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_files_that_are_mounted_are_there(name: str) -> None:
    """Each path below deploy/ is one of the project's."""
    sources = [volume.split(":")[0] for volume in COMPOSE.services[name].volumes]
    assert all((ROOT / one).exists() for one in sources if one.startswith("./deploy/"))


def test_prometheus_finds_its_rules_and_your_files() -> None:
    """Paths in prometheus.yml are relative to where it is mounted."""
    config = yaml.safe_load((FILES / "prometheus.yml").read_text())
    mounts = {volume.split(":")[1] for volume in COMPOSE.services["prometheus"].volumes}
    files = [*config["rule_files"], *re.findall(r"own/\w+\.json", json.dumps(config))]
    assert {str(Path("/etc/prometheus", one.split("/")[0])) for one in files} <= mounts
    assert len(files) == 3


def test_grafana_is_provisioned_with_source_and_dashboard() -> None:
    """It asks Prometheus by its name and port, and shows the file that is mounted."""
    (source,) = yaml.safe_load((FILES / "grafana/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((FILES / "grafana/dashboards/huimin.yml").read_text())["providers"]
    grafana = COMPOSE.services["grafana"]
    shown = grafana.environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert source["url"] == "http://prometheus:9090"
    assert COMPOSE.services["prometheus"].ports == ["127.0.0.1:9090:9090"]
    assert Path(shown).parent == Path(provider["options"]["path"])
    assert f"./deploy/observability/dashboard.json:{shown}:ro" in grafana.volumes


def test_nobody_can_log_in_to_grafana() -> None:
    """There is no administrator with a default password, and whoever looks can only look."""
    given = COMPOSE.services["grafana"].environment
    assert given["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert given["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert (given["GF_AUTH_BASIC_ENABLED"], given["GF_AUTH_DISABLE_LOGIN_FORM"]) == (
        "false",
        "true",
    )
