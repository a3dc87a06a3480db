r"""JSON Schema of msgspec types, in words that every reader of OpenAPI and AsyncAPI knows.

msgspec passes patterns on as they are written for Python; `\Z`, the end of the text, is `$` in the
dialect of JSON Schema (ECMA-262), where `$` never stops before a newline.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

Schema: TypeAlias = dict[str, Any]

REF: Final = "#/components/schemas/{name}"


def schemas(kinds: Iterable[object]) -> tuple[Sequence[Schema], dict[str, Schema]]:
    """The schema of each type, and the components that they refer to, by name."""
    found, components = msgspec.json.schema_components(list(kinds), ref_template=REF)
    return [_portable(one) for one in found], {
        name: _portable(components[name]) for name in sorted(components)
    }


def _portable(schema: Any) -> Any:
    match schema:
        case dict():
            return {name: _value(name, value) for name, value in schema.items()}
        case list() | tuple():
            return [_portable(one) for one in schema]
        case _:
            return schema


def _value(name: str, value: Any) -> Any:
    if name == "pattern" and isinstance(value, str):
        return value.replace(r"\Z", "$")
    if name in {"description", "title"} and isinstance(value, str):
        return " ".join(value.split())
    return _portable(value)
