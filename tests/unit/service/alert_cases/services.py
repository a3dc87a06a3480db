"""Processes, requests, the queue of ballots, databases and NATS."""

from collections.abc import Sequence
from typing import Final

from tests.unit.service.alert_cases.case import Case, Series, problems

JOBS: Final = ("ballot", "tally", "registrar", "notify")
CAST: Final = 'path="/v1/editions/{edition}/ballots"'


def _up(**values: str) -> Series:
    """`up` of a process of each service, which is there unless said otherwise; two of ballot."""
    given = {"ballot": "1x80", **dict.fromkeys(JOBS[1:], "1x80")} | values
    one = {f'up{{job="huimin-{job}",instance="{job}-1"}}': given[job] for job in JOBS}
    return {**one, 'up{job="huimin-ballot",instance="ballot-2"}': given.get("ballot_2", "1x80")}


def _durations(slow: str, all_: str) -> Series:
    bucket = f'huimin_request_duration_seconds_bucket{{app_name="ballot",{CAST}'
    return {f'{bucket},le="1"}}': slow, f'{bucket},le="2"}}': all_, f'{bucket},le="+Inf"}}': all_}


CASES: Final[Sequence[Case]] = (
    Case(
        "HuiminServiceDown",
        "every process of a service is away",
        _up(ballot="1x30 0x50", ballot_2="1x30 0x50"),
        {"job": "huimin-ballot"},
    ),
    *(
        Case(
            "HuiminServiceDown",
            f"nobody looks for {job} any more",
            {series: values for series, values in _up().items() if f"huimin-{job}" not in series},
            {"job": f"huimin-{job}"},
        )
        for job in JOBS
    ),
    Case("HuiminServiceDown", "one of two is replaced", _up(ballot="1x30 0x50"), None),
    Case(
        "HuiminProcessRestarts",
        "five starts in half an hour",
        {'huimin_process_start_timestamp_seconds{job="huimin-tally"}': "1x9 2x9 3x9 4x9 5x40"},
        {"job": "huimin-tally"},
    ),
    Case(
        "HuiminProcessRestarts",
        "an upgrade",
        {'huimin_process_start_timestamp_seconds{job="huimin-tally"}': "1x20 2x60"},
        None,
    ),
    Case(
        "HuiminVersionsDiffer",
        "an upgrade that was left half done",
        {'huimin_processes{version="1"}': "1x99", 'huimin_processes{version="2"}': "1x99"},
        {},
        45,
    ),
    Case(
        "HuiminVersionsDiffer",
        "an upgrade that was finished",
        {'huimin_processes{version="1"}': "1x20 0x79", 'huimin_processes{version="2"}': "1x99"},
        None,
        45,
    ),
    Case(
        "HuiminRequestsFailing",
        "two in a hundred are answered 500",
        {
            'huimin_requests_total{app_name="ballot",status_code="200"}': "0+98x80",
            'huimin_requests_total{app_name="ballot",status_code="500"}': "0+2x80",
        },
        {"app_name": "ballot"},
    ),
    Case(
        "HuiminRequestsFailing",
        "many are told to come again, and few fail",
        {
            'huimin_requests_total{app_name="ballot",status_code="200"}': "0+998x80",
            'huimin_requests_total{app_name="ballot",status_code="503"}': "0+500x80",
            'huimin_requests_total{app_name="ballot",status_code="500"}': "0+1x80",
        },
        None,
    ),
    Case(
        "HuiminOverloaded",
        "thirty a minute are turned away",
        problems("ballot", "overloaded", "0+15x80"),
        {"job": "huimin-ballot"},
    ),
    Case(
        "HuiminOverloaded",
        "one burst was turned away",
        problems("ballot", "overloaded", "0x20 50x60"),
        None,
    ),
    Case(
        "HuiminStoreUnavailable",
        "thirty a minute find no database",
        problems("registrar", "store-unavailable", "0+15x80"),
        {"job": "huimin-registrar"},
    ),
    Case(
        "HuiminStoreUnavailable",
        "a failover that is over",
        problems("registrar", "store-unavailable", "0x20 50x60"),
        None,
    ),
    Case(
        "HuiminCastingSlow",
        "one ballot in twenty takes longer than a second",
        _durations("0+95x80", "0+100x80"),
        {},
    ),
    Case(
        "HuiminCastingSlow",
        "one ballot in a thousand takes longer than a second",
        _durations("0+999x80", "0+1000x80"),
        None,
    ),
    Case(
        "HuiminQueueFilling",
        "three quarters full",
        {
            'huimin_ballot_queue_ballots{job="huimin-ballot"}': "750x80",
            'huimin_ballot_queue_limit{job="huimin-ballot"}': "1000x80",
        },
        {"job": "huimin-ballot"},
    ),
    Case(
        "HuiminQueueFilling",
        "a quarter full",
        {
            'huimin_ballot_queue_ballots{job="huimin-ballot"}': "250x80",
            'huimin_ballot_queue_limit{job="huimin-ballot"}': "1000x80",
        },
        None,
    ),
    Case(
        "HuiminCommitsFailing",
        "a batch met what must not be",
        {'huimin_ballot_commit_failures_total{kind="fault"}': "0x50 1x30"},
        {"kind": "fault"},
    ),
    Case(
        "HuiminCommitsFailing",
        "connections are lost again and again",
        {'huimin_ballot_commit_failures_total{kind="connection"}': "0+1x80"},
        {"kind": "connection"},
    ),
    Case(
        "HuiminCommitsFailing",
        "a failover",
        {
            'huimin_ballot_commit_failures_total{kind="connection"}': "0x50 3x30",
            'huimin_ballot_commit_failures_total{kind="fault"}': "0x80",
        },
        None,
    ),
    *(
        Case(
            "HuiminDatabasePoolExhausted",
            says,
            {
                'huimin_database_connections_in_use{job="huimin-notify"}': used,
                'huimin_database_connections_limit{job="huimin-notify"}': "10x80",
            },
            labels,
        )
        for says, used, labels in (
            ("all are in use", "10x80", {"job": "huimin-notify"}),
            ("half are in use", "5x80", None),
        )
    ),
    Case("HuiminNatsDisconnected", "away", {"huimin_nats_connected": "1x20 0x60"}, {}),
    Case(
        "HuiminNatsDisconnected",
        "away for a moment",
        {"huimin_nats_connected": "1x59 0 1x20"},
        None,
    ),
)
