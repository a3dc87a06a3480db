"""One-time codes on their way from the registrar to the notify service: one NATS request each.

Request and reply live in memory alone; no stream holds the subject. Notify learns a phone number
and a code, and nothing about whose they are or what they are for.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

CodeOutcome: TypeAlias = Literal["accepted", "refused", "failed", "unknown"]


class CodeRequest(Struct, frozen=True, kw_only=True):
    """Send `code`, valid for `minutes`, to `phone` (E.164). JSON, like all NATS requests.

    Without a phone it is a decoy: nothing is sent, the answer is what the channel's health allows.
    The registrar sends one for a person who is not on the roll, so that both take the same way.
    """

    phone: str | None
    code: str
    minutes: int

    def __repr__(self) -> str:
        """Without phone and code."""
        return "CodeRequest()"


class CodeAnswer(Struct, frozen=True):
    """What came of it.

    `accepted`: a provider took it; `refused`: it was not sent, and the same would not be if it were
    asked for again, for this number's sake or for its text's; `failed`: it was not sent, and may be
    asked for again; `unknown`: the provider's answer was lost, so it may have been sent. `reason`
    is a short word. A decoy is never `refused` for a number's sake.
    """

    outcome: CodeOutcome
    reason: str = ""
