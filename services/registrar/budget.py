"""How many codes of an edition may go out in a day, and how people are told that no more do.

Only codes that are sent are counted: whoever asks for strangers by the thousand uses up nothing.
But a cap that listed people alone use must not show who they are. So a request without a code
touches the same row, with no use of it. From the moment at which the day is used up codes are
withheld in silence, and everybody is told so together from the next look at the row on, which no
request can hasten.
"""

import time

import structlog
from msgspec import Struct

from services.registrar.caps import Caps
from services.registrar.pace import Pace
from services.registrar.store import Connection
from shared.service.caps import CapReached, left_s

log = structlog.get_logger()


class _Looked(Struct, frozen=True):
    """When to look again, and until when no code goes out; seconds of the monotonic clock."""

    again_at: float
    spent_until: float


class Budget:
    """What this process knows of the days of the editions."""

    def __init__(self, caps: Caps, pace: Pace) -> None:
        self._caps = caps
        self._pace = pace
        self._looked: dict[str, _Looked] = {}

    async def require_some(self, connection: Connection, edition: str) -> None:
        """Raise `CapReached` if the day was used up when it was looked at last."""
        now = time.monotonic()
        looked = self._looked.get(edition)
        cap = self._caps.edition(edition)
        if looked is None or now >= looked.again_at:
            spent_s = await left_s(connection, cap)
            looked = _Looked(now + (spent_s or self._pace.budget_s), now + spent_s)
            self._looked[edition] = looked
            if spent_s:
                log.warning("no more codes go out today", edition=edition, seconds=spent_s)
        if now < looked.spent_until:
            raise CapReached(cap, round(looked.spent_until - now))
