"""What the notify service counts, for Prometheus. Labels are words of fixed lists."""

from typing import Final

from prometheus_client import Counter, Gauge

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
