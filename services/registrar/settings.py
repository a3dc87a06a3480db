"""Settings of the registrar; see `shared.service.settings` for how they are read."""

from typing import Annotated

from msgspec import Meta

from shared.edition.manifest import LogIdentity
from shared.service.caps import Limit
from shared.service.client_address import Network
from shared.service.setting import Secret, means
from shared.service.settings import (
    DatabasePool,
    DeskToken,
    ListeningPort,
    LogKey,
    LogOrigin,
    PhonePrefixes,
    ServiceSettings,
    TrustedProxies,
    Url,
    key_bytes,
    networks,
)


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the registrar is told besides. The limits are caps."""

    key: Annotated[
        Secret,
        means(
            "Base64 of the 32 bytes from which everything secret here is derived; without it no"
            " person is recognised and no phone number read",
            "32 字节密钥的 base64，本服务的一切秘密由它派生；"
            "没有它就认不出任何人，也读不出电话号码",
        ),
    ]
    desk_token: DeskToken
    ballot_url: Annotated[Url, means("Base URL of the ballot service", "投票服务的基本地址")]
    log_origin: LogOrigin
    log_key: LogKey
    port: ListeningPort = 8100
    database_pool: DatabasePool = 16
    trusted_proxies: TrustedProxies = ""
    phone_prefixes: Annotated[
        PhonePrefixes,
        means(
            "Prefixes of the numbers that people may give in mode `phone`, with +, separated by"
            " commas; messages abroad cost money, and there are numbers that share in it",
            "`phone` 方式下可填号码的前缀，带 +，以逗号分隔；境外短信费用高，且有号码从中分成",
        ),
    ] = "+86"
    proof_of_work: Annotated[
        bool,
        means(
            "Whether people in a block of addresses that has used up `block_per_hour` may go on"
            " when their device solves a puzzle, which takes it seconds",
            "地址段用尽 `block_per_hour` 后，其中的人可否让设备解一道几秒钟的计算题再继续",
        ),
    ] = False
    proof_of_work_cost: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        means("How hard the puzzle is", "计算题的难度"),
    ] = 5_000
    person_per_hour: Annotated[
        Limit, means("Codes that one person may ask for in an hour", "每人每小时可申请的验证码数")
    ] = 5
    person_per_day: Annotated[
        Limit, means("Codes that one person may ask for in a day", "每人每天可申请的验证码数")
    ] = 10
    phone_per_day: Annotated[
        Limit, means("Codes that are sent to one phone in a day", "每部手机每天可收到的验证码数")
    ] = 12
    block_per_hour: Annotated[
        Limit,
        means(
            "Requests for a code from one block of addresses (/24, /48) in an hour",
            "每个地址段（/24、/48）每小时可申请的验证码数",
        ),
    ] = 3_000
    block_solved_per_hour: Annotated[
        Limit,
        means(
            "Further requests from one block of addresses in an hour, each with a solved puzzle",
            "每个地址段每小时凭计算题答案可另行申请的验证码数",
        ),
    ] = 10_000
    edition_per_day: Annotated[
        Limit,
        means(
            "Codes of one edition that are sent in a day: what an attack could cost at most",
            "每届每天实际发出的验证码总数：攻击造成的费用以此为上限",
        ),
    ] = 100_000
    guesses_per_hour: Annotated[
        Limit,
        means(
            "Codes that are tried from one block of addresses in an hour",
            "每个地址段每小时可尝试的验证码数",
        ),
    ] = 20_000
    counter_guesses_per_hour: Annotated[
        Limit,
        means(
            "Counter codes that are tried from one block of addresses in an hour",
            "每个地址段每小时可尝试的窗口码数",
        ),
    ] = 2_000
    waiting_codes: Annotated[
        Limit,
        means(
            "Codes that wait for delivery in one process; further requests are told to come later",
            "每个进程中等待发送的验证码数；超出的申请会被告知稍后再来",
        ),
    ] = 2_000


def secret_key(settings: Settings) -> bytes:
    """The key's 32 bytes; raises `BadSettings`."""
    return key_bytes("HUIMIN_REGISTRAR_KEY", settings.key)


def log_identity(settings: Settings) -> LogIdentity:
    """Prefix of the logs' origins, and their key; raises `BadSettings`."""
    key = key_bytes("HUIMIN_REGISTRAR_LOG_KEY", settings.log_key)
    return LogIdentity(origin=settings.log_origin, key=key)


def trusted_proxies(settings: Settings) -> tuple[Network, ...]:
    """The networks of proxies that are believed; raises `BadSettings`."""
    return networks("HUIMIN_REGISTRAR_TRUSTED_PROXIES", settings.trusted_proxies)
