"""Settings of the tally service; see `shared.service.settings` for how they are read."""

from typing import Annotated

from shared.edition.manifest import LogIdentity
from shared.service.pages import PublicUrl, PublicUrls
from shared.service.setting import means
from shared.service.settings import (
    ListeningPort,
    LogKey,
    LogOrigin,
    ServiceSettings,
    Url,
    key_bytes,
)


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the tally is told besides. `log_origin` and `log_key` are all that it trusts."""

    log_url: Annotated[
        Url,
        means(
            "Base URL of the ballot service whose logs are counted",
            "投票服务的基本地址，计票读取它的日志",
        ),
    ]
    log_origin: LogOrigin
    log_key: LogKey
    port: ListeningPort = 8090
    ballot_url: Annotated[
        PublicUrl,
        means(
            "Where browsers reach the ballot service; empty: where they reach the tally",
            "浏览器访问投票服务的地址；留空则与计票服务相同",
        ),
    ] = ""
    registrar_url: Annotated[
        PublicUrl,
        means(
            "Where browsers reach the registrar; empty: where they reach the tally",
            "浏览器访问登记服务的地址；留空则与计票服务相同",
        ),
    ] = ""
    notify_url: Annotated[
        PublicUrl,
        means(
            "Where browsers reach the notify service; empty: where they reach the tally",
            "浏览器访问通知服务的地址；留空则与计票服务相同",
        ),
    ] = ""


def public_urls(settings: Settings) -> PublicUrls:
    """Where browsers reach the services."""
    return PublicUrls(
        ballot=settings.ballot_url,
        registrar=settings.registrar_url,
        notify=settings.notify_url,
    )


def log_identity(settings: Settings) -> LogIdentity:
    """Prefix of the logs' origins, and their key; raises `BadSettings`."""
    key = key_bytes("HUIMIN_TALLY_LOG_KEY", settings.log_key)
    return LogIdentity(origin=settings.log_origin, key=key)
