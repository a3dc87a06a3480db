"""The HTTP interface: subscriptions, the links in messages, the desk, the inbox, and health."""

import hmac
from typing import Annotated, Any, Final

from litestar import Controller, MediaType, Request, Response, get, post, route
from litestar.datastructures import State
from litestar.enums import HttpMethod
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from services.notify import deliveries, pages, store
from services.notify.dispatcher import Dispatcher
from services.notify.errors import DeskClosed, NoInbox
from services.notify.inbox import Inbox
from services.notify.subscribing import Subscribing
from services.notify.vault import BadToken
from shared.notices.views import (
    ChannelView,
    InboxMessage,
    NotifyStatus,
    SubscriptionAnswer,
    SubscriptionRequest,
)
from shared.service.client_address import address_block

MAX_BODY_BYTES: Final = 16_384
SHOWN_MESSAGES: Final = 100

Token = Annotated[str, PathParameter(description="What the link carries", max_length=64)]
Authorization = Annotated[str | None, HeaderParameter(name="Authorization")]
Recipient = Annotated[str, QueryParameter(description="The address sent to", max_length=2000)]


class Readiness(Struct, frozen=True):
    """Whether the service can do its work; without NATS, codes are not sent."""

    ready: bool
    database: str
    nats: str


_CROSS_ORIGIN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}


class Subscriptions(Controller):
    """Asking for a subscription; a page of any origin may do so."""

    path = "/v1/subscriptions"

    @post(
        status_code=202,
        request_max_body_size=MAX_BODY_BYTES,
        response_headers={"Access-Control-Allow-Origin": "*"},
    )
    async def subscribe(
        self, state: State, data: JSONBody[SubscriptionRequest], request: Request[Any, Any, Any]
    ) -> SubscriptionAnswer:
        """Ask an address to confirm that it wants to hear of milestones; always answered alike."""
        subscribing: Subscribing = state.subscribing
        return await subscribing.ask(data, address_block(request.scope, state.proxies))

    @route(http_method=[HttpMethod.OPTIONS], include_in_schema=False, sync_to_thread=False)
    def preflight(self) -> Response[None]:
        """What a browser asks before it posts from another origin."""
        return Response(None, status_code=204, headers=_CROSS_ORIGIN)


@get("/confirm/{token:str}", media_type=MediaType.HTML)
async def show_confirmation(state: State, token: Token) -> Response[str]:
    """A page with a button; mail scanners open links, so opening one changes nothing."""
    return await _show_confirmation(state.subscribing, token)


async def _show_confirmation(subscribing: Subscribing, token: str) -> Response[str]:
    try:
        subscribed = await subscribing.show(token)
    except BadToken:
        return pages.bad_link()
    return pages.ask_to_confirm(subscribed) if subscribed else pages.bad_link()


@post("/confirm/{token:str}", media_type=MediaType.HTML, status_code=200)
async def confirm(state: State, token: Token) -> Response[str]:
    """Begin the subscription; what the body says does not matter."""
    return await _confirm(state.subscribing, token)


async def _confirm(subscribing: Subscribing, token: str) -> Response[str]:
    try:
        subscribed = await subscribing.confirm(token)
    except BadToken:
        return pages.bad_link()
    return pages.confirmed() if subscribed else pages.bad_link()


@get("/leave/{token:str}", media_type=MediaType.HTML)
async def show_leaving(state: State, token: Token) -> Response[str]:
    """A page with a button that ends everything for the address."""
    return await _show_leaving(state.subscribing, token)


async def _show_leaving(subscribing: Subscribing, token: str) -> Response[str]:
    try:
        subscribing.check_leaving(token)
    except BadToken:
        return pages.bad_link()
    return pages.ask_to_leave()


@post("/leave/{token:str}", media_type=MediaType.HTML, status_code=200)
async def leave(state: State, token: Token) -> Response[str]:
    """End everything for the address at once (RFC 8058); what the body says does not matter."""
    return await _leave(state.subscribing, token)


async def _leave(subscribing: Subscribing, token: str) -> Response[str]:
    try:
        await subscribing.leave(token)
    except BadToken:
        return pages.bad_link()
    return pages.left()


@get("/s/{token:str}", media_type=MediaType.HTML)
async def show_short_link(state: State, token: Token) -> Response[str]:
    """Where a text message leads: the page to confirm or to leave, as the token says."""
    subscribing: Subscribing = state.subscribing
    try:
        show = _show_leaving if subscribing.is_to_leave(token) else _show_confirmation
    except BadToken:
        return pages.bad_link()
    return await show(subscribing, token)


@post("/s/{token:str}", media_type=MediaType.HTML, status_code=200)
async def follow_short_link(state: State, token: Token) -> Response[str]:
    """Confirm or leave at once, as the token says; what the body says does not matter."""
    subscribing: Subscribing = state.subscribing
    try:
        follow = _leave if subscribing.is_to_leave(token) else _confirm
    except BadToken:
        return pages.bad_link()
    return await follow(subscribing, token)


@get("/desk/v1/status")
async def status(state: State, authorization: Authorization = None) -> NotifyStatus:
    """What goes out and what is in trouble. Needs the desk's token; a proxy does not publish it."""
    expected = f"Bearer {state.desk_token}".encode()
    if authorization is None or not hmac.compare_digest(authorization.encode(), expected):
        raise DeskClosed("the header Authorization does not hold the desk's token")
    confirmed = await deliveries.subscriptions(state.pool)
    dispatchers: tuple[Dispatcher, ...] = state.dispatchers
    return NotifyStatus(
        announcements=tuple(await deliveries.announcements(state.pool)),
        channels=tuple(
            ChannelView(
                channel=one.outlet.name,
                carrier=one.outlet.channel.name,
                subscriptions=confirmed.get(one.outlet.name, 0),
                working=one.working,
            )
            for one in dispatchers
        ),
        trouble=tuple(await deliveries.trouble(state.pool)),
    )


@get("/inbox", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def show_inbox(state: State, to: Recipient = "") -> Response[str]:
    """What would have been sent, for people."""
    inbox = _inbox(state)
    messages = inbox.to(to) if to else inbox.newest(SHOWN_MESSAGES)
    return pages.inbox_page(messages, to)


@get("/inbox/messages", include_in_schema=False, sync_to_thread=False)
def inbox_messages(state: State, to: Recipient = "") -> list[InboxMessage]:
    """What would have been sent to one recipient, or of late to anyone; the newest last."""
    inbox = _inbox(state)
    return list(inbox.to(to) if to else inbox.newest(SHOWN_MESSAGES))


@get("/live", sync_to_thread=False)
def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/ready")
async def ready(state: State) -> Response[Readiness]:
    """503 while the database is away."""
    reachable = await store.answers(state.pool)
    body = Readiness(
        ready=reachable,
        database="ok" if reachable else "unreachable",
        nats="ok" if state.nats.is_connected else "disconnected",
    )
    return Response(body, status_code=200 if reachable else 503)


def _inbox(state: State) -> Inbox:
    inbox: Inbox | None = state.inbox
    if inbox is None:
        raise NoInbox("the setting HUIMIN_NOTIFY_INBOX is not on")
    return inbox


HANDLERS: Final[tuple[ControllerRouterHandler, ...]] = (
    Subscriptions,
    show_confirmation,
    confirm,
    show_leaving,
    leave,
    show_short_link,
    follow_short_link,
    status,
    show_inbox,
    inbox_messages,
    live,
    ready,
)
