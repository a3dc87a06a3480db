"""Phone numbers that can receive a code, in their one form: E.164 (ITU-T).

`138…`, `+86138…` and `0086138…` are the same phone. Numbers without a country code are Chinese.
Which ranges exist outside China, and which of them are mobile, is libphonenumber's knowledge;
whether the phone is switched on is nobody's here.
"""

import re
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from shared.eligibility.errors import BadPhoneNumber
from shared.eligibility.typed import plain

_FORM: Final = re.compile(r"\+?[0-9]{5,20}", re.ASCII)
_PUNCTUATION: Final = str.maketrans("", "", "().")
_CHINESE_MOBILE: Final = re.compile(r"(?:\+86|0086)?(1[3-9][0-9]{9})", re.ASCII)
"""The numbering plan's mobile numbers: operators open ranges in it sooner than libraries learn."""

_MOBILE: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def parse_phone_number(text: str) -> str:
    """The number as E.164, such as `+8613800138000`.

    Full-width characters, spaces, hyphens, brackets and dots are accepted. Raises `BadPhoneNumber`,
    which never quotes the number.
    """
    typed = plain(text).translate(_PUNCTUATION)
    if _FORM.fullmatch(typed) is None:
        raise BadPhoneNumber("a phone number consists of digits, perhaps with + in front")
    if usual := _CHINESE_MOBILE.fullmatch(typed):
        return f"+86{usual[1]}"
    number = _parsed(typed)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _CHINESE_MOBILE.fullmatch(e164):
        return e164
    if not phonenumbers.is_valid_number(number):
        raise BadPhoneNumber("no phone has this number: digits are missing, too many or wrong")
    if phonenumbers.number_type(number) not in _MOBILE:
        raise BadPhoneNumber("this is no mobile phone's number: it cannot receive a code")
    return e164


def _parsed(typed: str) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(typed, "CN")
    except phonenumbers.NumberParseException:
        wrong = "no phone has this number: its country code or length is wrong"
        raise BadPhoneNumber(wrong) from None
