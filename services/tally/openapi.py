"""What the tally answers, for its OpenAPI document."""

import sys
from datetime import UTC, date, datetime
from typing import Final

from services.tally import api
from services.tally.errors import BeingCounted, LogContradictsItself
from services.tally.receipt_checks import Outcome
from shared.edition.errors import UnknownEdition
from shared.edition.manifest import EditionId
from shared.edition.views import (
    Contradiction,
    HourTurnout,
    InitiativeTally,
    ReceiptChecks,
    TallySnapshot,
    Turnout,
)
from shared.service.openapi import Answer, Interface, Json, Operation, Parameter, Raw, health
from shared.service.openapi_document import document, printed
from shared.service.problem import (
    Malformed,
    NoSuchResource,
    Overloaded,
    Sealed,
    StoreUnavailable,
    TooManyRequests,
)

_EDITION: Final = Parameter(name="edition", what="The edition's id", kind=EditionId, example="2027")
_IF_NONE_MATCH: Final = Parameter(
    name="If-None-Match",
    what="The ETag of the last answer",
    where="header",
    kind=str,
    required=False,
    example='"1234-1806570000000"',
)
_OUTCOME: Final = Parameter(
    name="outcome", what="How the check ended", where="query", kind=Outcome, example="verified"
)

_TIME: Final = datetime(2027, 3, 1, 9, tzinfo=UTC)
_SNAPSHOT: Final = TallySnapshot(
    edition="2027",
    phase="open",
    disclosure="live",
    size=1234,
    behind=0,
    time=_TIME,
    status="verified",
    ballots=1230,
    voters=1200,
    roll_size=100_000,
    counts=(InitiativeTally("clinic", 700), InitiativeTally("school", 500)),
    result=None,
    checkpoint="vote.example/2027\n1234\n…\n",
)
_EVENTS: Final = (
    "retry: 3000\n: clock 2027-03-01T09:00:00.000+00:00\n\n"
    'id: 1234\ndata: {"edition":"2027","phase":"open", …}\n\n: still here\n\n'
)
_STOPPED: Final = api.StoppedEdition(
    "2027", Contradiction(index=17, what="ballot", why="the signature is wrong")
)
_ETAG: Final = {
    "ETag": "Names this answer, for `If-None-Match`",
    "Cache-Control": "`no-cache`: ask each time",
}
_UNCHANGED: Final = Answer(
    status=304, what="It is still the answer with the ETag that was sent", headers=_ETAG
)
_CHECKS: Final = Answer(
    what="So many, with this one",
    body=Json(ReceiptChecks(day=date(2027, 3, 1), verified=40, wrong=0)),
)

_TALLY: Final = (
    Operation(
        handler=api.show_tally,
        name="showTally",
        tag="tally",
        parameters=(_EDITION, _IF_NONE_MATCH),
        answers=(
            Answer(what="The newest snapshot", body=Json(_SNAPSHOT), headers=_ETAG),
            _UNCHANGED,
        ),
        refusals=(Malformed, UnknownEdition, StoreUnavailable),
    ),
    Operation(
        handler=api.stream_tally,
        name="streamTally",
        tag="tally",
        parameters=(_EDITION,),
        answers=(
            Answer(
                what="Snapshots as they come, until either side closes the connection",
                body=Raw(
                    media_type="text/event-stream",
                    what=(
                        "Server-sent events: `id` is the log size that was counted, `data` a whole"
                        " `TallySnapshot` in one line. First a comment with the time by the tally's"
                        " clock; a comment when it is quiet for long"
                    ),
                    example=_EVENTS,
                    items=TallySnapshot,
                ),
                headers={"Cache-Control": "`no-cache, no-store`"},
            ),
        ),
        refusals=(Malformed, UnknownEdition, StoreUnavailable, Overloaded),
    ),
    Operation(
        handler=api.show_turnout,
        name="showTurnout",
        tag="tally",
        parameters=(_EDITION, _IF_NONE_MATCH),
        answers=(
            Answer(
                what="Ballots and first ballots by hour",
                body=Json(Turnout("2027", (HourTurnout(_TIME, ballots=80, voters=75),))),
                headers=_ETAG,
            ),
            _UNCHANGED,
        ),
        refusals=(Malformed, UnknownEdition, StoreUnavailable),
    ),
    Operation(
        handler=api.download_ballots,
        name="downloadBallots",
        tag="tally",
        parameters=(_EDITION,),
        answers=(
            Answer(
                what="A Pabulib file, https://pabulib.org/format",
                body=Raw(
                    media_type="text/plain",
                    what="META, PROJECTS and VOTES, separated by semicolons, in UTF-8",
                    example="META\nkey;value\n…\nVOTES\nvoter_id;vote\n1;clinic,school\n",
                ),
            ),
        ),
        refusals=(
            Malformed,
            UnknownEdition,
            NoSuchResource,
            Sealed,
            LogContradictsItself,
            BeingCounted,
            Overloaded,
            StoreUnavailable,
        ),
    ),
)

_RECEIPT_CHECKS: Final = (
    Operation(
        handler=api.show_receipt_checks,
        name="showReceiptChecks",
        tag="receipts",
        answers=(_CHECKS,),
        refusals=(StoreUnavailable,),
    ),
    Operation(
        handler=api.count_receipt_check,
        name="countReceiptCheck",
        tag="receipts",
        parameters=(_OUTCOME,),
        answers=(_CHECKS,),
        refusals=(Malformed, TooManyRequests, StoreUnavailable),
    ),
)

INTERFACE: Final = Interface(
    title="Huimin tally",
    description="What a reader who verifies the whole log has counted.",
    tags={
        "tally": "The verified count of an edition; whoever doubts it audits the log",
        "receipts": "How many receipts were checked: a sign of life, no evidence",
        "health": "For the operator; a proxy does not publish it",
    },
    operations=(
        *_TALLY,
        *_RECEIPT_CHECKS,
        *health(
            api.live,
            api.ready,
            api.Readiness(True, "ok", "ok", {}, (_STOPPED,)),
            api.Readiness(False, "unreachable", "ok", {}, ()),
        ),
    ),
)

DOCUMENT: Final = document(INTERFACE)

if __name__ == "__main__":
    sys.stdout.buffer.write(printed(DOCUMENT))
