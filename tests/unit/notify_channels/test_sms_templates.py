"""Templates of text messages, as an operator writes them."""

import pytest

from services.notify.channels.sms import SmsTemplate, parse_templates
from shared.service.settings import BadSettings

GOOD = '{"code": {"zh": {"id": "SMS_1", "parameters": ["code", "minutes"]}}}'


def test_templates_by_kind_and_language() -> None:
    """JSON gives, for each kind and language, an id and the names of its parameters in order."""
    assert parse_templates("X", GOOD) == {
        "code": {"zh": SmsTemplate(id="SMS_1", parameters=("code", "minutes"))}
    }


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"code": {"fr": {"id": "1"}}}', '{"code": {"zh": {"parameters": []}}}', "{"],
)
def test_a_setting_that_holds_no_templates(text: str) -> None:
    """Anything else is an error that names the setting."""
    with pytest.raises(BadSettings, match="HUIMIN_NOTIFY_ALIYUN_TEMPLATES"):
        parse_templates("HUIMIN_NOTIFY_ALIYUN_TEMPLATES", text)
