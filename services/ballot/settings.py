"""Settings of the ballot service; see `shared.service.settings` for how they are read."""

from typing import Annotated, Literal

from msgspec import Meta

from shared.service.pages import PublicUrl, PublicUrls
from shared.service.setting import Secret, means
from shared.service.settings import (
    ListeningPort,
    LogOrigin,
    NonEmpty,
    ServiceSettings,
    key_bytes,
)


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the ballot service is told besides."""

    log_origin: LogOrigin
    log_key_seed: Annotated[
        Secret,
        means(
            "Seed of the key that signs checkpoints, base64 of 32 bytes (Ed25519); whoever has it"
            " can speak for the log",
            "签署检查点的密钥种子：32 字节（Ed25519）的 base64；持有者可以冒充日志",
        ),
    ]
    announcers: Annotated[
        NonEmpty,
        means(
            "Directory with the public keys (`*.pub`) of the officers who may announce editions",
            "目录：可以公告届次的经办人的公钥（`*.pub`）",
        ),
    ]
    checkpoint_copies: Annotated[
        NonEmpty,
        means(
            "Directory, best on another disk, to which published checkpoints are copied; a database"
            " that is behind them is never signed for",
            "目录（最好在另一块磁盘上）：保存已公布检查点的副本；数据库若落后于副本，绝不再签名",
        ),
    ]
    port: ListeningPort = 8080
    queue_limit: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        means(
            "Most ballots that wait in one process; those beyond it are told to come again later",
            "每个进程最多排队多少张选票；超出的会被告知稍后再来",
        ),
    ] = 4096
    stream_replicas: Annotated[
        Literal[1, 3, 5],
        means(
            "Servers of the NATS cluster that each keep a copy of a new log's stream; 1 without a"
            " cluster",
            "新日志的流在 NATS 集群的几台服务器上各存一份；没有集群时为 1",
        ),
    ] = 1
    registrar_url: Annotated[
        PublicUrl,
        means(
            "Where browsers reach the registrar; empty: where they reach the ballot service",
            "浏览器访问登记服务的地址；留空则与投票服务相同",
        ),
    ] = ""
    tally_url: Annotated[
        PublicUrl,
        means(
            "Where browsers reach the tally; empty: where they reach the ballot service",
            "浏览器访问计票服务的地址；留空则与投票服务相同",
        ),
    ] = ""
    notify_url: Annotated[
        PublicUrl,
        means(
            "Where browsers reach the notify service; empty: where they reach the ballot service",
            "浏览器访问通知服务的地址；留空则与投票服务相同",
        ),
    ] = ""


def log_key_seed(settings: Settings) -> bytes:
    """The seed's 32 bytes; raises `BadSettings`."""
    return key_bytes("HUIMIN_BALLOT_LOG_KEY_SEED", settings.log_key_seed)


def public_urls(settings: Settings) -> PublicUrls:
    """Where browsers reach the services."""
    return PublicUrls(
        registrar=settings.registrar_url,
        tally=settings.tally_url,
        notify=settings.notify_url,
    )
