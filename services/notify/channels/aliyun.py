"""Text messages through Aliyun SMS: the operation SendSms, version 2017-05-25.

Requests are signed by the provider's "V3" rules (ACS3-HMAC-SHA256). The parameters stand in the
query, where the provider's description of the operation puts them; that URL is written nowhere.
The operation knows no idempotency key, so whatever leaves open whether a message went out is
`Unknown`: the provider's own system errors too, although its documentation says to try again.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

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

ALGORITHM: Final = "ACS3-HMAC-SHA256"

_MAINLAND: Final = "+86"
_EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()

_OF_THE_NUMBER: Final[Mapping[str, float | None]] = {
    "isv.MOBILE_NUMBER_ILLEGAL": None,
    "isv.PHONE_NUMBER_ILLEGAL": None,
    "isv.NOT_SUPPORTED_COUNTRY": None,
    "isv.COUNTRY_RESTRICTED": None,
    "isv.SMS_TEST_NUMBER_LIMIT": None,
    "isv.BUSINESS_LIMIT_CONTROL": 60.0,  # one a minute, five an hour, ten a day to one number
}
"""What concerns one number and no other: seconds to wait, None if it is refused every time."""

_NEVER: Final = frozenset(
    {
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        "isv.INVALID_JSON_PARAM",
    }
)
"""This text will be refused every time, whoever it is for."""

_LATER: Final[Mapping[str, float]] = {
    "isv.DAY_LIMIT_CONTROL": 3_600.0,
    "isv.MONTH_LIMIT_CONTROL": 86_400.0,
    "Throttling": 1.0,
    "ServiceUnavailable": 5.0,
}
"""Too many of all for now: seconds to wait. The whole code counts, or what is before its first dot.
"""

_LIMIT_WINDOWS: Final[Mapping[str, float]] = {"小时": 3_600.0, "天": 86_400.0}
"""The text of BUSINESS_LIMIT_CONTROL says which of the limits on one number was reached."""

_PERHAPS: Final = frozenset({"InternalError", "SignatureNonceUsed"})
"""The gateway failed midway, or has seen this very request before."""

_PROVIDERS_OWN: Final = "isp."
_NO_PERMISSION: Final = "isp.RAM_PERMISSION_DENY"


class AliyunSettings(Struct, frozen=True, kw_only=True):
    """The account, the approved signature that stands before each text, and the templates."""

    access_key_id: str
    access_key_secret: str
    sign_name: str
    templates: Templates
    endpoint: str = "https://dysmsapi.aliyuncs.com"
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        return f"AliyunSettings(endpoint={self.endpoint!r})"


class AliyunChannel:
    """A channel over one account; `open_aliyun` makes one."""

    name = "aliyun"

    def __init__(self, session: aiohttp.ClientSession, settings: AliyunSettings) -> None:
        self._session = session
        self._settings = settings
        self._host = settings.endpoint.partition("://")[2]

    async def send(self, message: Message) -> Outcome:
        """One attempt; see `Channel`."""
        try:
            template, parameters = fill(self._settings.templates, message)
        except CannotFill as error:
            return error.outcome
        query = canonical_query(
            {
                "PhoneNumbers": message.to.removeprefix(_MAINLAND).removeprefix("+"),
                "SignName": self._settings.sign_name,
                "TemplateCode": template,
                "TemplateParam": msgspec.json.encode(parameters).decode(),
                "OutId": message.id,
            }
        )
        headers = signed_headers(
            self._settings.access_key_id,
            self._settings.access_key_secret,
            host=self._host,
            action="SendSms",
            version="2017-05-25",
            query=query,
            time=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        )
        url = URL(f"{self._settings.endpoint}/?{query}", encoded=True)
        reply = await post(self._session, url, b"", headers, read_answer=True)
        return _outcome(reply) if isinstance(reply, Reply) else reply


@asynccontextmanager
async def open_aliyun(settings: AliyunSettings) -> AsyncIterator[AliyunChannel]:
    """The channel; connects at the first message. Raises `BadSettings`."""
    check_endpoint(settings.endpoint)
    connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_OPEN_S)
    async with open_session(settings.timeout_s, connector) as session:
        yield AliyunChannel(session, settings)


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The query as it is signed and sent: sorted, everything but `A-Za-z0-9-_.~` encoded."""
    return urlencode(sorted(parameters.items()), quote_via=quote, safe="")


def signed_headers(
    key_id: str,
    key_secret: str,
    *,
    host: str,
    action: str,
    version: str,
    query: str,
    time: datetime,
    nonce: str,
) -> dict[str, str]:
    """All headers of a POST without a body to the path `/`, Authorization included.

    `time` is in UTC and at most 15 minutes off the provider's; `nonce` serves once.
    """
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": _EMPTY_SHA256,
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n{query}\n{lines}\n{names}\n{_EMPTY_SHA256}"
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key_secret.encode(), to_sign.encode(), "sha256").hex()
    authorization = f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    return headers | {"Authorization": authorization}


class _Answer(Struct, rename="pascal"):
    code: str
    message: str = ""


def _outcome(reply: Reply) -> Outcome:
    try:
        answer = msgspec.json.decode(reply.body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Unknown(f"the provider answered {reply.status} without a code")
    code, reason = answer.code, refusal(answer.code)
    if code == "OK":
        return Accepted()
    if code in _OF_THE_NUMBER:
        wait_s = _OF_THE_NUMBER[code]
        return Undeliverable(reason, None if wait_s is None else max(wait_s, _window_s(answer)))
    if code in _NEVER:
        return Rejected(reason)
    for limit in (code, code.partition(".")[0]):
        if limit in _LATER:
            return Retry(reason, max(_LATER[limit], reply.retry_after_s))
    if code in _PERHAPS or reply.status >= 500 or _is_providers_own(code):
        return Unknown(reason)
    return Retry(reason, OPERATOR_RETRY_S)


def _is_providers_own(code: str) -> bool:
    return code.startswith(_PROVIDERS_OWN) and code != _NO_PERMISSION


def _window_s(answer: _Answer) -> float:
    return max((wait for word, wait in _LIMIT_WINDOWS.items() if word in answer.message), default=0)
