"""What the registrar counts. No label and no count tells of one person.

Codes of people who are not on the roll are sent as decoys and counted like all others: a count that
moved only for one kind would tell whoever can watch it while asking. Codes withheld because their
phone or the edition got too many, and codes that a provider refused for their number's sake, are
added once an hour, for the same reason.
"""

from typing import Final, get_args

from prometheus_client import Counter, Gauge

from shared.service.codes import CodeOutcome

CHALLENGES: Final = Counter("huimin_registrar_challenges", "Codes asked for")
CODES: Final = Counter(
    "huimin_registrar_codes",
    "Codes handed to notify, decoys too; accepted are those that notify refused, too",
    ["outcome"],
)
CREDENTIALS: Final = Counter(
    "huimin_registrar_credentials", "Credentials issued for the first time", ["channel"]
)
WITHHELD: Final = Counter(
    "huimin_registrar_codes_withheld",
    "Codes not sent as their phone or the edition got too many; hourly",
)
REFUSED: Final = Counter(
    "huimin_registrar_codes_refused",
    "Codes that notify refused, mostly for their number's sake; hourly",
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
for _outcome in set(get_args(CodeOutcome)) - {"refused"}:
    CODES.labels(_outcome)
for _channel in ("phone", "counter"):
    CREDENTIALS.labels(_channel)
for _what in ("commitment", "log-key"):
    MISMATCHES.labels(_what)


class Hourly:
    """Counts what is one person's, and tells of it later, all together."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._untold = 0

    def add(self) -> None:
        """One more."""
        self._untold += 1

    def tell(self) -> None:
        """Let the metric have them."""
        self._counter.inc(self._untold)
        self._untold = 0
