"""Asking people who they are, for the registrar: number or phone, one-time code, counter code.

What is typed is checked here as far as it can be by itself, so that a slip costs no attempt.
"""

from typing import Final

from cli.asking import Asker
from shared.client.voter import SentCode
from shared.edition.manifest import EligibilityMode
from shared.eligibility.errors import WrongCode
from shared.eligibility.identity_number import parse_identity_number
from shared.eligibility.phone_number import parse_phone_number
from shared.eligibility.typed import plain
from shared.eligibility.views import Challenge, ChallengeRequest, CounterCode, Registration

IDENTITY_NUMBER: Final = "身份证号码 Identity number"
PHONE: Final = "手机号码 Mobile number"
COUNTER_CODE: Final = "密封信封内的验证码 Code in the sealed envelope"

_SENT: Final = {
    "roll": "如您在选民册上，验证码已发往登记的手机"
    " If you are on the roll, a code is on its way to the phone on record",
    "phone": "验证码已发往该手机 A code is on its way to that phone",
}


def ask_person(asker: Asker, mode: EligibilityMode) -> ChallengeRequest:
    """Who somebody is, as the edition identifies people.

    Raises `BadIdentityNumber` or `BadPhoneNumber`, and `NothingTyped`.
    """
    if mode == "phone":
        return ChallengeRequest(phone=asker.ask_until(PHONE, parse_phone_number))
    return ChallengeRequest(identity_number=_identity_number(asker))


def ask_code(asker: Asker, digits: int) -> str:
    """A one-time code of so many digits; empty to have a new one sent.

    Raises `WrongCode` for what cannot be one, and `NothingTyped`.
    """

    def read(typed: str) -> str:
        code = plain(typed)
        if code and not (len(code) == digits and code.isascii() and code.isdigit()):
            raise WrongCode(f"a code has {digits} digits")
        return code

    question = f"{digits}位验证码 Code of {digits} digits (回车重发 Enter alone: send a new one)"
    return asker.ask_until(question, read, default="")


def ask_counter_code(asker: Asker, mode: EligibilityMode) -> CounterCode:
    """A sealed code, and in mode `roll` whose it is; raises as `ask_person` does."""
    number = _identity_number(asker) if mode == "roll" else None
    return CounterCode(code=asker.ask(COUNTER_CODE), identity_number=number)


def say_sent(asker: Asker, registration: Registration, challenge: Challenge) -> None:
    """Say that a code is on its way; it is the same for everybody."""
    minutes = max(1, challenge.expires_in_s // 60)
    asker.say(
        f"{_SENT[registration.mode]} ({minutes}分钟内有效 valid for {minutes} minutes;"
        f" {challenge.attempts}次机会 {challenge.attempts} attempts)"
    )
    if registration.codes == "failing":
        asker.say(
            "目前短信发送不畅；如未收到，请稍后重试或到现场办理"
            " Messages are failing at the moment: if none comes, try later, or go to a counter"
        )


def say_going_on(asker: Asker, sent: SentCode) -> None:
    """Say that an earlier run had a code sent, and that it is still good."""
    asker.say(
        "继续上次的登记：验证码此前已发送 Going on where an earlier run ended: a code was sent,"
        f" valid until {sent.until.astimezone():%H:%M}"
    )


def _identity_number(asker: Asker) -> str:
    return asker.ask_until(IDENTITY_NUMBER, parse_identity_number)
