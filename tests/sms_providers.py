"""Stateful fakes of the two SMS providers, which check requests as the providers' rules say.

Written from the published rules and apart from our channels: signatures are computed anew from the
request as it came, times may be at most so far off, no request serves twice, no parameter is a
link, a number gets only so many messages, each message costs one unit of the balance. Tests look at
`sent`, and make trouble with `hang`, `fail_with`, `error`, `lose_reply` and `balance`.
"""

import asyncio
import hashlib
import hmac
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import web

KEY_ID = "LTAI-test-key-id"
KEY_SECRET = "provider-test-key-secret"  # noqa: S105 - the fake's own
SIGN_NAME = "惠民投票"
APP_ID = "1400006666"
TEMPLATES = {
    "SMS_154950909": ["code", "minutes"],
    "SMS_154950910": ["edition"],
    "SMS_154950911": ["title", "token"],
}
LINK = re.compile(r"https?://|www\.|[a-z0-9-]+\.(com|cn|net|org|example)\b", re.IGNORECASE)
LONGEST_PARAMETER = 35


class Sent(NamedTuple):
    """A message that the provider took over."""

    number: str
    template: str
    parameters: tuple[str, ...]
    reference: str


class Refused(Exception):
    """The provider's no: its error code and the HTTP status that it comes with."""

    def __init__(self, code: str, status: int = 400, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.text = text


class Provider(ABC):
    """What both have in common."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.sent: list[Sent] = []
        self.requests = 0
        self.balance = 100
        self.messages_per_number = 100
        self.hang = False
        self.lose_reply = False
        self.fail_with = 0
        self.error: Refused | None = None
        self.clock_off_s = 0.0

    def now_s(self) -> float:
        return time.time() + self.clock_off_s

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        body = await request.read()
        if self.fail_with:
            return web.Response(status=self.fail_with, text="<html>bad gateway</html>")
        if self.hang:
            await asyncio.Event().wait()
        try:
            if self.error is not None:
                raise self.error
            sent = self.check(request, body)
            self.take(sent)
            reply = web.json_response(self.success(sent))
        except Refused as refused:
            reply = web.json_response(self.failure(refused), status=refused.status)
        if self.lose_reply:
            assert request.transport is not None
            request.transport.abort()
        return reply

    def take(self, sent: Sent) -> None:
        if sent.template not in TEMPLATES:
            raise Refused(self.bad_template, 200)
        if sum(one.number == sent.number for one in self.sent) >= self.messages_per_number:
            raise Refused(self.limit, 200, self.limit_text)
        if self.balance <= 0:
            raise Refused(self.no_balance, 200)
        self.balance -= 1
        self.sent.append(sent)

    bad_template: str
    limit: str
    limit_text: str = ""
    no_balance: str

    @abstractmethod
    def check(self, request: web.Request, body: bytes) -> Sent:
        """The message asked for; raises `Refused`."""

    @abstractmethod
    def success(self, sent: Sent) -> dict[str, Any]:
        """The answer to a message taken over."""

    @abstractmethod
    def failure(self, refused: Refused) -> dict[str, Any]:
        """The answer to one that was not."""


class FakeAliyun(Provider):
    """SendSms 2017-05-25 behind the signature ACS3-HMAC-SHA256."""

    bad_template = "isv.SMS_TEMPLATE_ILLEGAL"
    limit = "isv.BUSINESS_LIMIT_CONTROL"
    limit_text = "触发小时级流控Permits:5"
    no_balance = "isv.AMOUNT_NOT_ENOUGH"

    def __init__(self) -> None:
        super().__init__()
        self.nonces: set[str] = set()

    def check(self, request: web.Request, body: bytes) -> Sent:
        self._check_signature(request, body)
        head = request.headers
        if (head["x-acs-action"], head["x-acs-version"]) != ("SendSms", "2017-05-25"):
            raise Refused("InvalidAction.NotFound", 404)
        query = request.query
        number = query["PhoneNumbers"]
        if not (number.isdigit() and 7 <= len(number) <= 15):
            raise Refused("isv.MOBILE_NUMBER_ILLEGAL", 200, f"{number} is no number")
        if query["SignName"] != SIGN_NAME:
            raise Refused("isv.SMS_SIGNATURE_ILLEGAL", 200)
        values = json.loads(query["TemplateParam"])
        names = TEMPLATES.get(query["TemplateCode"], [])
        if sorted(values) != sorted(names):
            raise Refused("isv.TEMPLATE_MISSING_PARAMETERS", 200)
        parameters = tuple(values[name] for name in names)
        if any(map(LINK.search, parameters)):
            raise Refused("isv.PARAM_NOT_SUPPORT_URL", 200)
        if not all(1 <= len(one) <= LONGEST_PARAMETER for one in parameters):
            raise Refused("isv.PARAM_LENGTH_LIMIT", 200)
        return Sent(number, query["TemplateCode"], parameters, query.get("OutId", ""))

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        fields = dict(part.split("=", 1) for part in rest.split(","))
        if scheme != "ACS3-HMAC-SHA256":
            raise Refused("InvalidAuthorization")
        if fields["Credential"] != KEY_ID:
            raise Refused("InvalidAccessKeyId.NotFound", 404)
        names = fields["SignedHeaders"].split(";")
        unsigned = {
            name.lower()
            for name in request.headers
            if name.lower().startswith("x-acs-") or name.lower() == "host"
        } - set(names)
        if unsigned or names != sorted(names):
            raise Refused("IncompleteSignature")
        pairs = sorted(request.query.items())
        canonical = "\n".join(
            [
                request.method,
                request.rel_url.raw_path,
                "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in pairs),
                *(f"{name}:{request.headers[name].strip()}" for name in names),
                "",
                ";".join(names),
                hashlib.sha256(body).hexdigest(),
            ]
        )
        if request.headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
            raise Refused("InvalidContentSha256")
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        expected = hmac.new(KEY_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, fields["Signature"]):
            raise Refused("SignatureDoesNotMatch")
        said = datetime.strptime(request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%S%z")
        if abs(said.timestamp() - self.now_s()) > 15 * 60:
            raise Refused("InvalidTimeStamp.Expired")
        nonce = request.headers["x-acs-signature-nonce"]
        if nonce in self.nonces:
            raise Refused("SignatureNonceUsed")
        self.nonces.add(nonce)

    def success(self, sent: Sent) -> dict[str, Any]:
        return {"Code": "OK", "Message": "OK", "BizId": str(len(self.sent)), "RequestId": "F-1"}

    def failure(self, refused: Refused) -> dict[str, Any]:
        return {"Code": refused.code, "Message": refused.text, "RequestId": "F-1"}


class FakeTencent(Provider):
    """SendSms 2021-01-11 behind the signature TC3-HMAC-SHA256."""

    bad_template = "FailedOperation.TemplateIncorrectOrUnapproved"
    limit = "LimitExceeded.PhoneNumberOneHourLimit"
    no_balance = "FailedOperation.InsufficientBalanceInSmsPackage"

    def check(self, request: web.Request, body: bytes) -> Sent:
        self._check_signature(request, body)
        head = request.headers
        if (head["X-TC-Action"], head["X-TC-Version"]) != ("SendSms", "2021-01-11"):
            raise Refused("InvalidAction", 200)
        if not head.get("X-TC-Region"):
            raise Refused("MissingParameter", 200)
        asked = json.loads(body)
        (number,) = asked["PhoneNumberSet"]
        if not (number.startswith("+") and number[1:].isdigit()):
            raise Refused("InvalidParameterValue.IncorrectPhoneNumber", 200)
        if asked["SmsSdkAppId"] != APP_ID:
            raise Refused("UnauthorizedOperation.SmsSdkAppIdVerifyFail", 200)
        if asked["SignName"] != SIGN_NAME:
            raise Refused("FailedOperation.SignatureIncorrectOrUnapproved", 200)
        values = asked["TemplateParamSet"]
        if len(values) != len(TEMPLATES.get(asked["TemplateId"], [])):
            raise Refused("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", 200)
        if any(map(LINK.search, values)):
            raise Refused("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", 200)
        return Sent(number, asked["TemplateId"], tuple(values), asked["SessionContext"])

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(","))
        key_id, day, service, end = fields["Credential"].split("/")
        if (scheme, service, end) != ("TC3-HMAC-SHA256", "sms", "tc3_request"):
            raise Refused("AuthFailure.InvalidAuthorization", 200)
        if key_id != KEY_ID:
            raise Refused("AuthFailure.SecretIdNotFound", 200)
        names = fields["SignedHeaders"].split(";")
        if not {"content-type", "host"} <= set(names):
            raise Refused("AuthFailure.InvalidAuthorization", 200)
        said = request.headers["X-TC-Timestamp"]
        if day != datetime.fromtimestamp(int(said), UTC).date().isoformat():
            raise Refused("AuthFailure.SignatureFailure", 200)
        canonical = f"{request.method}\n{request.rel_url.raw_path}\n{request.query_string}\n"
        for name in names:
            canonical += f"{name}:{request.headers[name].strip().lower()}\n"
        canonical += f"\n{';'.join(names)}\n{hashlib.sha256(body).hexdigest()}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"TC3-HMAC-SHA256\n{said}\n{day}/sms/tc3_request\n{digest}"
        key = b"TC3" + KEY_SECRET.encode()
        for part in (day, "sms", "tc3_request", text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(key.hex(), fields["Signature"]):
            raise Refused("AuthFailure.SignatureFailure", 200)
        if abs(int(said) - self.now_s()) > 5 * 60:
            raise Refused("AuthFailure.SignatureExpire", 200)

    def success(self, sent: Sent) -> dict[str, Any]:
        return {"Response": {"SendStatusSet": [self._status("Ok", sent.number)], "RequestId": "1"}}

    def failure(self, refused: Refused) -> dict[str, Any]:
        of_the_number = ("LimitExceeded.", "FailedOperation.", "InvalidParameterValue.")
        if refused.code.startswith(of_the_number):
            return {"Response": {"SendStatusSet": [self._status(refused.code, "+86")]}}
        return {"Response": {"Error": {"Code": refused.code, "Message": refused.text}}}

    @staticmethod
    def _status(code: str, number: str) -> dict[str, Any]:
        return {"Code": code, "Message": code, "PhoneNumber": number, "Fee": int(code == "Ok")}


@asynccontextmanager
async def running(provider: Provider) -> AsyncIterator[None]:
    """Serve `provider` over plain HTTP on a free port of 127.0.0.1, named by its `endpoint`."""
    app = web.Application()
    app.router.add_route("*", "/", provider.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()
