"""Logs of an installation that logs all it can."""

import json

import pytest

from tests.integration.sight.stage import SERVICES, Seen
from tests.leaks import leaks


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_is_a_json_object(seen: Seen, service: str) -> None:
    """Also what libraries say."""
    for line in seen.logs[f"{service}-0.log"].splitlines():
        assert json.loads(line)["service"] == service


def test_requests_are_logged_by_route_template(seen: Seen) -> None:
    """Method, template, status and seconds, and nothing else about a request."""
    lines = _requests(seen)
    about = {"method", "route", "status", "seconds"}
    also = {"event", "level", "timestamp", "service"}
    assert "/v1/editions/{edition}" in {line["route"] for line in lines}
    assert {key for line in lines for key in line} == about | also


def test_requests_by_which_people_register_and_vote_are_not_logged(seen: Seen) -> None:
    """A line for each would say when, and put both next to each other."""
    public = [line for line in _requests(seen) if str(line["route"]).startswith("/v1/")]
    assert [line for line in public if line["method"] == "POST"] == []


def test_logs_name_nobody(seen: Seen) -> None:
    """Nothing that only the person or the device knows is in any file."""
    logs = {name: text.encode() for name, text in seen.logs.items()}
    assert leaks(seen.personal, logs) == []


def _requests(seen: Seen) -> list[dict[str, object]]:
    lines = [
        json.loads(line)
        for service in SERVICES
        for line in seen.logs[f"{service}-0.log"].splitlines()
    ]
    return [line for line in lines if line["event"] == "request"]
