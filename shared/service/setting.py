"""What one setting is, said once, in its type: its meaning in two languages, bounds, secrecy.

`Annotated[Secret, means("…", "…")]` is such a type. Reading one from somewhere is the business of
`settings_sources`; this only looks at types.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Final, Literal, TypeAlias, cast

import msgspec
from msgspec import Meta, Struct, inspect

Secret = Annotated[str, Meta(extra={"secret": True})]
"""Text that is never shown: not in a log, not in an error, not by `--show`."""

SettingType: TypeAlias = Literal["string", "integer", "number", "boolean"]
Value: TypeAlias = str | int | float | bool | None

_ARTICLES: Final[Mapping[SettingType, str]] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


class Setting(Struct, frozen=True, kw_only=True):
    """A setting as it is documented. `default` is None if it is required, or empty by default.

    `minimum` and `maximum` bound numbers and are inclusive; `min_length` and `max_length` count
    characters. `values` is empty unless only these will do.
    """

    name: str
    environment: str
    type: SettingType
    required: bool
    default: Value
    secret: bool
    description: str
    description_zh: str
    values: tuple[str | int, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None

    def expected(self) -> str:
        """What a value has to be, for whoever gave another one."""
        if self.values:
            return f"one of {', '.join(map(str, self.values))}"
        kind = _ARTICLES[self.type]
        unit = ""
        low, high = self.minimum, self.maximum
        if self.type == "string":
            low, high, unit = self.min_length, self.max_length, " characters"
        if low is not None and high is not None:
            return f"{kind} of {low:g} to {high:.10g}{unit}"
        if low is not None:
            return f"{kind} of at least {low:g}{unit}"
        return kind


def means(en: str, zh: str) -> Meta:
    """What a setting means, in English and Chinese: one sentence each, without a full stop."""
    return Meta(description=en, extra={"zh": zh})


@cache
def settings_of(kind: type[Struct], service: str) -> Mapping[str, Setting]:
    """The settings of a service by name, in the order of the fields."""
    fields = msgspec.structs.fields(kind)
    return {field.name: _setting(field, service) for field in fields}


@cache
def secret_names(kind: type[Struct]) -> frozenset[str]:
    """The names of the fields whose values are never shown."""
    return frozenset(one.name for one in settings_of(kind, "").values() if one.secret)


def _setting(field: msgspec.structs.FieldInfo, service: str) -> Setting:
    info = inspect.type_info(field.type)
    assert isinstance(info, inspect.Metadata), f"{field.name} does not say what it means"
    extra = info.extra or {}
    setting = Setting(
        name=field.name,
        environment=f"HUIMIN_{service.upper()}_{field.name.upper()}",
        type="string",
        required=field.required,
        default=None if field.required else cast("Value", field.default),
        secret=bool(extra.get("secret")),
        description=(info.extra_json_schema or {})["description"],
        description_zh=extra["zh"],
    )
    return msgspec.structs.replace(setting, **_form(info.type))


def _form(info: inspect.Type) -> dict[str, object]:
    match info:
        case inspect.Metadata(type=inner):
            return _form(inner)
        case inspect.UnionType(types=types):
            (inner,) = (one for one in types if not isinstance(one, inspect.NoneType))
            return _form(inner)
        case inspect.LiteralType(values=values):
            integers = all(isinstance(value, int) for value in values)
            kind = "integer" if integers else "string"
            return {"type": kind, "values": tuple(value for value in values if value != "")}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType(ge=low, le=high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case inspect.FloatType(ge=low, le=high):
            return {"type": "number", "minimum": low, "maximum": high}
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            return {"min_length": low, "max_length": high, "pattern": pattern}
        case _:
            raise AssertionError(f"settings have no such type as {info}")
