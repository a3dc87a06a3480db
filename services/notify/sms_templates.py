"""What a text message of each kind can fill into its template, and which templates are needed.

Providers take no link as a parameter: its beginning, up to the token, stands in the template that
they approve. What they take is short: 35 characters at Aliyun, and no bound at Tencent Cloud for
accounts of organisations. Codes always have to go out; whoever subscribes will get one message of
every other kind, so all of these have a template in a language, or none is offered in it.
"""

from collections.abc import Mapping
from typing import Final, get_args

from services.notify.channels.sms import Templates, parse_templates
from shared.notices.views import Language, MilestoneName
from shared.service.settings import BadSettings

MAX_CHARACTERS: Final = 35

SUBSCRIBERS: Final[tuple[str, ...]] = ("confirm", *get_args(MilestoneName))
"""The kinds of messages that go to who subscribes."""

PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("code", "minutes"),
    **dict.fromkeys(SUBSCRIBERS, ("token", "title")),
}
"""What a message of each kind has; without the first it would be of no use."""


def read_templates(setting: str, text: str) -> Templates:
    """Templates with which codes can be sent, from JSON; raises `BadSettings`, naming `setting`."""
    templates = parse_templates(setting, text)
    for kind, by_language in templates.items():
        if kind not in PARAMETERS:
            raise BadSettings(f"{setting}: no message is a {kind!r}; {', '.join(PARAMETERS)} are")
        needed, *others = PARAMETERS[kind]
        for language, template in by_language.items():
            where = f"{setting}: the template for {kind} in {language}"
            if needed not in template.parameters:
                raise BadSettings(f"{where} needs the parameter {needed}")
            if unknown := {*template.parameters} - {needed, *others}:
                have = ", ".join(PARAMETERS[kind])
                raise BadSettings(f"{where} asks for {min(unknown)}; there are {have}")
    if "zh" not in templates.get("code", {}):
        raise BadSettings(f"{setting} has no template for code in zh: no code could be sent")
    return templates


def languages_offered(templates: Templates) -> frozenset[Language]:
    """The languages in which people may subscribe by SMS."""
    languages: tuple[Language, ...] = get_args(Language)
    return frozenset(
        language
        for language in languages
        if all(language in templates.get(kind, {}) for kind in SUBSCRIBERS)
    )


def shortened(text: str) -> str:
    """`text` in one line, as long as a parameter may be."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_CHARACTERS else f"{line[: MAX_CHARACTERS - 3]}..."
