"""The objects that `kubectl apply -k` would send, rendered by the kustomize within kubectl itself.

kubectl comes with the Python packages of the tests, and asks no cluster for this.
"""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

KUBERNETES: Final = Path(__file__).parents[3] / "deploy" / "kubernetes"
OVERLAYS: Final = ("single-node", "production")
OPERATORS_KINDS: Final = (
    *("Cluster", "ScheduledBackup", "ObjectStore"),
    *("PodMonitor", "Probe", "PrometheusRule"),
)
"""Kinds that Kubernetes itself does not know: CloudNativePG's, and Prometheus's operator's."""

SERVICES: Final = ("registrar", "ballot", "tally", "notify")

Object: TypeAlias = Mapping[str, Any]
"""One object of Kubernetes, whose fields are its schema's business."""


@cache
def rendered(directory: Path) -> tuple[Object, ...]:
    """What a kustomization gives; fails with kustomize's own words."""
    kubectl = shutil.which("kubectl")
    assert kubectl, "kubectl is missing: `make test` installs it"
    run = subprocess.run(
        [kubectl, "kustomize", str(directory)], capture_output=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr.decode()
    return tuple(yaml.safe_load_all(run.stdout))


def overlay(name: str) -> tuple[Object, ...]:
    """What one overlay gives."""
    return rendered(KUBERNETES / "overlays" / name)


def of_kind(objects: Sequence[Object], *kinds: str) -> list[Object]:
    """The objects of these kinds."""
    return [one for one in objects if one["kind"] in kinds]


def named(objects: Sequence[Object], kind: str, name: str) -> Object:
    """The one object of this kind and name."""
    (found,) = (one for one in of_kind(objects, kind) if one["metadata"]["name"] == name)
    return found


def pod_template(workload: Object) -> Object:
    """The pods of a Deployment, StatefulSet or Job."""
    template: Object = workload["spec"]["template"]
    return template


def containers(workload: Object) -> list[Object]:
    """All containers of a workload's pods."""
    spec = pod_template(workload)["spec"]
    return [*spec["containers"], *spec.get("initContainers", [])]


def workloads(objects: Sequence[Object]) -> list[Object]:
    """Whatever runs pods, by kustomize's hand."""
    return of_kind(objects, "Deployment", "StatefulSet", "Job")


def environment(objects: Sequence[Object], deployment: Object) -> dict[str, str]:
    """The variables of a service's container, from its ConfigMaps."""
    (container,) = containers(deployment)
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        found |= named(objects, "ConfigMap", source["configMapRef"]["name"])["data"]
    return found


def mounted_secrets(workload: Object) -> Iterator[tuple[str, str, str | None]]:
    """Where each Secret is mounted, its name, and the one key that is taken (None: all)."""
    volumes = {one["name"]: one for one in pod_template(workload)["spec"]["volumes"]}
    for container in containers(workload):
        for mount in container["volumeMounts"]:
            secret = volumes.get(mount["name"], {}).get("secret")
            if secret:
                for item in secret.get("items", [None]):
                    yield mount["mountPath"], secret["secretName"], item and item["key"]
