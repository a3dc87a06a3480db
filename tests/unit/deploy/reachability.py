"""Which pod may open a connection to which, as the NetworkPolicies of the rendered objects say.

The semantics of networking.k8s.io/v1: a pod that no policy selects for a direction is open in it;
one that is selected may do what any of these policies allows. Both ends have to allow it. Only
what our policies use is known here (labels, In, ports by number, CIDR blocks); else it fails.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final, NamedTuple

from tests.unit.deploy.manifests import Object, of_kind, pod_template, workloads

HERE: Final = "huimin"


class Place(NamedTuple):
    """An end of a connection: a pod with its labels, or an address outside the cluster."""

    name: str
    labels: Mapping[str, str]
    namespace: Mapping[str, str]
    address: str = ""

    @property
    def ours(self) -> bool:
        """Whether it is a pod of our namespace."""
        return self.namespace.get("kubernetes.io/metadata.name") == HERE


def pod_here(name: str, labels: Mapping[str, str]) -> Place:
    """A pod of our namespace."""
    return Place(name, labels, {"kubernetes.io/metadata.name": HERE})


def pods(objects: Sequence[Object]) -> Iterator[Place]:
    """A pod of each workload that is rendered."""
    for workload in workloads(objects):
        labels = pod_template(workload)["metadata"]["labels"]
        yield pod_here(workload["metadata"]["name"], labels)


def reachable(objects: Sequence[Object], source: Place, target: Place, port: int) -> bool:
    """Whether `source` may open a TCP connection to `port` of `target`."""
    policies = of_kind(objects, "NetworkPolicy")
    return _allowed(policies, "Egress", source, target, port) and _allowed(
        policies, "Ingress", target, source, port
    )


def _allowed(
    policies: Sequence[Object], direction: str, subject: Place, peer: Place, port: int
) -> bool:
    if not subject.ours:
        return True
    specs = [
        one["spec"]
        for one in policies
        if direction in one["spec"]["policyTypes"]
        and _selects(one["spec"]["podSelector"], subject.labels)
    ]
    rules = [rule for spec in specs for rule in spec.get(direction.lower(), [])]
    peers = "to" if direction == "Egress" else "from"
    return not specs or any(
        _on_port(rule["ports"], port) and any(_is(one, peer) for one in rule[peers])
        for rule in rules
    )


def _on_port(ports: Sequence[Mapping[str, Any]], port: int) -> bool:
    return any(one["protocol"] == "TCP" and one["port"] == port for one in ports)


def _is(rule: Mapping[str, Any], peer: Place) -> bool:
    if "ipBlock" in rule:
        return bool(peer.address) and _within(rule["ipBlock"], peer.address)
    assert set(rule) <= {"podSelector", "namespaceSelector"}, rule
    if peer.address:
        return False
    if "namespaceSelector" not in rule:
        return peer.ours and _selects(rule["podSelector"], peer.labels)
    return _selects(rule["namespaceSelector"], peer.namespace) and _selects(
        rule.get("podSelector", {}), peer.labels
    )


def _within(block: Mapping[str, Any], address: str) -> bool:
    return ip_address(address) in ip_network(block["cidr"]) and not any(
        ip_address(address) in ip_network(one) for one in block.get("except", [])
    )


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels", "matchExpressions"}, selector
    wanted = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in expressions), expressions
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        labels.get(one["key"]) in one["values"] for one in expressions
    )
