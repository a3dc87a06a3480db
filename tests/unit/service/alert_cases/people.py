"""What people send and are sent, and the public address."""

from collections.abc import Sequence
from typing import Final

from tests.unit.service.alert_cases.case import Case, problems

CASES: Final[Sequence[Case]] = (
    Case(
        "HuiminVerifyFailures",
        "two a second",
        problems("ballot", "bad-credential", "0+60x80"),
        {},
    ),
    Case(
        "HuiminVerifyFailures",
        "one a minute",
        problems("ballot", "bad-credential", "0+0.5x80"),
        None,
    ),
    Case("HuiminCodesGuessed", "two a second", problems("registrar", "wrong-code", "0+60x80"), {}),
    Case(
        "HuiminCodesGuessed",
        "people mistype",
        problems("registrar", "wrong-code", "0+5x80"),
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
