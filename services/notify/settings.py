"""Settings of the notify service; see `shared.service.settings` for how they are read."""

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from shared.edition.manifest import LogIdentity
from shared.notices.views import Language
from shared.service.caps import Limit
from shared.service.client_address import Network
from shared.service.setting import Secret, means
from shared.service.settings import (
    BadSettings,
    DatabasePool,
    DeskToken,
    ListeningPort,
    LogKey,
    LogOrigin,
    NonEmpty,
    OptionalUrl,
    PhonePrefixes,
    Port,
    ServiceSettings,
    TrustedProxies,
    Url,
    key_bytes,
    networks,
)

Rate = Annotated[float, Meta(ge=0, le=100_000)]
"""Messages a second of one process; 0 for no limit."""


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the notify service is told besides: its keys, and its providers."""

    key: Annotated[
        Secret,
        means(
            "Base64 of the 32 bytes that seal addresses and make the links in messages; with"
            " another key all subscriptions are lost",
            "32 字节密钥的 base64，用于加密地址和生成消息中的链接；换了密钥，全部订阅都会丢失",
        ),
    ]
    desk_token: DeskToken
    ballot_url: Annotated[Url, means("Base URL of the ballot service", "投票服务的基本地址")]
    log_origin: LogOrigin
    log_key: LogKey
    port: ListeningPort = 8110
    database_pool: DatabasePool = 10
    public_url: Annotated[
        OptionalUrl,
        means(
            "Where people reach this service, for the links in messages; empty: on this machine",
            "公众访问本服务的地址，用于消息中的链接；留空则为本机",
        ),
    ] = ""
    voting_url: Annotated[
        OptionalUrl,
        means(
            "Where people vote in an edition, for the announcements of the opening and before the"
            " close; `{edition}` stands for its id; empty: the page of the ballot service",
            "开始投票和即将截止的公告中给出的投票页面，`{edition}` 代表该届编号；"
            "留空则为投票服务的页面",
        ),
    ] = ""
    board_url: Annotated[
        OptionalUrl,
        means(
            "Where people see an edition's shortlist and result, for their announcements;"
            " `{edition}` stands for its id; empty: the same as `voting_url`",
            "公布候选事项和结果的公告中给出的页面，`{edition}` 代表该届编号；"
            "留空则与 `voting_url` 相同",
        ),
    ] = ""
    trusted_proxies: TrustedProxies = ""
    inbox: Annotated[
        bool,
        means(
            "The development inbox: it shows every message of a channel without a provider to"
            " whoever can reach it; never in operation",
            "开发用收件箱：没有服务商的渠道，其消息任何能访问它的人都能看到；正式运行时绝不可开启",
        ),
    ] = False
    codes_channel: Annotated[
        Literal["", "inbox", "aliyun", "tencent"],
        means(
            "What carries codes and other texts; empty: the inbox if it is on, else nothing",
            "验证码等短信经由何处发送；留空：收件箱开启时用收件箱，否则不发",
        ),
    ] = ""
    phone_prefixes: Annotated[
        PhonePrefixes,
        means(
            "Prefixes of the numbers that may be subscribed, with +, separated by commas; messages"
            " abroad cost money, and there are numbers that share in it",
            "可订阅短信通知的号码前缀，带 +，以逗号分隔；境外短信费用高，且有号码从中分成",
        ),
    ] = "+86"
    confirmations_per_day: Annotated[
        Limit,
        means(
            "Messages by one channel in a day that ask a new subscriber to confirm: what strangers"
            " could make the city send at most",
            "每个渠道每天发送的订阅确认消息总数：陌生人最多能让市里发送这么多",
        ),
    ] = 10_000
    sms_rate: Annotated[
        Rate,
        means(
            "Text messages a second from one process; 0: as fast as it goes",
            "每个进程每秒发送的短信数；0 表示不限",
        ),
    ] = 20.0

    aliyun_access_key_id: Annotated[str, means("Aliyun: AccessKey ID", "阿里云：AccessKey ID")] = ""
    aliyun_access_key_secret: Annotated[
        Secret, means("Aliyun: AccessKey secret", "阿里云：AccessKey Secret")
    ] = ""
    aliyun_sign_name: Annotated[
        str, means("Aliyun: the approved signature of texts", "阿里云：已审核的短信签名")
    ] = ""
    aliyun_templates: Annotated[
        str,
        means(
            "Aliyun: the approved templates, as JSON from kind to language to id and parameters:"
            ' `{"code": {"zh": {"id": "SMS_1", "parameters": ["code", "minutes"]}}}`. That one is'
            " needed; with those of all other kinds, people may subscribe by SMS",
            "阿里云：已审核的模板，JSON，依次为种类、语言、编号与参数："
            '`{"code": {"zh": {"id": "SMS_1", "parameters": ["code", "minutes"]}}}`。'
            "这一个必不可少；其他种类齐全后，居民可以订阅短信通知",
        ),
    ] = "{}"
    aliyun_endpoint: Annotated[
        str, means("Aliyun: scheme and host of its interface", "阿里云：接口的协议和主机")
    ] = "https://dysmsapi.aliyuncs.com"

    tencent_secret_id: Annotated[str, means("Tencent Cloud: SecretId", "腾讯云：SecretId")] = ""
    tencent_secret_key: Annotated[
        Secret, means("Tencent Cloud: SecretKey", "腾讯云：SecretKey")
    ] = ""
    tencent_app_id: Annotated[
        str,
        means("Tencent Cloud: SDK app id of the SMS application", "腾讯云：短信应用的 SdkAppId"),
    ] = ""
    tencent_sign_name: Annotated[
        str, means("Tencent Cloud: the approved signature of texts", "腾讯云：已审核的短信签名")
    ] = ""
    tencent_templates: Annotated[
        str,
        means(
            "Tencent Cloud: the approved templates, written like those of Aliyun",
            "腾讯云：已审核的模板，写法与阿里云的相同",
        ),
    ] = "{}"
    tencent_region: Annotated[NonEmpty, means("Tencent Cloud: region", "腾讯云：地域")] = (
        "ap-guangzhou"
    )
    tencent_endpoint: Annotated[
        str, means("Tencent Cloud: scheme and host of its interface", "腾讯云：接口的协议和主机")
    ] = "https://sms.tencentcloudapi.com"

    smtp_host: Annotated[
        str,
        means("Mail server; empty: no mails are sent", "邮件服务器；留空则不发邮件"),
    ] = ""
    smtp_port: Annotated[
        Port | None,
        means(
            "Port of the mail server; if not set, the usual one of `smtp_tls`: 587, 465 or 25",
            "邮件服务器端口；不设则按 `smtp_tls` 取 587、465 或 25",
        ),
    ] = None
    smtp_tls: Annotated[
        Literal["starttls", "tls", "none"],
        means(
            "How the way to the mail server is secured; `none` allows no password",
            "与邮件服务器之间如何加密；`none` 时不允许使用密码",
        ),
    ] = "starttls"
    smtp_sender: Annotated[str, means("Address that mails come from", "发件人地址")] = ""
    smtp_sender_name: Annotated[str, means("Name that mails come from", "发件人名称")] = (
        "惠民 Huimin"
    )
    smtp_username: Annotated[
        str,
        means(
            "User of the mail server; empty: it is not logged in to",
            "邮件服务器的用户名；留空则不登录",
        ),
    ] = ""
    smtp_password: Annotated[Secret, means("Password of that user", "该用户的密码")] = ""
    smtp_ca_file: Annotated[
        str,
        means(
            "PEM file of the authorities that the mail server's certificate may come from; empty:"
            " those of the system",
            "PEM 文件：认可的邮件服务器证书签发机构；留空则用系统自带的",
        ),
    ] = ""
    smtp_connections: Annotated[
        int,
        Meta(ge=1, le=100),
        means(
            "Most connections of one process to the mail server", "每个进程到邮件服务器的最多连接数"
        ),
    ] = 8
    smtp_rate: Annotated[
        Rate,
        means(
            "Mails a second from one process; 0: as fast as it goes",
            "每个进程每秒发送的邮件数；0 表示不限",
        ),
    ] = 0.0

    webhooks_anywhere: Annotated[
        bool,
        means(
            "Whether webhooks may be plain http and in private networks; never where strangers may"
            " subscribe",
            "是否允许 webhook 使用 http 和内网地址；对公众开放订阅时绝不可开启",
        ),
    ] = False
    webhook_rate: Annotated[
        Rate,
        means(
            "Calls of webhooks a second from one process; 0: as fast as it goes",
            "每个进程每秒调用的 webhook 数；0 表示不限",
        ),
    ] = 50.0

    apprise_urls: Annotated[
        Secret,
        means(
            "Apprise URLs that hear of all announcements, one a line, after `zh ` or `en ` if need"
            " be; they contain passwords, so write them to a file",
            "接收全部公告的 Apprise 地址，每行一个，前面可加 `zh ` 或 `en `；"
            "其中含有密码，应写在文件里",
        ),
    ] = ""
    apprise_rate: Annotated[
        Rate,
        means(
            "Announcements a second to Apprise URLs from one process; 0: as fast as it goes",
            "每个进程每秒发往 Apprise 的公告数；0 表示不限",
        ),
    ] = 1.0


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
    log_key = key_bytes("HUIMIN_NOTIFY_LOG_KEY", settings.log_key)
    return Identity(
        key=key_bytes("HUIMIN_NOTIFY_KEY", settings.key),
        logs=LogIdentity(origin=settings.log_origin, key=log_key),
        proxies=networks("HUIMIN_NOTIFY_TRUSTED_PROXIES", settings.trusted_proxies),
        recipients=_recipients(settings.apprise_urls),
    )


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
