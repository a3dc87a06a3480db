"""Templates of text messages: Chinese providers send only texts that they approved beforehand.

A template is registered with the provider, which gives it an id; a message fills in its
parameters. Which template says what is the operator's setting.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from services.notify.channels.channel import Message, Rejected, Undeliverable
from shared.service.settings import BadSettings

OPERATOR_RETRY_S: Final = 60.0
"""Wait after a refusal that somebody has to mend: balance, template, key, permission."""

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}\Z")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,79}\Z")


class SmsTemplate(Struct, frozen=True, kw_only=True):
    """A template's id with the provider, and the parameters that it takes, in its order."""

    id: str
    parameters: tuple[str, ...] = ()


Templates: TypeAlias = Mapping[str, Mapping[Literal["zh", "en"], SmsTemplate]]
"""Kind of message -> language -> template."""


class CannotFill(Exception):
    """The message is none that can be sent as SMS: `outcome` says why, without any value."""

    def __init__(self, outcome: Rejected | Undeliverable) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def parse_templates(setting: str, text: str) -> Templates:
    """Templates from JSON; `setting` is named if `BadSettings` has to be raised.

    `{"code": {"zh": {"id": "SMS_154950909", "parameters": ["code", "minutes"]}}}`
    """
    try:
        return msgspec.json.decode(
            text, type=dict[str, dict[Literal["zh", "en"], SmsTemplate]], strict=True
        )
    except msgspec.MsgspecError as error:
        raise BadSettings(f"{setting}: {error}") from error


def fill(templates: Templates, message: Message) -> tuple[str, dict[str, str]]:
    """The template's id and its parameters in order; raises `CannotFill`."""
    if not _NUMBER.match(message.to):
        raise CannotFill(Undeliverable("the recipient is no number in E.164"))
    template = templates.get(message.kind, {}).get(message.language)
    if template is None:
        raise CannotFill(Rejected(f"no template for {message.kind} in {message.language}"))
    missing = [name for name in template.parameters if name not in message.parameters]
    if missing:
        named = ", ".join(missing)
        raise CannotFill(Rejected(f"the template for {message.kind} asks for {named}"))
    return template.id, {name: message.parameters[name] for name in template.parameters}


def refusal(code: str) -> str:
    """The reason for a provider's error code. Its text is left out: it may quote the number."""
    return f"the provider answered {code if _CODE.match(code) else 'with no readable code'}"


def check_endpoint(endpoint: str) -> None:
    """An endpoint is scheme and host; raises `BadSettings`."""
    if not re.match(r"https?://[A-Za-z0-9.\[\]:-]+\Z", endpoint):
        raise BadSettings(f"an SMS endpoint is http(s)://host[:port], not {endpoint!r}")
