"""What the ballot service counts. Nothing here is about one ballot, its voter or its choices.

The size of a log is public at any moment; that of the copies is compared with it by whoever reads
the metrics, because a relay that has died could not say that it is behind.
"""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

BATCH: Final = Histogram(
    "huimin_ballot_batch_ballots",
    "Ballots decided in one transaction",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
COMMIT: Final = Histogram(
    "huimin_ballot_commit_seconds",
    "Seconds that a batch's transaction took, the wait for the log's lock included",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
COMMIT_FAILURES: Final = Counter(
    "huimin_ballot_commit_failures",
    "Transactions that failed; `connection` is tried again, `fault` is not",
    ["kind"],
)
RECORDED: Final = Counter(
    "huimin_ballot_ballots", "Ballots acknowledged; a repeat got its receipt again", ["kind"]
)
QUEUE: Final = Gauge(
    "huimin_ballot_queue_ballots",
    "Ballots that wait for a transaction, all editions and processes together",
    ["app_name"],
    multiprocess_mode="livesum",
)
QUEUE_LIMIT: Final = Gauge(
    "huimin_ballot_queue_limit",
    "Ballots that may wait for one edition in all processes, before 503 is answered",
    ["app_name"],
    multiprocess_mode="livesum",
)
ENTRIES: Final = Gauge(
    "huimin_ballot_log_entries",
    "Entries of the log in the database",
    ["edition"],
    multiprocess_mode="mostrecent",
)
RELAYED: Final = Gauge(
    "huimin_relay_entries",
    "Entries of the log that are in the stream",
    ["edition"],
    multiprocess_mode="mostrecent",
)
RELAYED_AT: Final = Gauge(
    "huimin_relay_caught_up_timestamp_seconds",
    "When the stream last had all entries, in Unix time",
    ["edition"],
    multiprocess_mode="max",
)
COPIED_AT: Final = Gauge(
    "huimin_checkpoint_copied_timestamp_seconds",
    "When the copy of the checkpoint was last the newest one, in Unix time",
    ["edition"],
    multiprocess_mode="max",
)
RELAY_FAILURES: Final = Counter(
    "huimin_relay_failures",
    "Times that the relay had to start over; `foreign`: something in its stream is no run",
    ["kind"],
)

# What has not happened yet is told as 0, so that its first time is seen as an increase.
for _kind in ("connection", "fault"):
    COMMIT_FAILURES.labels(_kind)
for _kind in ("new", "repeat"):
    RECORDED.labels(_kind)
for _kind in ("database", "nats", "foreign"):
    RELAY_FAILURES.labels(_kind)
