"""What an SMS provider may do to one message, and what either channel makes of it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import pytest

from services.notify.channels.aliyun import AliyunSettings, open_aliyun
from services.notify.channels.channel import (
    Accepted,
    Channel,
    Message,
    Rejected,
    Retry,
    Undeliverable,
    Unknown,
)
from services.notify.channels.sms import SmsTemplate, Templates
from services.notify.channels.tencent import TencentSettings, open_tencent
from shared.service.settings import BadSettings
from tests.integration.notify_channels.messages import NUMBER, message, reason
from tests.sms_providers import (
    APP_ID,
    KEY_ID,
    KEY_SECRET,
    SIGN_NAME,
    FakeAliyun,
    FakeTencent,
    Provider,
    Refused,
    Sent,
    running,
)

TEMPLATES: Templates = {
    "code": {"zh": SmsTemplate(id="SMS_154950909", parameters=("code", "minutes"))},
    "opening": {"zh": SmsTemplate(id="SMS_nobody_approved", parameters=())},
}
Opened: TypeAlias = AbstractAsyncContextManager[Channel]


def opened(provider: Provider, **changes: Any) -> Opened:
    """Our channel to `provider`."""
    common: dict[str, Any] = {
        "sign_name": SIGN_NAME,
        "templates": TEMPLATES,
        "endpoint": provider.endpoint,
    }
    common |= changes
    if isinstance(provider, FakeAliyun):
        keys = {"access_key_id": KEY_ID, "access_key_secret": KEY_SECRET}
        return open_aliyun(AliyunSettings(**(keys | common)))
    keys = {"secret_id": KEY_ID, "secret_key": KEY_SECRET, "app_id": APP_ID}
    return open_tencent(TencentSettings(**(keys | common)))


def sms(**changes: Any) -> Message:
    return message(**({"to": NUMBER} | changes))


@pytest.fixture(params=[FakeAliyun, FakeTencent], ids=["aliyun", "tencent"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    fake = request.param()
    async with running(fake):
        yield fake


@pytest.fixture
async def channel(provider: Provider) -> AsyncIterator[Channel]:
    async with opened(provider) as channel:
        yield channel


class TestAMessage:
    async def test_taken_over(self, provider: Provider, channel: Channel) -> None:
        """A correctly signed message is accepted, with its parameters in the template's order."""
        assert await channel.send(sms()) == Accepted()
        number = NUMBER if isinstance(provider, FakeTencent) else NUMBER[3:]
        assert provider.sent == [
            Sent(number, "SMS_154950909", ("482913", "5"), "edition-2026.opening.17")
        ]

    async def test_to_another_country(self, provider: Provider, channel: Channel) -> None:
        """A number outside the mainland goes with its country code."""
        assert await channel.send(sms(to="+85212345678")) == Accepted()
        assert provider.sent[0].number.removeprefix("+") == "85212345678"

    async def test_with_characters_that_signatures_encode(
        self, provider: Provider, channel: Channel
    ) -> None:
        """Spaces, signs and Chinese in a parameter survive signing and sending."""
        awkward = "甲 *+~/&=%\"'"
        assert await channel.send(sms(parameters={"code": awkward, "minutes": "5"})) == Accepted()
        assert provider.sent[0].parameters == (awkward, "5")

    async def test_twice(self, provider: Provider, channel: Channel) -> None:
        """Two messages are two requests, of which the provider takes neither for a replay."""
        assert [await channel.send(sms()), await channel.send(sms())] == [Accepted()] * 2
        assert len(provider.sent) == 2

    async def test_without_a_template(self, provider: Provider, channel: Channel) -> None:
        """A kind or language without a template is rejected before anything is sent."""
        assert isinstance(await channel.send(sms(language="en")), Rejected)
        assert provider.requests == 0

    async def test_without_a_parameter(self, provider: Provider, channel: Channel) -> None:
        """A parameter of the template that the message lacks is named, not sent empty."""
        outcome = await channel.send(sms(parameters={"code": "482913"}))
        assert reason(outcome) == "the template for code asks for minutes"
        assert provider.requests == 0

    async def test_to_what_is_no_number(self, provider: Provider, channel: Channel) -> None:
        """Anything but a number in E.164 is rejected before anything is sent."""
        assert isinstance(await channel.send(sms(to="13800138000,13800138001")), Undeliverable)
        assert provider.requests == 0


OF_THE_NUMBER = {
    "aliyun": [
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.NOT_SUPPORTED_COUNTRY",
        "isv.BUSINESS_LIMIT_CONTROL",
    ],
    "tencent": [
        "InvalidParameterValue.IncorrectPhoneNumber",
        "FailedOperation.PhoneNumberInBlacklist",
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        "LimitExceeded.AppCountryOrRegionInBlacklist",
        "LimitExceeded.AppCountryOrRegionDailyLimit",
        "LimitExceeded.DeliveryFrequencyLimit",
        "LimitExceeded.PhoneNumberThirtySecondLimit",
        "LimitExceeded.PhoneNumberOneHourLimit",
        "LimitExceeded.PhoneNumberDailyLimit",
        "LimitExceeded.PhoneNumberSameContentDailyLimit",
    ],
}
"""What the providers' lists say of one number or one country."""

OF_THE_ACCOUNT = {
    "aliyun": ["isv.DAY_LIMIT_CONTROL", "isv.OUT_OF_SERVICE", "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"],
    "tencent": [
        "LimitExceeded.AppDailyLimit",
        "LimitExceeded.AppMainlandChinaDailyLimit",
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
    ],
}
"""What they say of all messages, or of all to the mainland."""


class TestARefusal:
    async def test_of_the_number(self, provider: Provider, channel: Channel) -> None:
        """A number that the provider calls wrong gets no message, ever."""
        codes = {
            "aliyun": "isv.MOBILE_NUMBER_ILLEGAL",
            "tencent": "InvalidParameterValue.IncorrectPhoneNumber",
        }
        provider.error = Refused(codes[channel.name], 200, f"{NUMBER} is wrong")
        assert await channel.send(sms()) == Undeliverable(
            f"the provider answered {codes[channel.name]}"
        )

    async def test_for_too_many_to_one_number(self, provider: Provider, channel: Channel) -> None:
        """The provider's limit on one number: again when its window, here an hour, is over."""
        provider.messages_per_number = 0
        outcome = await channel.send(sms())
        assert isinstance(outcome, Undeliverable)
        assert outcome.after_s == 3_600

    async def test_that_concerns_one_number_says_so(
        self, provider: Provider, channel: Channel
    ) -> None:
        """Whatever the provider says of one number alone is told apart from the channel's own."""
        outcomes = []
        for code in OF_THE_NUMBER[channel.name]:
            provider.error = Refused(code, 200)
            outcomes.append(await channel.send(sms()))
        assert {type(outcome) for outcome in outcomes} == {Undeliverable}

    async def test_that_concerns_all_numbers_says_so(
        self, provider: Provider, channel: Channel
    ) -> None:
        """The account's limits and faults are the channel's: retry."""
        outcomes = []
        for code in OF_THE_ACCOUNT[channel.name]:
            provider.error = Refused(code, 200)
            outcomes.append(await channel.send(sms()))
        assert {type(outcome) for outcome in outcomes} == {Retry}

    async def test_for_too_many_requests(self, provider: Provider, channel: Channel) -> None:
        """The provider's limit on requests: retry soon."""
        codes = {"aliyun": "Throttling.User", "tencent": "RequestLimitExceeded.UinLimitExceeded"}
        provider.error = Refused(codes[channel.name], 400)
        outcome = await channel.send(sms())
        assert isinstance(outcome, Retry)
        assert outcome.after_s == 1

    async def test_for_lack_of_balance(self, provider: Provider, channel: Channel) -> None:
        """An empty account is the operator's to fill: retry, and no number is given up."""
        provider.balance = 0
        outcome = await channel.send(sms())
        assert isinstance(outcome, Retry)
        assert outcome.after_s >= 60

    async def test_of_the_template(self, provider: Provider, channel: Channel) -> None:
        """A template that is not approved is the operator's to mend: retry."""
        assert isinstance(await channel.send(sms(kind="opening")), Retry)
        assert provider.sent == []

    async def test_of_a_wrong_key(self, provider: Provider) -> None:
        """A signature with another key is refused by the provider: retry, the key not named."""
        key = "access_key_secret" if isinstance(provider, FakeAliyun) else "secret_key"
        async with opened(provider, **{key: "a wrong key"}) as channel:
            outcome = await channel.send(sms())
        assert isinstance(outcome, Retry)
        assert "Signature" in reason(outcome)

    async def test_of_our_clock(self, provider: Provider, channel: Channel) -> None:
        """A clock too far off the provider's is the operator's to mend: retry."""
        provider.clock_off_s = 3_600
        outcome = await channel.send(sms())
        assert isinstance(outcome, Retry)
        assert "Expire" in reason(outcome)

    async def test_with_a_code_nobody_can_read(self, provider: Provider, channel: Channel) -> None:
        """A code that is more than a code (it might quote the number) is not repeated."""
        provider.error = Refused(f"no {NUMBER}", 200)
        assert "readable" in reason(await channel.send(sms()))


class TestWhatLeavesOpenWhetherItWasSent:
    async def test_a_provider_that_hangs(self, provider: Provider) -> None:
        """No answer in time after the request was sent: perhaps sent."""
        provider.hang = True
        async with opened(provider, timeout_s=0.3) as channel:
            assert isinstance(await channel.send(sms()), Unknown)

    async def test_a_lost_reply(self, provider: Provider, channel: Channel) -> None:
        """The connection ends before the answer: perhaps sent, and here it was."""
        provider.lose_reply = True
        assert isinstance(await channel.send(sms()), Unknown)
        assert len(provider.sent) == 1

    async def test_a_failing_gateway(self, provider: Provider, channel: Channel) -> None:
        """A 502 without the provider's code says nothing about what is behind the gateway."""
        provider.fail_with = 502
        assert isinstance(await channel.send(sms()), Unknown)

    async def test_a_system_error(self, provider: Provider, channel: Channel) -> None:
        """The provider's own errors leave open how far it got."""
        codes = {"aliyun": "isp.SYSTEM_ERROR", "tencent": "InternalError.Timeout"}
        provider.error = Refused(codes[channel.name], 200)
        assert isinstance(await channel.send(sms()), Unknown)

    async def test_a_server_error_with_a_code(self, provider: Provider, channel: Channel) -> None:
        """A 5xx with a code that nobody listed is no certain refusal."""
        provider.error = Refused("Unheard.Of", 500)
        assert isinstance(await channel.send(sms()), Unknown)

    async def test_but_not_a_lack_of_permission(self, channel: Channel, provider: Provider) -> None:
        """A key without permission is refused before anything is sent: the operator's to mend."""
        codes = {
            "aliyun": "isp.RAM_PERMISSION_DENY",
            "tencent": "AuthFailure.UnauthorizedOperation",
        }
        provider.error = Refused(codes[channel.name], 200)
        assert isinstance(await channel.send(sms()), Retry)

    async def test_but_not_a_refused_connection(self, provider: Provider) -> None:
        """Nobody listens: certainly not sent, retry."""
        async with opened(provider, endpoint="http://127.0.0.1:1") as channel:
            assert isinstance(await channel.send(sms()), Retry)


class TestSettings:
    async def test_hide_the_keys(self, provider: Provider) -> None:
        """Neither settings nor message show secrets when printed."""
        async with opened(provider) as channel:
            settings = channel._settings  # type: ignore[attr-defined]
        assert KEY_SECRET not in repr(settings)
        assert NUMBER not in repr(sms())

    async def test_with_an_endpoint_that_is_none(self, provider: Provider) -> None:
        """An endpoint with a path, or of another scheme, is refused at the start."""
        for endpoint in ("ftp://127.0.0.1", "http://127.0.0.1/sms", "127.0.0.1:80"):
            with pytest.raises(BadSettings, match="endpoint"):
                async with opened(provider, endpoint=endpoint):
                    pass
