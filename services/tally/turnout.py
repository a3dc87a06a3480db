"""Turnout by hour, as the log has it. Pure: counts inspected entries, stores nothing.

The hour is all the time that a ballot carries, on purpose: a finer public time would help to link a
person who was seen voting to a ballot. So nothing finer can be shown, and nothing finer is kept.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from shared.edition.inspection import Inspected
from shared.edition.views import HourTurnout


def turnout_by_hour(
    entries: Iterable[Inspected], known: Collection[bytes]
) -> tuple[HourTurnout, ...]:
    """What these entries add to each hour. `known` are the keys that had voted before them.

    A key counts as a voter in the hour of its first ballot, however often it votes again.
    """
    ballots: Counter[datetime] = Counter()
    voters: Counter[datetime] = Counter()
    seen = set(known)
    for entry in entries:
        if entry.hour is None:
            continue
        ballots[entry.hour] += 1
        voters[entry.hour] += entry.key not in seen
        seen.add(entry.key)
    return tuple(HourTurnout(hour, ballots[hour], voters[hour]) for hour in sorted(ballots))
