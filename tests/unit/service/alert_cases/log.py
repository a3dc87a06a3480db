"""The log: stream, copies and tally."""

from collections.abc import Sequence
from typing import Final

from tests.unit.service.alert_cases.case import Case, Series

TEN: Final = {"edition": "ten"}


def _entries(log: str, tally: str) -> Series:
    return {
        'huimin_ballot_log_entries{edition="ten",job="huimin-ballot"}': log,
        'huimin_tally_entries{edition="ten",job="huimin-tally"}': tally,
    }


CASES: Final[Sequence[Case]] = (
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
)
