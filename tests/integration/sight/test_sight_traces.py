"""Traces, as a real collector receives them: through HTTP and NATS, and no further than that."""

import pytest

from tests.integration.sight.collector import CLIENT, CONSUMER, PRODUCER, SERVER, Spanned
from tests.integration.sight.stage import EDITION, SERVICES, TRACE, Seen
from tests.leaks import leaks

RUNS = "huimin.log.*.runs"
CODES = "huimin.codes"

ATTRIBUTES = {
    *("http.request.method", "http.route", "http.response.status_code", "error.type"),
    *("messaging.system", "messaging.operation.name", "messaging.destination.template"),
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_traced(seen: Seen, service: str) -> None:
    """Spans of each arrive at the collector under its name."""
    assert any(span.service == f"huimin-{service}" for span in seen.spans)


def test_requests_by_which_people_register_and_vote_have_no_span(seen: Seen) -> None:
    """Neither of the registrar nor of the ballot box; nothing about them has a time in a trace."""
    asked = {span.attributes.get("http.route", "") for span in seen.spans if span.kind == SERVER}
    private = ("/ballots", "/challenges", "/credentials", "/commands", "/receipt-checks")
    assert [route for route in asked if route.startswith("/v1/") and route.endswith(private)] == []


def test_a_context_that_a_device_sends_everywhere_links_registrar_and_ballot_box_nowhere(
    seen: Seen,
) -> None:
    """The registrar takes it on no route, so no trace has spans of both because of it."""
    sides = {span.service for span in seen.spans if TRACE in (span.trace, *span.links)}
    assert sides <= {"huimin-ballot"}


def test_a_context_that_a_device_sends_is_taken_where_services_read_and_nowhere_else(
    seen: Seen,
) -> None:
    """It asked the tally, notify and registrar, too, and of these nobody looked at it."""
    names = {span.name for span in seen.spans if span.trace == TRACE}
    assert names == {"GET /v1/editions/{edition}"}


def test_answers_carry_no_context(seen: Seen) -> None:
    """A device is told nothing that it could send elsewhere."""
    assert [one for one in seen.headers if {"traceparent", "traceresponse"} & set(one)] == []


def test_no_trace_has_spans_of_registrar_and_of_what_happens_to_ballots(seen: Seen) -> None:
    """The registrar reads the edition from the ballot service: that request, and nothing else."""
    traces = {span.trace for span in seen.spans if span.service == "huimin-registrar"}
    joined = {
        span.name
        for span in seen.spans
        if span.trace in traces and span.service in ("huimin-ballot", "huimin-tally")
    }
    assert joined <= {"GET /v1/editions/{edition}"}


def test_what_is_done_for_a_request_is_no_child_of_it(seen: Seen) -> None:
    """Spans of requests to us are leaves."""
    served = {span.id for span in seen.spans if span.kind == SERVER}
    assert [span for span in seen.spans if span.parent in served] == []


def test_a_run_begins_a_trace_of_its_own(seen: Seen) -> None:
    """It is a child of nothing, so of no ballot."""
    runs = _of(seen, PRODUCER, f"publish {RUNS}")
    assert runs
    assert [span for span in runs if span.parent or span.links] == []


def test_the_tally_goes_on_with_the_trace_of_a_run(seen: Seen) -> None:
    """Through NATS headers; what it takes with it is linked."""
    published = {span.id: span.trace for span in _of(seen, PRODUCER, f"publish {RUNS}")}
    counted = _of(seen, CONSUMER, f"process {RUNS}")
    assert counted
    assert [span for span in counted if published.get(span.parent) != span.trace] == []


def test_notify_goes_on_with_the_trace_of_a_code(seen: Seen) -> None:
    """Through NATS headers; codes begin traces of their own at the registrar."""
    sent = {span.id: span.trace for span in _of(seen, PRODUCER, f"publish {CODES}")}
    received = _of(seen, CONSUMER, f"process {CODES}")
    assert received
    assert [span for span in received if sent.get(span.parent) != span.trace] == []


@pytest.mark.parametrize("reader", ["tally", "registrar", "notify"])
def test_reading_from_the_ballot_service_is_one_trace(seen: Seen, reader: str) -> None:
    """Through HTTP headers: the reader's request and the ballot service's answer."""
    asked = {
        span.id: span.trace
        for span in seen.spans
        if span.kind == CLIENT and span.service == f"huimin-{reader}"
    }
    answered = [
        span
        for span in seen.spans
        if span.kind == SERVER and span.service == "huimin-ballot" and span.parent in asked
    ]
    assert answered
    assert [span for span in answered if asked[span.parent] != span.trace] == []


def test_attributes_are_of_the_list(seen: Seen) -> None:
    """No others, and none of these says which edition, address or process."""
    assert {key for span in seen.spans for key in span.attributes} - ATTRIBUTES == set()


def test_traces_name_nobody(seen: Seen) -> None:
    """Nothing that only the person or the device knows is in what was sent, nor the edition."""
    values = {**seen.personal, "edition": EDITION.encode(), "address": b"127.0.0.1"}
    assert leaks(values, {"traces": seen.traced}) == []


def _of(seen: Seen, kind: int, name: str) -> list[Spanned]:
    return [span for span in seen.spans if span.kind == kind and span.name == name]
