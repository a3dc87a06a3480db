"""What the registrar counts. No label and no count tells of one person.

Codes of people who are not on the roll are sent as decoys and counted like all others: a count that
moved only for one kind would tell whoever can watch it while asking. Codes withheld because a phone
got too many are added once an hour, for the same reason.
"""

from typing import Final

from prometheus_client import Counter, Gauge

CHALLENGES: Final = Counter("huimin_registrar_challenges", "Codes asked for")
CODES: Final = Counter("huimin_registrar_codes", "Codes handed to notify, decoys too", ["outcome"])
CREDENTIALS: Final = Counter(
    "huimin_registrar_credentials", "Credentials issued for the first time", ["channel"]
)
WITHHELD: Final = Counter(
    "huimin_registrar_codes_withheld", "Codes not sent as their phone got too many; hourly"
)
QUEUE: Final = Gauge(
    "huimin_registrar_codes_waiting",
    "Codes that wait to be handed to notify, decoys too",
    ["app_name"],
    multiprocess_mode="livesum",
)
WORKING: Final = Gauge(
    "huimin_registrar_codes_working",
    "1 while the newest probe of every process went through, else 0",
    ["app_name"],
    multiprocess_mode="livemin",
)
MISMATCHES: Final = Counter(
    "huimin_registrar_log_mismatches",
    "Times that the log was found to have another key, or to commit to another roll or issuer key",
    ["what"],
)

# What has not happened yet is told as 0, so that its first time is seen as an increase.
for _outcome in ("accepted", "failed", "unknown"):
    CODES.labels(_outcome)
for _channel in ("phone", "counter"):
    CREDENTIALS.labels(_channel)
for _what in ("commitment", "log-key"):
    MISMATCHES.labels(_what)


class Withheld:
    """Counts codes that were withheld, and tells of them later, all together."""

    def __init__(self) -> None:
        self._untold = 0

    def add(self) -> None:
        """One more."""
        self._untold += 1

    def tell(self) -> None:
        """Let the metric have them."""
        WITHHELD.inc(self._untold)
        self._untold = 0
