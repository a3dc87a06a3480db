"""The values for NATS's upstream chart: keys that the chart has, and pods that Kubernetes accepts.

The chart has no schema and comes from none of the registries that tests use, so it is not rendered
here. Its keys are written down as its values.yaml has them (repository nats-io/k8s, directory
helm/charts/nats, 1.3 and later), as far as ours go. What it merges into containers and pods as it
stands is put into a StatefulSet, and that is checked as Kubernetes would.
"""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import kubernetes_validate
import pytest
import yaml

from tests.unit.deploy.manifests import KUBERNETES, Object

Keys: TypeAlias = Mapping[str, "Keys | None"]
"""The keys of a section; None: a value, or what is the user's or Kubernetes's own."""

VALUES: Final[Object] = yaml.safe_load(
    (KUBERNETES / "overlays/production/nats-values.yaml").read_text()
)

FREE: Final[Keys] = {"merge": None, "patch": None}
IMAGE: Final[Keys] = dict.fromkeys(
    ("repository", "tag", "pullPolicy", "registry", "digest", "fullImageName")
)
CONTAINER: Final[Keys] = {"image": IMAGE, "env": None, **FREE}
CHART: Final[Keys] = {
    **dict.fromkeys(
        ("global", "nameOverride", "fullnameOverride", "namespaceOverride", "tlsCA", "service")
    ),
    **dict.fromkeys(
        ("statefulSet", "headlessService", "configMap", "serviceAccount", "extraResources")
    ),
    "config": {
        **dict.fromkeys(("nats", "leafnodes", "websocket", "mqtt", "gateway", "profiling")),
        **dict.fromkeys(("resolver", "serverNamePrefix", *FREE)),
        "cluster": dict.fromkeys(
            ("enabled", "port", "replicas", "routeURLs", "noAdvertise", "tls", *FREE)
        ),
        "jetstream": {
            "enabled": None,
            "fileStore": {
                **dict.fromkeys(("enabled", "dir", "maxSize")),
                "pvc": dict.fromkeys(("enabled", "size", "storageClassName", "name", *FREE)),
            },
            "memoryStore": dict.fromkeys(("enabled", "maxSize")),
            **FREE,
        },
        "monitor": dict.fromkeys(("enabled", "port", "tls")),
    },
    "container": {**CONTAINER, "ports": None},
    "reloader": {**CONTAINER, "enabled": None, "natsVolumeMountPrefixes": None},
    "promExporter": {
        **CONTAINER,
        **dict.fromkeys(("enabled", "port", "monitorDomain")),
        "podMonitor": dict.fromkeys(("enabled", "name", *FREE)),
    },
    "podTemplate": dict.fromkeys(("configChecksumAnnotation", "topologySpreadConstraints", *FREE)),
    "podDisruptionBudget": dict.fromkeys(("enabled", "name", *FREE)),
    "natsBox": dict.fromkeys(("enabled", "contexts", "container", "podTemplate", "serviceAccount")),
}


def test_every_key_is_one_of_the_charts() -> None:
    """Helm passes over one that the chart does not know."""
    assert list(unknown(VALUES, CHART)) == []


def test_kubernetes_accepts_what_the_chart_merges_into_pods() -> None:
    """Strictly, for containers and pod template; the chart itself checks nothing of it."""
    kubernetes_validate.validate(stateful_set(VALUES), "1.30", strict=True)


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        (["reloader"], "merge", "merges"),
        (["config", "jetstream"], "fileStore", "fileStorage"),
        (["promExporter", "podMonitor"], "enabled", "enable"),
    ],
)
def test_a_key_that_the_chart_does_not_have_is_found(
    path: Sequence[str], right: str, wrong: str
) -> None:
    """Misspelt, or of an older chart."""
    assert list(unknown(renamed(path, right, wrong), CHART)) == ["/".join([*path, wrong])]


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        (["container", "merge"], "securityContext", "securityContex"),
        (["podTemplate", "merge", "spec"], "automountServiceAccountToken", "automount"),
        (["podTemplate", "merge", "spec", "securityContext"], "runAsUser", "runAs"),
        (["reloader", "merge", "securityContext"], "capabilities", "capability"),
    ],
)
def test_a_field_that_kubernetes_does_not_have_is_found(
    path: Sequence[str], right: str, wrong: str
) -> None:
    """The server would drop it, and the container run with what it should not have."""
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(stateful_set(renamed(path, right, wrong)), "1.30", strict=True)


def test_pods_of_nats_are_unprivileged_and_cannot_change_themselves() -> None:
    """Like those of ours: an ordinary user, and no container that may write or raise itself."""
    pod = stateful_set(VALUES)["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert len(pod["containers"]) == 3
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_users_file_is_mounted_where_the_configuration_includes_it() -> None:
    """Beside /etc/nats-config, which the chart makes; below /etc/, which the reloader watches."""
    pod = stateful_set(VALUES)["spec"]["template"]["spec"]
    (mount,) = pod["containers"][0]["volumeMounts"]
    (volume,) = pod["volumes"]
    assert mount["mountPath"] == "/etc/nats-users"
    assert VALUES["config"]["merge"]["$include"] == "../nats-users/users.conf"
    assert (volume["name"], volume["secret"]["secretName"]) == (mount["name"], "huimin-nats")


def unknown(values: Mapping[str, Any], keys: Keys, path: str = "") -> Iterator[str]:
    """The paths of keys that the chart does not have."""
    for name, value in values.items():
        if name not in keys:
            yield f"{path}{name}"
        elif (inner := keys[name]) is not None:
            yield from unknown(value, inner, f"{path}{name}/")


def stateful_set(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the chart makes of pods and containers, as far as these values decide it."""
    containers = []
    for section, name in (("container", "nats"), ("reloader", "reloader"), ("promExporter", "exp")):
        container: dict[str, Any] = {"name": name, "image": "image:1", "volumeMounts": []}
        containers.append(merged_and_patched(container, values[section]))
    template = {"metadata": {"labels": {}}, "spec": {"containers": containers, "volumes": []}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "nats"},
        "spec": {
            "serviceName": "nats",
            "selector": {"matchLabels": {}},
            "template": merged_and_patched(template, values["podTemplate"]),
        },
    }


def merged_and_patched(given: dict[str, Any], section: Mapping[str, Any]) -> dict[str, Any]:
    """As the chart does it: deep merge, then JSON Patch, of which only `add` to a list is known."""
    merged = _merged(copy.deepcopy(given), section.get("merge", {}))
    for step in section.get("patch", []):
        assert step["op"] == "add"
        *path, last = step["path"].removeprefix("/").split("/")
        assert last == "-"
        place: Any = merged
        for key in path:
            place = place[key]
        place.append(step["value"])
    return merged


def _merged(given: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(given.get(key), dict)
        given[key] = _merged(given[key], value) if both else value
    return given


def renamed(path: Sequence[str], right: str, wrong: str) -> dict[str, Any]:
    """Our values with one key called otherwise."""
    # By JSON, so that what YAML's anchors share is not changed in several places.
    values: dict[str, Any] = json.loads(json.dumps(VALUES))
    place = values
    for step in path:
        place = place[step]
    place[wrong] = place.pop(right)
    return values
