"""What the notify service counts, for Prometheus. Labels are words of fixed lists."""

from typing import Final, get_args

from prometheus_client import Counter, Gauge

from shared.service.codes import CodeOutcome

CODES: Final = Counter(
    "huimin_notify_codes", "One-time codes asked for, by what was answered", ["outcome"]
)
DELIVERIES: Final = Counter(
    "huimin_notify_deliveries",
    "Messages handed to a provider, by what came of it",
    ["channel", "outcome"],
)
WAITING: Final = Gauge(
    "huimin_notify_waiting",
    "Messages that are still to be sent",
    ["channel"],
    multiprocess_mode="mostrecent",
)
DEAD: Final = Gauge(
    "huimin_notify_dead",
    "Messages that were given up",
    ["channel"],
    multiprocess_mode="mostrecent",
)
UNKNOWN: Final = Gauge(
    "huimin_notify_unknown",
    "Messages that were perhaps sent, and are not sent again",
    ["channel"],
    multiprocess_mode="mostrecent",
)
UNREADABLE: Final = Gauge(
    "huimin_notify_unreadable",
    "Editions, or the list of them, that cannot be read, so that nothing of them is announced",
    ["app_name"],
    multiprocess_mode="livemax",
)

# What has not happened yet is told as 0, so that its first time is seen as an increase.
for _outcome in get_args(CodeOutcome):
    CODES.labels(_outcome)
