"""What each NATS user may say and hear beyond what `cli.roles` gives it, found by trying. Pure.

Nothing is tried that a user may do, so nothing live is touched: what is published is empty, and
names an edition and a stream that do not exist, or an interface that does nothing for them.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from cli.roles import DASHBOARD, SERVICES, may_hear, may_say
from shared.service.subjects import ANY, CODES_SUBJECT, run_subject, stream_name, tally_subject

NO_EDITION: Final = "doctor-asks-only"
"""There is no log and no stream of this name: nothing is lost where a user may delete it."""

_STREAM: Final = stream_name(NO_EDITION)
_CALLS: Final = (
    *("CREATE", "UPDATE", "DELETE", "PURGE", "INFO", "MSG.GET", "MSG.DELETE", "SNAPSHOT"),
    *("RESTORE", "LEADER.STEPDOWN", "PEER.REMOVE"),
)
_SAYS: Final = (
    *(f"$JS.API.STREAM.{call}.{_STREAM}" for call in _CALLS),
    f"$JS.API.CONSUMER.CREATE.{_STREAM}",
    f"$JS.API.CONSUMER.CREATE.{_STREAM}.doctor",
    f"$JS.API.CONSUMER.CREATE.{_STREAM}.doctor.{run_subject(NO_EDITION)}",
    f"$JS.API.CONSUMER.DURABLE.CREATE.{_STREAM}.doctor",
    *(f"$JS.API.CONSUMER.{call}.{_STREAM}.doctor" for call in ("DELETE", "INFO", "MSG.NEXT")),
    f"$JS.API.DIRECT.GET.{_STREAM}",
    f"$JS.ACK.{_STREAM}.doctor.1.1.1.1.0",
    "$SYS.REQ.SERVER.PING",
    run_subject(NO_EDITION),
    tally_subject(NO_EDITION),
    CODES_SUBJECT,
    "huimin.doctor",
)
_HEARS: Final = (
    *(">", "*", "*.>", "$SYS.>", "$JS.>", "$JS.API.>", "$JS.EVENT.>", "_INBOX.>"),
    *("huimin.>", "huimin.*", "huimin.log.>", "huimin.doctor"),
    *(run_subject(one) for one in (ANY, NO_EDITION)),
    *(tally_subject(one) for one in (ANY, NO_EDITION)),
    CODES_SUBJECT,
    *(f"_INBOX_{name}.>" for name in (*SERVICES, DASHBOARD)),
)


def not_to_say(name: str) -> list[str]:
    """What the user must not publish on."""
    return [one for one in _SAYS if not any(covers(right, one) for right in may_say(name))]


def not_to_hear(name: str) -> list[str]:
    """What the user must not listen to."""
    return [one for one in _HEARS if not any(covers(right, one) for right in may_hear(name))]


def covers(right: str, subject: str) -> bool:
    """Whether a right to one subject, which may have wildcards, is one to all of the other."""
    rights, tokens = right.split("."), subject.split(".")
    for given, token in zip_longest(rights, tokens):
        if given == ">":
            return token is not None
        if given != token and not (given == "*" and token not in (None, ">")):
            return False
    return True


def still_allowed(says: Sequence[str], hears: Sequence[str], errors: Sequence[str]) -> list[str]:
    """What the server, by the errors that it told, did not refuse."""
    told = " ".join(errors).lower()
    return [
        *(f"publish {one}" for one in says if f'publish to "{one}"'.lower() not in told),
        *(f"hear {one}" for one in hears if f'subscription to "{one}"'.lower() not in told),
    ]
