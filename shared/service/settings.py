"""Settings of a service: typed, complete, and strict about names that do not exist.

A field `port` of the service `ballot` is `port` in the table `[ballot]` of the TOML file that
`HUIMIN_CONFIG` names, or `HUIMIN_BALLOT_PORT` in the environment, which wins; `port_file` and
`HUIMIN_BALLOT_PORT_FILE` name a file with the value, as secrets should have it. Values never appear
in errors. What each setting means stands in its type: see `shared.service.setting`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from shared.log.encoding import parse_base64
from shared.log.errors import LogFormatError
from shared.service.client_address import Network, parse_networks
from shared.service.setting import Secret, Setting, means, secret_names, settings_of
from shared.service.settings_sources import Given, collect

KEY_BYTES: Final = 32

Port = Annotated[int, Meta(ge=1, le=65535)]
ListeningPort = Annotated[Port, means("TCP port to listen on", "监听的 TCP 端口")]
Url = Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")]
OptionalUrl = Annotated[str, Meta(pattern=r"^(https?://[^\s]+)?\Z")]
NonEmpty = Annotated[str, Meta(min_length=1)]
PhonePrefixes = Annotated[str, Meta(pattern=r"^\+[0-9]{1,12}(,\+[0-9]{1,12})*\Z")]

LogOrigin = Annotated[
    str,
    Meta(pattern=r"^[^\s+]{1,120}\Z"),
    means(
        "Prefix of the origins of all logs of the ballot service, without a schema, such as"
        " `vote.example.org/2027`; it is part of every checkpoint and cannot be changed later",
        "投票服务全部日志的 origin 前缀，不带协议名，例如 `vote.example.org/2027`；"
        "它写入每个检查点，以后不能更改",
    ),
]
LogKey = Annotated[
    str,
    means(
        "Public key of the logs, base64 of 32 bytes (Ed25519): all that is trusted of them",
        "日志的公钥：32 字节（Ed25519）的 base64；验证日志只信任它",
    ),
]
DatabasePool = Annotated[
    int,
    Meta(ge=2, le=1000),
    means(
        "Most connections to PostgreSQL in the pool of one process; a process may hold a few more"
        " beside it, so leave room below `max_connections`",
        "每个进程的连接池最多使用多少个 PostgreSQL 连接；进程在池外还会占用少数几个，"
        "总数应低于 `max_connections`",
    ),
]

DeskToken = Annotated[
    Secret,
    Meta(min_length=32, max_length=512),
    means(
        "Token that opens the operator's interface; a random one",
        "打开经办人接口的令牌；应为随机值",
    ),
]
TrustedProxies = Annotated[
    str,
    means(
        "Networks of the proxies whose `X-Forwarded-For` is believed, as addresses and CIDR blocks"
        " separated by commas",
        "可信代理所在的网络（采信其 `X-Forwarded-For`）：地址或 CIDR，以逗号分隔",
    ),
]

S = TypeVar("S", bound=Struct)


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """What every service is told: its database, its NATS user, and where to listen."""

    database_url: Annotated[
        Secret,
        means(
            "Address of the service's database with its role and password,"
            " `postgresql://role:password@host/database`",
            "本服务数据库的地址，含角色和密码：`postgresql://role:password@host/database`",
        ),
    ]
    nats_url: Annotated[
        str,
        Meta(pattern=r"^[^\s@]+\Z"),
        means(
            "Address of the NATS server, such as `nats://nats:4222`, without user or password",
            "NATS 服务器地址，例如 `nats://nats:4222`，不含用户名和密码",
        ),
    ]
    nats_nkey_seed: Annotated[
        Secret,
        means(
            "Seed of the service's NATS user, which begins with `SU`",
            "本服务 NATS 用户的 nkey 种子，以 `SU` 开头",
        ),
    ]
    host: Annotated[NonEmpty, means("Address to listen on", "监听的地址")] = "127.0.0.1"
    port: ListeningPort = 8000
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"],
        means("The least important events that are logged", "写入日志的最低级别"),
    ] = "info"
    database_pool: DatabasePool = 8
    stop_notice_s: Annotated[
        float,
        Meta(ge=0, le=60),
        means(
            "Seconds for which a process that was told to stop still takes new connections while"
            " `/ready` says 503; longer than a proxy takes to notice",
            "进程收到停止信号后继续接受新连接的秒数，其间 `/ready` 返回 503；"
            "应大于反向代理发现这一变化所需的时间",
        ),
    ] = 0.0
    otlp_endpoint: Annotated[
        str,
        Meta(pattern=r"^(https?://[^\s@]+)?\Z"),
        means(
            "Base URL of an OpenTelemetry collector (OTLP over HTTP) that traces are sent to, such"
            " as `http://collector:4318`; empty: no traces are made",
            "接收追踪数据的 OpenTelemetry 收集器地址（OTLP/HTTP），例如"
            " `http://collector:4318`；留空则不追踪",
        ),
    ] = ""

    def __repr__(self) -> str:
        """Without the secrets."""
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:  # type: ignore[override]  # it is one
        """Without the secrets."""
        for name in self.__struct_fields__:
            if name not in secret_names(type(self)):
                yield name, getattr(self, name)


class BadSettings(Exception):
    """The settings are not what a service needs; each text names one fault and what to do."""

    def __init__(self, *faults: str) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return "; ".join(self.faults)


class Loaded(Struct, Generic[S], frozen=True):
    """Settings, and where each comes from that is not its default."""

    settings: S
    given: Mapping[str, Given]

    def __repr__(self) -> str:
        """Without what was given."""
        return f"Loaded({self.settings!r})"


def load_settings(kind: type[S], service: str, environment: Mapping[str, str]) -> S:
    """The settings of `service`; raises `BadSettings`."""
    return read_settings(kind, service, environment).settings


def read_settings(kind: type[S], service: str, environment: Mapping[str, str]) -> Loaded[S]:
    """The settings of `service` with their sources; raises `BadSettings` with all faults."""
    known = settings_of(kind, service)
    given, faults = collect(service, known, environment)
    missing = [one for one in known.values() if one.required and one.name not in given]
    if missing:
        faults.append(_not_set(missing))
    values = {}
    usable = {name: one for name, one in given.items() if one is not None}
    for field in msgspec.structs.fields(kind):
        one = usable.get(field.name)
        if one is not None:
            try:
                values[field.name] = msgspec.convert(one.value, field.type, strict=one.typed)
            except msgspec.ValidationError:  # its text may quote the value
                faults.append(_unfit(one, known[field.name]))
    if faults:
        raise BadSettings(*faults)
    return Loaded(kind(**values), usable)


def key_bytes(setting: str, encoded: str) -> bytes:
    """The 32 bytes of a key or seed in base64; raises `BadSettings` that names `setting`."""
    try:
        key = parse_base64(encoded)
    except LogFormatError:
        raise BadSettings(f"{setting} is not base64") from None
    if len(key) != KEY_BYTES:
        raise BadSettings(f"{setting} has {len(key)} bytes and needs {KEY_BYTES}")
    return key


def networks(setting: str, text: str) -> tuple[Network, ...]:
    """Networks separated by commas; raises `BadSettings` that names `setting`."""
    try:
        return parse_networks(text)
    except ValueError:
        raise BadSettings(
            f"{setting}: a part of it is neither an address nor a CIDR block such as 10.0.0.0/8"
        ) from None


def _not_set(missing: list[Setting]) -> str:
    names = ", ".join(one.environment for one in missing)
    return (
        f"not set: {names}; set them, or write them to the file that HUIMIN_CONFIG names; for a"
        " secret put _FILE after the name, and give the path of a file"
    )


def _unfit(given: Given, setting: Setting) -> str:
    what = f"{given.where} is not what it must be, {setting.expected()}"
    return what if setting.secret else f"{what}: {setting.description}"
