"""What an outcome means for a message: a pure decision, with chance as an argument."""

from typing import Final

from services.notify.backoff import backoff_s
from services.notify.channels.channel import (
    Accepted,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.deliveries import Done
from services.notify.pace import Pace

MAX_REASON: Final = 200


def verdict(delivery: int, attempt: int, outcome: Outcome, chance: float, pace: Pace) -> Done:
    """What is recorded of a message after its attempt number `attempt`; `chance` in [0, 1).

    Only what was certainly not sent is tried again. What was perhaps sent never is.
    """
    match outcome:
        case Accepted():
            return Done(id=delivery, attempt=attempt, state="sent")
        case Unknown(reason):
            return Done(id=delivery, attempt=attempt, state="unknown", reason=reason[:MAX_REASON])
        case Rejected(reason) | Undeliverable(reason, None):
            return Done(id=delivery, attempt=attempt, state="dead", reason=reason[:MAX_REASON])
        case Retry(reason) | Undeliverable(reason):
            after_s = backoff_s(
                attempt,
                outcome.after_s or 0.0,
                chance,
                first_s=pace.first_backoff_s,
                longest_s=pace.longest_backoff_s,
            )
            return Done(
                id=delivery,
                attempt=attempt,
                state="dead" if after_s is None else "failed",
                reason=reason[:MAX_REASON],
                after_s=after_s or 0.0,
            )
