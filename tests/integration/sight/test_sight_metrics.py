"""Metrics: what dashboard and alerts ask for is there, and no label says what it must not."""

import pytest

from tests.integration.sight.stage import EDITION, SERVICES, Seen
from tests.promql import expressions, selected

ELSEWHERE = {"up", "probe_ssl_earliest_cert_expiry", "probe_success"}
"""What Prometheus itself and the blackbox exporter tell."""

GIVEN = {"job", "instance"}
"""The labels that Prometheus gives to all."""

CASTING = "/v1/editions/{edition}/ballots"

WORDS = {
    *("app_name", "channel", "edition", "kind", "le", "method", "outcome", "path", "slug"),
    *("source", "status_code", "version", "what"),
}


@pytest.fixture(scope="module")
def told(seen: Seen) -> dict[str, set[str]]:
    """Every sample's name that is in any scrape, with the names of its labels."""
    found: dict[str, set[str]] = {}
    for families in seen.metrics.values():
        for family in families.values():
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_what_dashboard_and_alerts_ask_for_is_told(told: dict[str, set[str]]) -> None:
    """Every metric by name, and every label that one is chosen by."""
    missing = [
        (where, metric, label)
        for where, expression in expressions()
        for metric, labels in selected(expression)
        if metric not in ELSEWHERE
        for label in ["", *labels - GIVEN]
        if metric not in told or (label and label not in told[metric])
    ]
    assert missing == []


def test_every_metric_is_asked_for_by_dashboard_or_alerts(told: dict[str, set[str]]) -> None:
    """Nothing is counted that nobody would see; histograms by one of their parts."""
    asked = {metric for _, expression in expressions() for metric, _ in selected(expression)}
    families = {_family(metric) for metric in asked}
    unseen = {name for name in told if name.startswith("huimin_") and _family(name) not in families}
    assert unseen == set()


def test_labels_are_of_the_list(told: dict[str, set[str]]) -> None:
    """No label that could hold an id of somebody or something."""
    assert {label for labels in told.values() for label in labels} - WORDS == set()


def test_editions_are_named_where_only_words_may_be_otherwise(seen: Seen) -> None:
    """Values of labels are templates, words and the edition's public id, and short."""
    values = {
        (label, value)
        for families in seen.metrics.values()
        for family in families.values()
        for sample in family.samples
        for label, value in sample.labels.items()
        if label not in ("le", "version")
    }
    with_edition = {label for label, value in values if EDITION in value}
    too_long = {value for _, value in values if len(value) > 64}
    assert (with_edition, too_long) == ({"edition"}, set())


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_counts_requests_by_route_template(seen: Seen, service: str) -> None:
    """Rate, errors and duration, with the same labels everywhere."""
    requests = seen.metrics[service]["huimin_requests"].samples
    durations = seen.metrics[service]["huimin_request_duration_seconds"].samples
    labels = {frozenset(sample.labels) for sample in requests}
    counted = {frozenset(one.labels) for one in durations if one.name.endswith("_count")}
    assert labels == counted == {frozenset({"method", "path", "status_code", "app_name"})}


def test_casting_is_counted_like_the_rest(seen: Seen) -> None:
    """The one ballot that was taken and the one that was refused, under one template."""
    found = {
        sample.labels["status_code"]: sample.value
        for sample in seen.metrics["ballot"]["huimin_requests"].samples
        if sample.labels["path"] == CASTING and sample.name.endswith("_total")
    }
    assert found == {"201": 1, "422": 1}


def test_a_refused_ballot_is_counted_by_what_is_wrong(seen: Seen) -> None:
    """By the slug of the problem, without a word about the ballot."""
    problems = {
        sample.labels["slug"]: sample.value
        for sample in seen.metrics["ballot"]["huimin_problems"].samples
        if sample.name.endswith("_total")
    }
    assert problems == {"unknown-initiative": 1}


@pytest.mark.parametrize(("service", "processes"), [("ballot", 2), ("tally", 1)])
def test_processes_that_share_a_port_add_up(seen: Seen, service: str, processes: int) -> None:
    """Whichever of them is asked answers for all."""
    (sample,) = seen.metrics[service]["huimin_processes"].samples
    assert sample.value == processes


def test_log_stream_and_tally_have_the_same_entries(seen: Seen) -> None:
    """Four milestones and a ballot, as three parts tell of it."""
    found = {
        seen.metrics[service][name].samples[0].value
        for service, name in (
            ("ballot", "huimin_ballot_log_entries"),
            ("ballot", "huimin_relay_entries"),
            ("tally", "huimin_tally_entries"),
            ("tally", "huimin_tally_known_entries"),
        )
    }
    assert found == {5}


def _family(metric: str) -> str:
    for ending in ("_bucket", "_sum", "_count", "_total", "_created"):
        metric = metric.removesuffix(ending)
    return metric
