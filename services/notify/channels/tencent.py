"""Text messages through Tencent Cloud SMS: the operation SendSms, version 2021-01-11.

Requests are signed by the provider's "v3" rules (TC3-HMAC-SHA256). The operation knows no
idempotency key, so whatever leaves open whether a message went out is `Unknown`.
"""

import hashlib
import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from services.notify.channels.channel import (
    Accepted,
    Message,
    Outcome,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.channels.http import KEEP_OPEN_S, Reply, open_session, post
from services.notify.channels.sms import (
    OPERATOR_RETRY_S,
    CannotFill,
    Templates,
    check_endpoint,
    fill,
    refusal,
)

ALGORITHM: Final = "TC3-HMAC-SHA256"
CONTENT_TYPE: Final = "application/json; charset=utf-8"

_OF_THE_NUMBER: Final[Mapping[str, float | None]] = {
    "InvalidParameterValue.IncorrectPhoneNumber": None,
    "FailedOperation.PhoneNumberInBlacklist": None,
    "LimitExceeded.AppCountryOrRegionInBlacklist": None,
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": None,
    "UnsupportedOperation.UnsupportedRegion": None,
    "UnsupportedOperation.UnsuportedRegion": None,  # so spelt in the provider's list
    "LimitExceeded.PhoneNumberThirtySecondLimit": 30.0,
    "LimitExceeded.DeliveryFrequencyLimit": 60.0,
    "LimitExceeded.PhoneNumberOneHourLimit": 3_600.0,
    "LimitExceeded.AppCountryOrRegionDailyLimit": 3_600.0,
    "LimitExceeded.PhoneNumberDailyLimit": 86_400.0,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": 86_400.0,
}
"""What concerns one number, or one country's numbers: seconds to wait, None if it is refused every
time."""

_NEVER: Final = frozenset(
    {
        "InvalidParameterValue.ContentLengthLimit",
        "InvalidParameterValue.TemplateParameterFormatError",
        "InvalidParameterValue.TemplateParameterLengthLimit",
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        "FailedOperation.ContainSensitiveWord",
    }
)
"""This text will be refused every time, whoever it is for."""

_LATER: Final[Mapping[str, float]] = {
    "LimitExceeded": 60.0,
    "RequestLimitExceeded": 1.0,
}
"""Too many of all for now: seconds to wait. The whole code counts, or what is before its first dot.
"""


class TencentSettings(Struct, frozen=True, kw_only=True):
    """The account and application, the approved signature before each text, and the templates."""

    secret_id: str
    secret_key: str
    app_id: str
    sign_name: str
    templates: Templates
    region: str = "ap-guangzhou"
    endpoint: str = "https://sms.tencentcloudapi.com"
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        return f"TencentSettings(endpoint={self.endpoint!r}, region={self.region!r})"


class TencentChannel:
    """A channel over one application; `open_tencent` makes one."""

    name = "tencent"

    def __init__(self, session: aiohttp.ClientSession, settings: TencentSettings) -> None:
        self._session = session
        self._settings = settings
        self._host = settings.endpoint.partition("://")[2]

    async def send(self, message: Message) -> Outcome:
        """One attempt; see `Channel`."""
        settings = self._settings
        try:
            template, parameters = fill(settings.templates, message)
        except CannotFill as error:
            return error.outcome
        payload = msgspec.json.encode(
            {
                "PhoneNumberSet": [message.to],
                "SmsSdkAppId": settings.app_id,
                "SignName": settings.sign_name,
                "TemplateId": template,
                "TemplateParamSet": list(parameters.values()),
                "SessionContext": message.id,
            }
        )
        now_s = int(time.time())
        headers = {
            "Authorization": authorization(
                settings.secret_id,
                settings.secret_key,
                service="sms",
                host=self._host,
                payload=payload,
                time_s=now_s,
            ),
            "Content-Type": CONTENT_TYPE,
            "Host": self._host,
            "X-TC-Action": "SendSms",
            "X-TC-Region": settings.region,
            "X-TC-Timestamp": str(now_s),
            "X-TC-Version": "2021-01-11",
        }
        reply = await post(
            self._session, URL(settings.endpoint), payload, headers, read_answer=True
        )
        return _outcome(reply) if isinstance(reply, Reply) else reply


@asynccontextmanager
async def open_tencent(settings: TencentSettings) -> AsyncIterator[TencentChannel]:
    """The channel; connects at the first message. Raises `BadSettings`."""
    check_endpoint(settings.endpoint)
    connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_OPEN_S)
    async with open_session(settings.timeout_s, connector) as session:
        yield TencentChannel(session, settings)


def authorization(
    secret_id: str, secret_key: str, *, service: str, host: str, payload: bytes, time_s: int
) -> str:
    """The header Authorization of a POST of JSON to the path `/`.

    `time_s` is seconds since 1970, at most five minutes off the provider's.
    """
    day = datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    headers = f"content-type:{CONTENT_TYPE}\nhost:{host}\n"
    names = "content-type;host"
    request = f"POST\n/\n\n{headers}\n{names}\n{hashlib.sha256(payload).hexdigest()}"
    to_sign = f"{ALGORITHM}\n{time_s}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return (
        f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


class _Status(Struct, rename="pascal"):
    code: str


class _Response(Struct, rename="pascal"):
    error: _Status | None = None
    send_status_set: tuple[_Status, ...] = ()


class _Answer(Struct, rename="pascal"):
    response: _Response


def _outcome(reply: Reply) -> Outcome:
    try:
        response = msgspec.json.decode(reply.body, type=_Answer).response
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Unknown(f"the provider answered {reply.status} without a code")
    statuses = (response.error,) if response.error else response.send_status_set
    if len(statuses) != 1 or statuses[0] is None:
        return Unknown("the provider answered for other than one number")
    return _outcome_of_code(statuses[0].code, reply)


def _outcome_of_code(code: str, reply: Reply) -> Outcome:
    reason = refusal(code)
    if code == "Ok":
        return Accepted()
    if code in _OF_THE_NUMBER:
        return Undeliverable(reason, _OF_THE_NUMBER[code])
    if code in _NEVER:
        return Rejected(reason)
    for limit in (code, code.partition(".")[0]):
        if limit in _LATER:
            return Retry(reason, max(_LATER[limit], reply.retry_after_s))
    if code.partition(".")[0] == "InternalError" or reply.status >= 500:
        return Unknown(reason)
    return Retry(reason, OPERATOR_RETRY_S)
