"""Subscriptions: asked for by anyone, begun by whoever reads the address, ended by one click.

Who asks gets the same answer whatever is known of the address. An address that was asked too often
gets no more messages for the day, and who asks is not told: it may be somebody else's.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from services.notify import store
from services.notify.channels.mail import is_address
from services.notify.channels.webhook import BadWebhook, check_webhook_url, new_secret
from services.notify.errors import BadAddress, ChannelNotOffered
from services.notify.store import Pool, Subscribed, Subscription
from services.notify.vault import Vault, new_handle
from shared.eligibility.errors import BadPhoneNumber
from shared.eligibility.phone_number import parse_phone_number
from shared.notices.views import ChannelName, Language, SubscriptionAnswer, SubscriptionRequest
from shared.service.caps import Cap

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
ADDRESS_A_DAY: Final = 5
BLOCK_AN_HOUR: Final = 60


class Subscribing:
    """What people do about subscriptions.

    `offered` says in which languages each channel is; `asked` is called with one that has work.
    """

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        offered: Mapping[ChannelName, Collection[Language]],
        asked: Callable[[ChannelName], None],
        *,
        confirmations_per_day: int,
        phone_prefixes: tuple[str, ...],
        webhooks_anywhere: bool,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._offered = offered
        self._asked = asked
        self._confirmations_per_day = confirmations_per_day
        self._phone_prefixes = phone_prefixes
        self._webhooks_anywhere = webhooks_anywhere

    async def ask(self, request: SubscriptionRequest, block: str) -> SubscriptionAnswer:
        """Ask the address to confirm. Raises `BadAddress`, `ChannelNotOffered`, `CapReached`."""
        if request.language not in self._offered.get(request.channel, ()):
            raise ChannelNotOffered(f"{request.channel} is not offered in {request.language}")
        address = self._address(request)
        handle = new_handle()
        secret = new_secret() if request.channel == "webhook" else None
        subscription = Subscription(
            handle=handle,
            edition=request.edition,
            channel=request.channel,
            recipient=self._vault.fingerprint(request.channel, address),
            address=self._vault.seal(address, handle),
            secret=None if secret is None else self._vault.seal(secret, handle),
            language=request.language,
        )
        quietly = self._address_cap(subscription)
        loudly = (self._block_cap(block), self._channel_cap(request.channel))
        if await store.ask_to_confirm(self._pool, subscription, quietly, loudly):
            self._asked(request.channel)
        return _answer(secret)

    async def show(self, token: str) -> Subscribed | None:
        """What a link to confirm is about; raises `BadToken`."""
        return await store.subscribed(self._pool, self._vault.name("confirm", token))

    async def confirm(self, token: str) -> Subscribed | None:
        """Begin; None if it was asked for too long ago. Raises `BadToken`."""
        return await store.confirm(self._pool, self._vault.name("confirm", token))

    def is_to_leave(self, token: str) -> bool:
        """Whether a link is one to leave by, or else to confirm; raises `BadToken`."""
        return self._vault.purpose(token) == "leave"

    def check_leaving(self, token: str) -> None:
        """Raise `BadToken` unless the link is one to leave by."""
        self._vault.name("leave", token)

    async def leave(self, token: str) -> None:
        """End it at once, however often that is asked; raises `BadToken`."""
        await store.leave(self._pool, self._vault.name("leave", token))

    def _address(self, request: SubscriptionRequest) -> str:
        """The address in its one form; raises `BadAddress`."""
        match request.channel:
            case "email":
                local, _, domain = request.address.strip().rpartition("@")
                address = f"{local}@{domain.lower()}"
                if not is_address(address):
                    raise BadAddress("it is no e-mail address")
                return address
            case "sms":
                return self._phone(request.address)
            case "webhook":
                try:
                    check_webhook_url(request.address, allow_private=self._webhooks_anywhere)
                except BadWebhook as error:
                    raise BadAddress(str(error)) from None
                return request.address

    def _phone(self, typed: str) -> str:
        try:
            phone = parse_phone_number(typed)
        except BadPhoneNumber as error:
            raise BadAddress(error.detail) from None
        if not phone.startswith(self._phone_prefixes):
            prefixes = ", ".join(self._phone_prefixes)
            raise BadAddress(f"messages go to numbers that begin with {prefixes}")
        return phone

    def _block_cap(self, block: str) -> Cap:
        subject = self._vault.fingerprint("block", block)
        return Cap("subscriptions from one network", subject, BLOCK_AN_HOUR, HOUR_S)

    def _address_cap(self, subscription: Subscription) -> Cap:
        return Cap("subscriptions for one address", subscription.recipient, ADDRESS_A_DAY, DAY_S)

    def _channel_cap(self, channel: ChannelName) -> Cap:
        """What strangers could make the city pay for in a day, from however many networks."""
        scope = f"subscriptions by {channel}"
        return Cap(scope, channel.encode(), self._confirmations_per_day, DAY_S)


def _answer(secret: str | None) -> SubscriptionAnswer:
    return SubscriptionAnswer(
        status="confirmation-needed",
        next="Open the link in the message that comes to this address; else nothing is sent",
        next_zh="请打开发送到该地址的消息中的链接进行确认；未经确认不会发送任何通知",
        secret=secret,
    )
