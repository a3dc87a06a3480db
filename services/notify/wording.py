"""The texts of messages, from files: `templates/<kind>.<language>.txt`.

The first line is the subject, the text follows after an empty line. `$name` is replaced; a name
without a value is our own bug and fails.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import NamedTuple

from shared.notices.views import Language


class Wording(NamedTuple):
    """Subject and text of a message."""

    subject: str
    text: str


def wording(kind: str, language: Language, values: Mapping[str, str]) -> Wording:
    """The message of this kind with these values."""
    subject, text = _template(kind, language)
    return Wording(_one_line(subject.substitute(values)), text.substitute(values))


def footer(language: Language, leave_url: str) -> str:
    """How to hear no more, as the last lines of a message."""
    return "\n" + _file("footer", language).substitute(leave_url=leave_url)


@cache
def _template(kind: str, language: Language) -> tuple[Template, Template]:
    subject, _, text = _file(kind, language).template.partition("\n\n")
    return Template(subject), Template(text)


@cache
def _file(kind: str, language: Language) -> Template:
    directory = files("services.notify").joinpath("templates")
    return Template(directory.joinpath(f"{kind}.{language}.txt").read_text("utf-8"))


def _one_line(text: str) -> str:
    """A subject is a header line; a title may come from anyone."""
    return " ".join(text.split())
