"""The overlays that recover one side: production, but for where this side's cluster comes from."""

import pytest

from tests.unit.deploy.manifests import OPERATORS_KINDS, named, of_kind, overlay
from tests.unit.deploy.test_kubernetes_operators import operators_faults

SIDES = ("ballots", "people")


@pytest.mark.parametrize("side", SIDES)
def test_the_cluster_comes_from_its_own_archive_and_goes_on_in_another(side: str) -> None:
    """The bucket is the same, the name in it is new; otherwise the operator archives nothing."""
    lost = named(overlay("production"), "Cluster", f"postgres-{side}")["spec"]
    spec = named(overlay(f"recovery-{side}"), "Cluster", f"postgres-{side}")["spec"]
    (source,) = spec["externalClusters"]
    assert spec["bootstrap"]["recovery"]["source"] == source["name"]
    assert source["plugin"]["name"] == lost["plugins"][0]["name"] == spec["plugins"][0]["name"]
    bucket = lost["plugins"][0]["parameters"]["barmanObjectName"]
    assert source["plugin"]["parameters"] == {
        "barmanObjectName": bucket,
        "serverName": f"postgres-{side}",
    }
    assert spec["plugins"][0]["parameters"] == {
        "barmanObjectName": bucket,
        "serverName": f"postgres-{side}-2",
    }


@pytest.mark.parametrize("side", SIDES)
def test_migrations_find_the_administrator_that_the_recovery_makes(side: str) -> None:
    """Owner and database are those of the first beginning: the operator writes their address."""
    first = named(overlay("production"), "Cluster", f"postgres-{side}")["spec"]["bootstrap"]
    again = named(overlay(f"recovery-{side}"), "Cluster", f"postgres-{side}")["spec"]["bootstrap"]
    assert {key: again["recovery"][key] for key in ("database", "owner")} == {
        key: first["initdb"][key] for key in ("database", "owner")
    }


@pytest.mark.parametrize("side", SIDES)
def test_nothing_else_differs_from_production(side: str) -> None:
    """Not a single other object."""
    before = {(one["kind"], one["metadata"]["name"]): one for one in overlay("production")}
    after = {(one["kind"], one["metadata"]["name"]): one for one in overlay(f"recovery-{side}")}
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == {("Cluster", f"postgres-{side}")}


@pytest.mark.parametrize("side", SIDES)
def test_the_operator_accepts_it(side: str) -> None:
    """By its own types."""
    assert operators_faults(of_kind(overlay(f"recovery-{side}"), *OPERATORS_KINDS)) == []
