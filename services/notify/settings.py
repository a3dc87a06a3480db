"""Settings of the notify service; see `shared.service.settings` for how they are read."""

from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta

from shared.edition.manifest import LogIdentity
from shared.log.encoding import parse_base64
from shared.log.errors import LogFormatError
from shared.notices.views import Language
from shared.service.client_address import Network, parse_networks
from shared.service.settings import BadSettings, Port, ServiceSettings

KEY_BYTES: Final = 32

Url = Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")]
OptionalUrl = Annotated[str, Meta(pattern=r"^(https?://[^\s]+)?\Z")]
Rate = Annotated[float, Meta(ge=0, le=100_000)]
"""Messages a second of one process; 0 for no limit."""


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Environment variables `HUIMIN_NOTIFY_*`, in the order of the fields.

    `key` (base64 of 32 bytes) seals addresses and makes the links in messages: with another key all
    subscriptions are lost. `desk_token` opens the operator's interface. `log_origin` and `log_key`
    are the log of the ballot service at `ballot_url`, as the tally has them. `public_url` is where
    people reach this service, and `edition_url` a page about an edition (`{edition}` is its id).

    `inbox` turns on the development inbox, which shows every message of a channel without a
    provider to whoever can reach it. `codes_channel` carries codes and other text messages; it is
    the inbox if that is on and nothing else is said. Templates are JSON, as `channels.sms` has it.
    `apprise_urls` has one recipient of all announcements a line, after `zh ` or `en ` if need be.
    """

    key: str
    desk_token: Annotated[str, Meta(min_length=32)]
    ballot_url: Url
    log_origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,120}\Z")]
    log_key: str
    port: Port = 8110
    public_url: OptionalUrl = ""
    edition_url: OptionalUrl = ""
    trusted_proxies: str = ""
    inbox: bool = False

    codes_channel: Literal["", "inbox", "aliyun", "tencent"] = ""
    sms_rate: Rate = 20.0

    aliyun_access_key_id: str = ""
    aliyun_access_key_secret: str = ""
    aliyun_sign_name: str = ""
    aliyun_templates: str = "{}"
    aliyun_endpoint: str = "https://dysmsapi.aliyuncs.com"

    tencent_secret_id: str = ""
    tencent_secret_key: str = ""
    tencent_app_id: str = ""
    tencent_sign_name: str = ""
    tencent_templates: str = "{}"
    tencent_region: str = "ap-guangzhou"
    tencent_endpoint: str = "https://sms.tencentcloudapi.com"

    smtp_host: str = ""
    smtp_port: Port | None = None
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    smtp_sender: str = ""
    smtp_sender_name: str = "惠民 Huimin"
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_ca_file: str = ""
    smtp_connections: Annotated[int, Meta(ge=1, le=100)] = 8
    smtp_rate: Rate = 0.0

    webhooks_anywhere: bool = False
    webhook_rate: Rate = 50.0

    apprise_urls: str = ""
    apprise_rate: Rate = 1.0

    def __repr__(self) -> str:
        """Without keys, passwords and tokens."""
        return f"Settings(port={self.port}, inbox={self.inbox})"


class OperatorsRecipient(NamedTuple):
    """An Apprise URL of an operator, who hears every announcement; the URL is a secret."""

    url: str
    language: Language

    def __repr__(self) -> str:
        """Without the URL."""
        return f"OperatorsRecipient(language={self.language!r})"


class Identity(NamedTuple):
    """What the settings say beyond plain text: the sealing key, the log, and proxies to believe."""

    key: bytes
    logs: LogIdentity
    proxies: tuple[Network, ...]
    recipients: tuple[OperatorsRecipient, ...]

    def __repr__(self) -> str:
        """Without the key."""
        return f"Identity(logs={self.logs!r})"


def identity(settings: Settings) -> Identity:
    """The settings that have a form of their own; raises `BadSettings`."""
    try:
        key = parse_base64(settings.key)
        log_key = parse_base64(settings.log_key)
    except LogFormatError as error:
        raise BadSettings(f"HUIMIN_NOTIFY_KEY or _LOG_KEY: {error}") from error
    for name, value in (("KEY", key), ("LOG_KEY", log_key)):
        if len(value) != KEY_BYTES:
            raise BadSettings(f"HUIMIN_NOTIFY_{name} has {len(value)} bytes and needs {KEY_BYTES}")
    try:
        proxies = parse_networks(settings.trusted_proxies)
    except ValueError as error:
        raise BadSettings(f"HUIMIN_NOTIFY_TRUSTED_PROXIES: {error}") from error
    logs = LogIdentity(origin=settings.log_origin, key=log_key)
    return Identity(key, logs, proxies, _recipients(settings.apprise_urls))


def _recipients(lines: str) -> tuple[OperatorsRecipient, ...]:
    found: dict[str, OperatorsRecipient] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        head, _, rest = line.partition(" ")
        language: Language = "en" if head == "en" else "zh"
        url = rest.strip() if head in ("zh", "en") else line
        if "://" not in url or " " in url:
            raise BadSettings("HUIMIN_NOTIFY_APPRISE_URLS: a line is no Apprise URL")
        found[url] = OperatorsRecipient(url, language)
    return tuple(found.values())
