"""Series over which each alert is evaluated: some on which it fires, some on which it must not.

Values are promtool's: `a+bxn` begins at a and adds b, n times; `axn` stays; `_xn` is nothing. One
sample each half minute, from the Unix time 0.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

Series: TypeAlias = Mapping[str, str]

JOBS: Final = ("ballot", "tally", "registrar", "notify")
CAST: Final = 'path="/v1/editions/{edition}/ballots"'


class Case(NamedTuple):
    """Whether an alert fires after `minutes` of these series; with `labels`, besides its severity.

    None: it is silent.
    """

    alert: str
    says: str
    series: Series
    labels: Mapping[str, str] | None
    minutes: int = 30


def _up(**values: str) -> Series:
    """`up` of a process of each service, which is there unless said otherwise; two of ballot."""
    given = {"ballot": "1x80", **dict.fromkeys(JOBS[1:], "1x80")} | values
    one = {f'up{{job="huimin-{job}",instance="{job}-1"}}': given[job] for job in JOBS}
    return {**one, 'up{job="huimin-ballot",instance="ballot-2"}': given.get("ballot_2", "1x80")}


def _problems(job: str, slug: str, values: str) -> Series:
    return {f'huimin_problems_total{{job="huimin-{job}",slug="{slug}"}}': values}


def _durations(slow: str, all_: str) -> Series:
    bucket = f'huimin_request_duration_seconds_bucket{{app_name="ballot",{CAST}'
    return {f'{bucket},le="1"}}': slow, f'{bucket},le="2"}}': all_, f'{bucket},le="+Inf"}}': all_}


def _entries(log: str, tally: str) -> Series:
    return {
        'huimin_ballot_log_entries{edition="ten",job="huimin-ballot"}': log,
        'huimin_tally_entries{edition="ten",job="huimin-tally"}': tally,
    }


def _one(series: str, fires: str, healthy: str) -> tuple[Series, Series]:
    return {series: fires}, {series: healthy}


TEN: Final = {"edition": "ten"}

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
        _problems("ballot", "overloaded", "0+15x80"),
        {"job": "huimin-ballot"},
    ),
    Case(
        "HuiminOverloaded",
        "one burst was turned away",
        _problems("ballot", "overloaded", "0x20 50x60"),
        None,
    ),
    Case(
        "HuiminStoreUnavailable",
        "thirty a minute find no database",
        _problems("registrar", "store-unavailable", "0+15x80"),
        {"job": "huimin-registrar"},
    ),
    Case(
        "HuiminStoreUnavailable",
        "a failover that is over",
        _problems("registrar", "store-unavailable", "0x20 50x60"),
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
    *(
        Case(alert, says, {f'{metric}{{edition="ten"}}': values}, labels)
        for alert, metric in (
            ("HuiminRelayLag", "huimin_relay_caught_up_timestamp_seconds"),
            ("HuiminCheckpointCopyFailing", "huimin_checkpoint_copied_timestamp_seconds"),
            ("HuiminTallyLag", "huimin_tally_current_timestamp_seconds"),
        )
        for says, values, labels in (
            ("not for many minutes", "0+30x30 900x50", TEN),
            ("a moment ago", "0+30x80", None),
        )
    ),
    Case(
        "HuiminLogBehind",
        "the log went back to an old backup",
        _entries("0+300x40 2000x40", "0+300x40 12000x40"),
        TEN,
    ),
    Case(
        "HuiminLogBehind",
        "log and tally went back to an old backup together",
        _entries("0+300x40 2000x40", "0+300x40 2000x40"),
        TEN,
    ),
    Case(
        "HuiminLogBehind",
        "the log went back while the tally is away",
        _entries("0+300x40 2000x40", "0+300x40"),
        TEN,
    ),
    Case(
        "HuiminLogBehind",
        "people vote, and the tally is read a little later than the log",
        _entries("0+300x80", "290+300x80"),
        None,
    ),
    Case(
        "HuiminTallyLag",
        "nothing was ever counted",
        {'huimin_tally_known_entries{edition="ten"}': "5x80"},
        TEN,
    ),
    *(
        case
        for alert, metric in (
            ("HuiminTallyContradiction", "huimin_tally_contradiction"),
            ("HuiminTallyFailing", "huimin_tally_failing"),
        )
        for case in (
            Case(alert, "one edition", {f'{metric}{{edition="ten"}}': "0x50 1x30"}, TEN),
            Case(alert, "none", {f'{metric}{{edition="ten"}}': "0x80"}, None),
        )
    ),
    Case(
        "HuiminLogMisfits",
        "the log does not fit",
        {'huimin_tally_misfits_total{source="log"}': "0x55 1x25"},
        {"source": "log"},
    ),
    Case(
        "HuiminLogMisfits",
        "the stream does not fit, again and again",
        {'huimin_tally_misfits_total{source="nats"}': "0+1x80"},
        {"source": "nats"},
    ),
    Case(
        "HuiminLogMisfits",
        "one run of the stream",
        {
            'huimin_tally_misfits_total{source="nats"}': "0x55 1x25",
            'huimin_tally_misfits_total{source="log"}': "0x80",
        },
        None,
    ),
    Case(
        "HuiminVerifyFailures",
        "two a second",
        _problems("ballot", "bad-credential", "0+60x80"),
        {},
    ),
    Case(
        "HuiminVerifyFailures",
        "one a minute",
        _problems("ballot", "bad-credential", "0+0.5x80"),
        None,
    ),
    Case("HuiminCodesGuessed", "two a second", _problems("registrar", "wrong-code", "0+60x80"), {}),
    Case(
        "HuiminCodesGuessed",
        "people mistype",
        _problems("registrar", "wrong-code", "0+5x80"),
        None,
    ),
    Case("HuiminCodesFailing", "probes fail", {"huimin_registrar_codes_working": "0x80"}, {}),
    Case("HuiminCodesFailing", "probes succeed", {"huimin_registrar_codes_working": "1x80"}, None),
    *(
        Case(
            "HuiminCodesLost",
            says,
            {
                'huimin_registrar_codes_total{outcome="accepted"}': "0+70x80",
                'huimin_registrar_codes_total{outcome="failed"}': failed,
            },
            labels,
        )
        for says, failed, labels in (
            ("three in ten", "0+30x80", {}),
            ("one in seventy", "0+1x80", None),
        )
    ),
    Case(
        "HuiminLogKeyDiffers",
        "another key",
        {'huimin_registrar_log_mismatches_total{what="log-key"}': "0x55 1x25"},
        {"what": "log-key"},
    ),
    Case(
        "HuiminLogKeyDiffers",
        "never",
        {'huimin_registrar_log_mismatches_total{what="log-key"}': "0x80"},
        None,
    ),
    *(
        Case(
            "HuiminMessagesLost",
            says,
            {
                'huimin_notify_dead{channel="mail"}': dead,
                'huimin_notify_unknown{channel="mail"}': "0x140",
            },
            labels,
            65,
        )
        for says, dead, labels in (
            ("twenty in an hour", "0x60 20x80", {"channel": "mail"}),
            ("many, long ago", "500x140", None),
        )
    ),
    *(
        Case(
            "HuiminMessagesStuck",
            says,
            {
                'huimin_notify_waiting{channel="mail"}': "9x80",
                'huimin_notify_deliveries_total{channel="mail",outcome="sent"}': sent,
            },
            labels,
        )
        for says, sent, labels in (
            ("none goes out", "7x80", {"channel": "mail"}),
            ("they go out", "0+1x80", None),
        )
    ),
    *(
        Case("HuiminAnnouncementsBlocked", says, {"huimin_notify_unreadable": values}, labels)
        for says, values, labels in (
            ("an edition cannot be read", "1x80", {}),
            ("for a moment", "0x58 1 0x20", None),
        )
    ),
    *(
        Case(
            "HuiminReceiptsWrong",
            says,
            {'huimin_tally_receipt_checks_total{outcome="wrong"}': values},
            labels,
        )
        for says, values, labels in (
            ("one each half minute", "0+1x80", {}),
            ("one in an hour", "0x55 1x25", None),
        )
    ),
    *(
        Case(
            "HuiminPublicUnreachable",
            says,
            {'probe_success{job="huimin-public"}': values},
            labels,
        )
        for says, values, labels in (
            ("it does not answer", "1x20 0x60", {"job": "huimin-public"}),
            ("it answers", "1x80", None),
        )
    ),
    *(
        Case(
            "HuiminCertificateExpiring",
            says,
            {'probe_ssl_earliest_cert_expiry{job="huimin-public"}': values},
            labels,
            90,
        )
        for says, values, labels in (
            ("in a week", "604800x200", {"job": "huimin-public"}),
            ("in a month", "2592000x200", None),
        )
    ),
    *(
        Case("HuiminCertificateUnwatched", says, series, labels)
        for says, series, labels in (
            ("nobody asks", {"up": "1x80"}, {"job": "huimin-public"}),
            (
                "somebody asks",
                {'probe_ssl_earliest_cert_expiry{job="huimin-public"}': "2592000x80"},
                None,
            ),
        )
    ),
)
