"""The notify service's public interface, and its desk.

Subscribing asks an address to confirm; whoever reads what comes there does, by the link in it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import msgspec

from shared.client.errors import BadAnswer, Refused
from shared.client.transport import PATIENT, Patience, Transport, open_transport
from shared.edition.errors import UNREADABLE_JSON
from shared.notices.views import NotifyStatus, SubscriptionAnswer, SubscriptionRequest


class Notify:
    """One notify service. Every method raises `Refused`, `BadAnswer` or `CannotRead`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def subscribe(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        """Have an address asked whether it wants to hear of milestones."""
        path = "v1/subscriptions"
        answer = await self._transport.post(path, msgspec.json.encode(request), repeatable=True)
        if answer.status != HTTPStatus.ACCEPTED:
            raise Refused(answer.status, answer.problem())
        try:
            return msgspec.json.decode(answer.body, type=SubscriptionAnswer)
        except UNREADABLE_JSON as error:
            # What was answered may hold a secret: it is not quoted.
            raise BadAnswer(f"{self._transport.base_url}/{path}: not the answer agreed") from error

    async def status(self) -> NotifyStatus:
        """What goes out, and what is in trouble; needs the desk's token."""
        return await self._transport.document("desk/v1/status", NotifyStatus)


@asynccontextmanager
async def open_notify(
    url: str, patience: Patience = PATIENT, *, token: str | None = None
) -> AsyncIterator[Notify]:
    """The notify service at a base URL such as `http://127.0.0.1:8110`; `token` is the desk's."""
    async with open_transport(url, patience, token=token) as transport:
        yield Notify(transport)
