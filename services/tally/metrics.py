"""What the tally counts about its own work; never what it has counted of choices."""

from typing import Final

from prometheus_client import Counter, Gauge

ENTRIES: Final = Gauge(
    "huimin_tally_entries",
    "Entries of the log that were verified and counted",
    ["edition"],
    multiprocess_mode="mostrecent",
)
KNOWN: Final = Gauge(
    "huimin_tally_known_entries",
    "Entries that the log is known to have",
    ["edition"],
    multiprocess_mode="mostrecent",
)
CURRENT_AT: Final = Gauge(
    "huimin_tally_current_timestamp_seconds",
    "When the tally was last complete, in Unix time",
    ["edition"],
    multiprocess_mode="max",
)
CONTRADICTION: Final = Gauge(
    "huimin_tally_contradiction",
    "1 once the log has contradicted itself, else 0",
    ["edition"],
    multiprocess_mode="livemax",
)
FAILING: Final = Gauge(
    "huimin_tally_failing",
    "1 while the edition cannot be counted for a reason of our own, else 0",
    ["edition"],
    multiprocess_mode="livemax",
)
MISFITS: Final = Counter(
    "huimin_tally_misfits",
    "What was read and did not fit what the log signed, by where it came from",
    ["source"],
)
READERS: Final = Gauge(
    "huimin_tally_streams",
    "Open live streams",
    ["app_name"],
    multiprocess_mode="livesum",
)
CHECKS: Final = Counter(
    "huimin_tally_receipt_checks", "Receipt checks that pages reported", ["outcome"]
)

# What has not happened yet is told as 0, so that its first time is seen as an increase.
for _source in ("nats", "log"):
    MISFITS.labels(_source)
for _outcome in ("verified", "wrong"):
    CHECKS.labels(_outcome)
