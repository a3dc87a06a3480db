"""Which provider carries which channel, as the settings say; the inbox stands in for the rest."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple

from services.notify.channels.aliyun import AliyunSettings, open_aliyun
from services.notify.channels.apprise import AppriseSettings, open_apprise
from services.notify.channels.channel import Channel
from services.notify.channels.smtp import SmtpSettings, open_smtp
from services.notify.channels.tencent import TencentSettings, open_tencent
from services.notify.channels.webhook import WebhookSettings, open_webhook
from services.notify.dispatcher import ALL_LANGUAGES, Outlet
from services.notify.inbox import Inbox, InboxChannel
from services.notify.settings import OperatorsRecipient, Settings, identity
from services.notify.sms_templates import languages_offered, read_templates
from shared.notices.views import Language
from shared.service.settings import BadSettings

SMS_AT_ONCE: Final = 16
WEBHOOKS_AT_ONCE: Final = 32
APPRISE_AT_ONCE: Final = 4
WAITING_FOR_CONNECTION: Final = 1.5
"""Mails under way for each connection: the next is written while the database records the last."""


class Outlets(NamedTuple):
    """The channels that are open; `codes` None if nothing can carry one."""

    codes: Channel | None
    outlets: tuple[Outlet, ...]


class _Sms(NamedTuple):
    """What carries texts, and the languages in which all kinds of them can be sent."""

    channel: Channel
    languages: frozenset[Language]


@asynccontextmanager
async def open_outlets(
    settings: Settings, operators: tuple[OperatorsRecipient, ...], inbox: Inbox | None
) -> AsyncIterator[Outlets]:
    """Open what the settings name, for the block; raises `BadSettings`."""
    async with AsyncExitStack() as stack:
        outlets = []
        sms = await _sms(settings, inbox, stack)
        if sms is not None:
            outlets.append(
                Outlet("sms", sms.channel, SMS_AT_ONCE, settings.sms_rate, sms.languages)
            )
        mail = await _mail(settings, inbox, stack)
        if mail is not None:
            at_once = round(settings.smtp_connections * WAITING_FOR_CONNECTION)
            outlets.append(Outlet("email", mail, at_once, settings.smtp_rate))
        webhook = WebhookSettings(allow_private=settings.webhooks_anywhere)
        channel = await stack.enter_async_context(open_webhook(webhook))
        outlets.append(Outlet("webhook", channel, WEBHOOKS_AT_ONCE, settings.webhook_rate))
        if operators:
            chat = AppriseSettings(urls=tuple(one.url for one in operators))
            services = await stack.enter_async_context(open_apprise(chat))
            outlets.append(Outlet("apprise", services, APPRISE_AT_ONCE, settings.apprise_rate))
        yield Outlets(sms.channel if sms else None, tuple(outlets))


async def try_outlets(settings: Settings) -> None:
    """Open what the settings name and close it: nothing connects yet. Raises `BadSettings`."""
    inbox = Inbox(lambda: datetime.now(UTC)) if settings.inbox else None
    async with open_outlets(settings, identity(settings).recipients, inbox):
        pass


async def _sms(settings: Settings, inbox: Inbox | None, stack: AsyncExitStack) -> _Sms | None:
    match settings.codes_channel:
        case "aliyun":
            aliyun = _aliyun(settings)
            channel: Channel = await stack.enter_async_context(open_aliyun(aliyun))
            return _Sms(channel, languages_offered(aliyun.templates))
        case "tencent":
            tencent = _tencent(settings)
            channel = await stack.enter_async_context(open_tencent(tencent))
            return _Sms(channel, languages_offered(tencent.templates))
        case "inbox" if inbox is None:
            raise BadSettings("HUIMIN_NOTIFY_CODES_CHANNEL is inbox and HUIMIN_NOTIFY_INBOX is off")
        case _:
            return None if inbox is None else _Sms(InboxChannel(inbox, "sms"), ALL_LANGUAGES)


async def _mail(settings: Settings, inbox: Inbox | None, stack: AsyncExitStack) -> Channel | None:
    if not settings.smtp_host:
        return None if inbox is None else InboxChannel(inbox, "email")
    smtp = SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        sender=settings.smtp_sender,
        sender_name=settings.smtp_sender_name,
        username=settings.smtp_username,
        password=settings.smtp_password,
        ca_file=settings.smtp_ca_file,
        connections=settings.smtp_connections,
    )
    return await stack.enter_async_context(open_smtp(smtp))


def _aliyun(settings: Settings) -> AliyunSettings:
    aliyun = AliyunSettings(
        access_key_id=settings.aliyun_access_key_id,
        access_key_secret=settings.aliyun_access_key_secret,
        sign_name=settings.aliyun_sign_name,
        templates=read_templates("HUIMIN_NOTIFY_ALIYUN_TEMPLATES", settings.aliyun_templates),
        endpoint=settings.aliyun_endpoint,
    )
    _require(aliyun.access_key_id and aliyun.access_key_secret and aliyun.sign_name, "ALIYUN")
    return aliyun


def _tencent(settings: Settings) -> TencentSettings:
    tencent = TencentSettings(
        secret_id=settings.tencent_secret_id,
        secret_key=settings.tencent_secret_key,
        app_id=settings.tencent_app_id,
        sign_name=settings.tencent_sign_name,
        templates=read_templates("HUIMIN_NOTIFY_TENCENT_TEMPLATES", settings.tencent_templates),
        region=settings.tencent_region,
        endpoint=settings.tencent_endpoint,
    )
    _require(
        tencent.secret_id and tencent.secret_key and tencent.app_id and tencent.sign_name, "TENCENT"
    )
    return tencent


def _require(complete: str, provider: str) -> None:
    if not complete:
        raise BadSettings(
            f"HUIMIN_NOTIFY_CODES_CHANNEL is {provider.lower()} and not all of"
            f" HUIMIN_NOTIFY_{provider}_* are set: keys, application and signature"
        )
