"""Which templates of text messages a service starts with, and what is offered with them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from services.notify.sms_templates import SUBSCRIBERS, languages_offered, read_templates
from shared.service.settings import BadSettings

ROOT = Path(__file__).parents[3]
CODE = {"id": "SMS_1", "parameters": ["code", "minutes"]}
NEWS = {"id": "SMS_2", "parameters": ["title", "token"]}


def written(**changes: Any) -> str:
    """Templates for everything in Chinese and nothing in English, with `changes`."""
    kinds = {"code": {"zh": CODE}} | {kind: {"zh": NEWS} for kind in SUBSCRIBERS}
    return json.dumps(kinds | changes)


def test_with_all_templates_of_a_language_it_is_offered() -> None:
    """Chinese is offered, English is not."""
    assert languages_offered(read_templates("X", written())) == {"zh"}


@pytest.mark.parametrize("kind", SUBSCRIBERS)
def test_without_one_template_nothing_is_offered(kind: str) -> None:
    """Whoever subscribed would not get that message."""
    assert languages_offered(read_templates("X", written(**{kind: {}}))) == frozenset()


def test_codes_alone_are_enough_to_start() -> None:
    """No subscriptions are offered then."""
    assert languages_offered(read_templates("X", json.dumps({"code": {"zh": CODE}}))) == frozenset()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"code": {}}, "no template for code in zh"),
        ({"code": {"en": CODE}}, "no template for code in zh"),
        (
            {"code": {"zh": {"id": "1", "parameters": ["minutes"]}}},
            "needs the parameter code",
        ),
        ({"confirm": {"zh": {"id": "1", "parameters": ["title"]}}}, "confirm in zh .* token"),
        (
            {"result": {"zh": {"id": "1", "parameters": ["token", "url"]}}},
            "asks for url; there",
        ),
        ({"remind": {"zh": NEWS}}, "no message is a 'remind'"),
    ],
)
def test_templates_that_could_not_be_filled(changes: dict[str, Any], fault: str) -> None:
    """They are a fault of the setting, which is named, before anybody waits for a code."""
    with pytest.raises(BadSettings, match=f"HUIMIN_NOTIFY_X.*{fault}"):
        read_templates("HUIMIN_NOTIFY_X", written(**changes))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_documents_templates_are_enough(language: str) -> None:
    """With what the page about SMS shows, people may subscribe in Chinese."""
    page = (ROOT / "docs" / language / "howto" / "sms.md").read_text()
    block = page.partition("```toml\n")[2].partition("```")[0]
    templates = read_templates("X", tomllib.loads(block)["aliyun_templates"])
    assert languages_offered(templates) == {"zh"}
    assert [kind for kind in templates if f"| `{kind}` |" not in page] == []
