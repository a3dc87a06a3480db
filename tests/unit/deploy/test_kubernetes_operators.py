"""What operators take on: valid by their own types, and Prometheus finds and is told everything."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
import yaml

from tests.promql import FILES, expressions
from tests.unit.deploy.manifests import (
    KUBERNETES,
    OPERATORS_KINDS,
    SERVICES,
    Object,
    named,
    of_kind,
    overlay,
    pod_template,
)


def test_operators_accept_their_objects() -> None:
    """By the operators' own types: no field that they do not know, none of a wrong kind."""
    objects = of_kind(overlay("production"), *OPERATORS_KINDS)
    assert {one["kind"] for one in objects} == set(OPERATORS_KINDS)
    assert operators_faults(objects) == []


@pytest.mark.parametrize(
    ("kind", "path", "right", "wrong"),
    [
        # The field without which a commit would wait for nobody.
        ("Cluster", ["spec", "postgresql", "synchronous"], "dataDurability", "dataDurabilty"),
        (
            "PodMonitor",
            ["spec", "podMetricsEndpoints", 0, "relabelings", 0],
            "targetLabel",
            "target",
        ),
        ("PrometheusRule", ["spec", "groups", 0, "rules", 0], "for", "fore"),
        ("Probe", ["spec"], "jobName", "job"),
    ],
)
def test_a_misspelt_field_is_found(
    kind: str, path: Sequence[str | int], right: str, wrong: str
) -> None:
    """The server would drop it without a word."""
    given = json.loads(json.dumps(of_kind(overlay("production"), kind)[0]))
    place = given
    for step in path:
        place = place[step]
    place[wrong] = place.pop(right)
    assert f"{wrong} is no field that the operator knows" in "\n".join(operators_faults([given]))


def test_prometheus_finds_every_service() -> None:
    """By a PodMonitor of its operator, or by annotations where there is none."""
    monitor = named(overlay("production"), "PodMonitor", "huimin")["spec"]
    assert monitor["selector"]["matchExpressions"] == [
        {"key": "app.kubernetes.io/name", "operator": "In", "values": list(SERVICES)}
    ]
    assert [(one["port"], one["path"]) for one in monitor["podMetricsEndpoints"]] == [
        ("http", "/metrics")
    ]
    for service in SERVICES:
        template = pod_template(named(overlay("single-node"), "Deployment", service))
        assert template["metadata"]["annotations"]["prometheus.io/scrape"] == "true"


def test_services_are_asked_by_the_half_minute() -> None:
    """As docs and `prometheus.yml` say: what is counted more finely could single somebody out."""
    monitor = named(overlay("production"), "PodMonitor", "huimin")["spec"]
    config = yaml.safe_load((FILES / "prometheus.yml").read_text())
    intervals = {one["interval"] for one in monitor["podMetricsEndpoints"]}
    assert intervals == {config["global"]["scrape_interval"]} == {"30s"}


def test_jobs_are_called_as_the_alerts_call_them() -> None:
    """Of each service by its pods' label, and of the public addresses; no alert names another."""
    objects = overlay("production")
    (endpoint,) = named(objects, "PodMonitor", "huimin")["spec"]["podMetricsEndpoints"]
    (relabeling,) = endpoint["relabelings"]
    assert relabeling["targetLabel"] == "job"
    assert relabeling["sourceLabels"] == ["__meta_kubernetes_pod_label_app_kubernetes_io_name"]
    labels = [
        pod_template(named(objects, "Deployment", service))["metadata"]["labels"]
        for service in SERVICES
    ]
    jobs = {
        relabeling["replacement"].replace("$1", one["app.kubernetes.io/name"]) for one in labels
    }
    jobs.add(named(objects, "Probe", "huimin")["spec"]["jobName"])
    assert jobs == {
        job for _, expression in expressions() for job in re.findall(r'\bjob="([^"]+)"', expression)
    }


def test_the_operators_rules_are_the_alerts() -> None:
    """`make alert-rules` was run after the last change."""
    rules = named(overlay("production"), "PrometheusRule", "huimin")["spec"]
    assert rules == yaml.safe_load((FILES / "alerts.yml").read_text())


def test_every_public_host_is_looked_at_where_it_is_published() -> None:
    """One address of each, under a path that the Ingress has."""
    objects = overlay("production")
    published = {
        one["spec"]["rules"][0]["host"]: [
            path["path"] for path in one["spec"]["rules"][0]["http"]["paths"]
        ]
        for one in of_kind(objects, "Ingress")
    }
    targets = named(objects, "Probe", "huimin")["spec"]["targets"]["staticConfig"]["static"]
    looked_at = [urlsplit(target) for target in targets]
    assert {one.hostname for one in looked_at} == set(published)
    for one in looked_at:
        paths = published[one.hostname or ""]
        assert any(one.path == path or one.path.startswith(f"{path}/") for path in paths), one


def operators_faults(objects: Sequence[Object]) -> list[str]:
    """What the operators' own types say against these objects."""
    node = shutil.which("node")
    interop = KUBERNETES.parents[1] / "tests" / "interop"
    assert node, "Node.js is missing: `make test` installs it"
    run = subprocess.run(
        [node, "operators.mjs"],
        cwd=interop,
        input="\n".join(map(json.dumps, objects)).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout.decode().splitlines()
