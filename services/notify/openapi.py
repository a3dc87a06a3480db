"""What the notify service answers, for its OpenAPI document."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta

from services.notify import api
from services.notify.errors import BadAddress, ChannelNotOffered, DeskClosed
from shared.notices.views import (
    AnnouncementView,
    ChannelView,
    NotifyStatus,
    SubscriptionAnswer,
    SubscriptionRequest,
    Trouble,
)
from shared.service.openapi import Answer, Interface, Json, Operation, Parameter, Raw, health
from shared.service.openapi_document import document, printed
from shared.service.problem import (
    Malformed,
    StoreUnavailable,
    TooLarge,
    TooManyRequests,
)

_TOKEN: Final = Parameter(
    name="token",
    what="What the link in the message carries; it is a secret of whoever got it",
    kind=Annotated[str, Meta(max_length=64)],
    example="aaaqeayeaudaocajbifqydio",
)
_TIME: Final = datetime(2027, 3, 1, 9, tzinfo=UTC)
_STATUS: Final = NotifyStatus(
    announcements=(
        AnnouncementView(
            edition="2027",
            milestone="opening",
            time=_TIME,
            skipped=False,
            total=100,
            sent=90,
            pending=9,
            failed=1,
            unknown=0,
            dead=1,
            finished=False,
            rate=8.5,
            eta_s=2,
        ),
    ),
    channels=(ChannelView(channel="email", carrier="smtp", subscriptions=100, working=True),),
    trouble=(
        Trouble(
            delivery=7,
            channel="email",
            kind="opening",
            edition="2027",
            state="dead",
            reason="550",
            attempts=1,
            time=_TIME,
        ),
    ),
)


def _pages(what: str) -> tuple[Answer, ...]:
    body = Raw(media_type="text/html", what="A page in Chinese and English, without scripts")
    return (
        Answer(what=what, body=body),
        Answer(status=404, what="The link is old or not complete", body=body),
    )


_LINKS: Final = (
    Operation(
        handler=api.show_confirmation,
        name="showConfirmation",
        tag="links",
        parameters=(_TOKEN,),
        answers=_pages("What would begin"),
        refusals=(Malformed, StoreUnavailable),
    ),
    Operation(
        handler=api.confirm,
        name="confirm",
        tag="links",
        parameters=(_TOKEN,),
        answers=_pages("It has begun"),
        refusals=(Malformed, StoreUnavailable),
    ),
    Operation(
        handler=api.show_leaving,
        name="showLeaving",
        tag="links",
        parameters=(_TOKEN,),
        answers=_pages("What would end"),
        refusals=(Malformed,),
    ),
    Operation(
        handler=api.leave,
        name="leave",
        tag="links",
        parameters=(_TOKEN,),
        answers=_pages("It has ended"),
        refusals=(Malformed, StoreUnavailable),
    ),
    Operation(
        handler=api.show_short_link,
        name="showShortLink",
        tag="links",
        parameters=(_TOKEN,),
        answers=_pages("What would begin or end"),
        refusals=(Malformed, StoreUnavailable),
    ),
    Operation(
        handler=api.follow_short_link,
        name="followShortLink",
        tag="links",
        parameters=(_TOKEN,),
        answers=_pages("It has begun or ended"),
        refusals=(Malformed, StoreUnavailable),
    ),
)

INTERFACE: Final = Interface(
    title="Huimin notify",
    description="Hear of an edition's milestones, and stop hearing of them.",
    tags={
        "subscriptions": "For people and programs that want to hear of milestones",
        "links": "Where the links in messages lead",
        "desk": "For the operator, with the desk's token; a proxy does not publish it",
        "health": "For the operator; a proxy does not publish it",
    },
    operations=(
        Operation(
            handler=api.Subscriptions.subscribe,
            name="subscribe",
            tag="subscriptions",
            prefix=api.Subscriptions.path,
            body=Json(SubscriptionRequest(channel="email", address="reader@example.org")),
            answers=(
                Answer(
                    status=202,
                    what="A message asks the address to confirm",
                    body=Json(
                        SubscriptionAnswer(
                            status="confirmation-needed",
                            next="Follow the link in the message that comes",
                            next_zh="请点击消息中的链接确认",
                        )
                    ),
                ),
            ),
            refusals=(
                Malformed,
                TooLarge,
                BadAddress,
                ChannelNotOffered,
                TooManyRequests,
                StoreUnavailable,
            ),
        ),
        *_LINKS,
        Operation(
            handler=api.status,
            name="showStatus",
            tag="desk",
            answers=(Answer(what="The newest first", body=Json(_STATUS)),),
            refusals=(DeskClosed, StoreUnavailable),
            desk=True,
        ),
        *health(
            api.live,
            api.ready,
            api.Readiness(True, "ok", "ok"),
            api.Readiness(False, "unreachable", "ok"),
        ),
    ),
)

DOCUMENT: Final = document(INTERFACE)

if __name__ == "__main__":
    sys.stdout.buffer.write(printed(DOCUMENT))
