"""How a service declares its operations: what goes in, what comes back, and every refusal.

Each service does so in its `openapi.py`. Path and method are the handler's, and the text is its
docstring; schemas come from the types of bodies, by way of an example of each. The document is made
of it in `openapi_document.py`.
"""

import re
from collections.abc import Mapping
from inspect import getdoc
from typing import Final, TypeAlias

from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from shared.edition.errors import Refusal

JSON: Final = "application/json"
DESK: Final = "desk"
HEALTH: Final = "health"
"""The tag of what an operator asks."""

Refusals: TypeAlias = tuple[type[Refusal], ...]


class Json(Struct, frozen=True):
    """A body in JSON of type `kind`, by an example, a value of that type."""

    example: object
    kind: object = None
    media_type: str = JSON

    @property
    def type(self) -> object:
        """What the schema is made from."""
        return type(self.example) if self.kind is None else self.kind


class Raw(Struct, frozen=True, kw_only=True):
    """A body that is no JSON: text, unless it is `binary`.

    If it carries JSON `items`, one in each line or event, these are in the schema as `x-item`.
    """

    media_type: str
    what: str
    example: str | None = None
    binary: bool = False
    items: object = None


Body: TypeAlias = Json | Raw


class Answer(Struct, frozen=True, kw_only=True):
    """An answer that is no refusal; without `body` it has none. `headers`: what each says."""

    what: str
    status: int = 200
    body: Body | None = None
    headers: Mapping[str, str] = {}


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter in the path, the query or a header."""

    name: str
    what: str
    kind: object
    example: object
    where: str = "path"
    required: bool = True


class Operation(Struct, frozen=True, kw_only=True):
    """What one handler does; `at` and `text` stand in for a handler that is bare ASGI.

    `prefix` is that of the handler's router or controller.
    """

    handler: HTTPRouteHandler | None = None
    name: str
    tag: str
    answers: tuple[Answer, ...]
    refusals: Refusals = ()
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    desk: bool = False
    prefix: str = ""
    at: tuple[str, str] = ("", "")
    text: str = ""

    def route(self) -> tuple[str, str]:
        """Path template and method, in lower case."""
        if self.handler is None:
            return self.at
        (method,) = self.handler.http_methods
        (path,) = self.handler.paths
        path = re.sub(r":\w+}", "}", f"{self.prefix}{path}")
        return path.rstrip("/"), str(method).lower()

    def described(self) -> tuple[str, str]:
        """Summary and description."""
        text = self.text if self.handler is None else getdoc(self.handler.fn) or ""
        head, _, rest = text.partition("\n\n")
        first = " ".join(head.split())
        paragraphs = (" ".join(one.split()) for one in rest.split("\n\n"))
        description = "\n\n".join((first, *filter(None, paragraphs)))
        return first.partition(". ")[0].removesuffix("."), description


Operations: TypeAlias = tuple[Operation, ...]


class Interface(Struct, frozen=True, kw_only=True):
    """All that a service answers. `tags` says what each group is about, in their order."""

    title: str
    description: str
    tags: Mapping[str, str]
    operations: Operations


def health(live: HTTPRouteHandler, ready: HTTPRouteHandler, yes: Struct, no: Struct) -> Operations:
    """The two operations that every service has; `yes` and `no` are examples of readiness."""
    return (
        Operation(
            handler=live,
            name="live",
            tag=HEALTH,
            answers=(Answer(what="It does", body=Json({"live": True}, dict[str, bool])),),
        ),
        Operation(
            handler=ready,
            name="ready",
            tag=HEALTH,
            answers=(
                Answer(what="Ready", body=Json(yes)),
                Answer(status=503, what="Not ready, and why", body=Json(no)),
            ),
        ),
    )
