"""What the registrar counts. No label and no count tells of one person.

Codes of people who are not on the roll are sent as decoys and counted like all others: a count that
moved only for one kind would tell whoever can watch it while asking. Codes withheld because a phone
got too many are added once an hour, for the same reason.
"""

from typing import Final

from prometheus_client import Counter

CHALLENGES: Final = Counter("huimin_registrar_challenges", "Codes asked for")
CODES: Final = Counter("huimin_registrar_codes", "Codes handed to notify, decoys too", ["outcome"])
CREDENTIALS: Final = Counter(
    "huimin_registrar_credentials", "Credentials issued for the first time", ["channel"]
)
REFUSALS: Final = Counter("huimin_registrar_refusals", "Requests refused", ["slug"])
WITHHELD: Final = Counter(
    "huimin_registrar_codes_withheld", "Codes not sent as their phone got too many; hourly"
)


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
