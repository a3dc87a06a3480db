"""Who may talk to whom in Kubernetes: the table below, and nothing else."""

from itertools import product
from typing import Final

import pytest

from tests.unit.deploy.manifests import overlay, pod_template, workloads
from tests.unit.deploy.reachability import Place, pod_here, pods, reachable

PORTS: Final = (443, 4318, 5432, 4222, 6222, 6443, 7777, 8000, 8080, 8090, 8100, 8110, 8222, 9187)

OUTSIDE: Final = (
    Place("proxy", {}, {"huimin/role": "ingress", "kubernetes.io/metadata.name": "traefik"}),
    Place("prometheus", {}, {"huimin/role": "monitoring"}),
    Place("operator", {}, {"kubernetes.io/metadata.name": "cnpg-system"}),
    Place("somebody", {"app.kubernetes.io/name": "ballot"}, {}),
    Place("intruder", {}, {"kubernetes.io/metadata.name": "huimin"}),
    Place("internet", {}, {}, "203.0.113.7"),
    Place("city network", {}, {}, "10.1.2.3"),
)

EVERYWHERE: Final = {
    ("proxy", "registrar", 8100),
    ("proxy", "ballot", 8080),
    ("proxy", "tally", 8090),
    ("proxy", "notify", 8110),
    ("prometheus", "registrar", 8100),
    ("prometheus", "ballot", 8080),
    ("prometheus", "tally", 8090),
    ("prometheus", "notify", 8110),
    ("registrar", "ballot", 8080),
    ("tally", "ballot", 8080),
    ("notify", "ballot", 8080),
    ("registrar", "nats", 4222),
    ("ballot", "nats", 4222),
    ("tally", "nats", 4222),
    ("notify", "nats", 4222),
    ("ballot", "postgres-ballots", 5432),
    ("tally", "postgres-ballots", 5432),
    ("migrate-ballots", "postgres-ballots", 5432),
    ("registrar", "postgres-people", 5432),
    ("notify", "postgres-people", 5432),
    ("migrate-people", "postgres-people", 5432),
    ("registrar", "prometheus", 4318),
    ("ballot", "prometheus", 4318),
    ("tally", "prometheus", 4318),
    ("notify", "prometheus", 4318),
    ("notify", "internet", 443),
}
"""What both overlays allow."""

CLUSTERS: Final = (
    {("nats", "nats", 6222), ("prometheus", "nats", 7777)}
    | {
        (source, f"postgres-{side}", port)
        for side in ("ballots", "people")
        for source in (f"postgres-{side}", "operator")
        for port in (5432, 8000)
    }
    | {("prometheus", f"postgres-{side}", 9187) for side in ("ballots", "people")}
    | {
        (f"postgres-{side}", place, port)
        for side in ("ballots", "people")
        for place in ("internet", "city network")
        for port in (443, 6443)
    }
)
"""What servers that stand in clusters need among themselves, in the overlay production."""

MADE_BY_OTHERS: Final = (
    pod_here("nats", {"app.kubernetes.io/name": "nats", "app.kubernetes.io/component": "nats"}),
    pod_here("postgres-ballots", {"cnpg.io/cluster": "x", "huimin/database": "ballots"}),
    pod_here("postgres-people", {"cnpg.io/cluster": "x", "huimin/database": "people"}),
)
"""Pods of the NATS chart and the PostgreSQL operator, as they label them."""


@pytest.mark.parametrize(
    ("name", "others", "allowed"),
    [("single-node", (), EVERYWHERE), ("production", MADE_BY_OTHERS, EVERYWHERE | CLUSTERS)],
)
def test_only_those_talk_who_have_to(
    name: str, others: tuple[Place, ...], allowed: set[tuple[str, str, int]]
) -> None:
    """Every pod, the proxy, strangers and the internet, each with each, on each port."""
    objects = overlay(name)
    places = (*pods(objects), *others, *OUTSIDE)
    found = {
        (source.name, target.name, port)
        for source, target, port in product(places, places, PORTS)
        if (source.ours or target.ours) and reachable(objects, source, target, port)
    }
    found -= {one for one in found if "intruder" in one and one[0] == one[1]}
    assert found == allowed


@pytest.mark.parametrize("name", ["single-node", "production"])
def test_each_side_mounts_its_own_database_alone(name: str) -> None:
    """The label that opens the way to a database is one of a pod's two sides, never both."""
    sides = {
        one["metadata"]["name"]: pod_template(one)["metadata"]["labels"].get("huimin/uses-database")
        for one in workloads(overlay(name))
    }
    assert {side: sides[side] for side in ("registrar", "ballot", "tally", "notify")} == {
        "registrar": "people",
        "ballot": "ballots",
        "tally": "ballots",
        "notify": "people",
    }
