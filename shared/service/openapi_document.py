"""The OpenAPI 3.1 document of a service, made offline from what it declares and the msgspec types.

What Litestar would generate by itself is not used: it knows neither our problem documents nor the
bodies that a service reads by itself.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from shared.edition.errors import Limited, Refusal
from shared.service.connections import Stopping
from shared.service.json_schema import REF, Schema, schemas
from shared.service.openapi import (
    DESK,
    HEALTH,
    Answer,
    Body,
    Interface,
    Json,
    Operation,
    Parameter,
    Raw,
    Refusals,
)
from shared.service.problem import (
    PROBLEM_JSON,
    NoSuchResource,
    Overloaded,
    Problem,
    TooSlow,
    Unavailable,
    Unforeseen,
    WrongMethod,
    problem_of,
    status_of,
)
from shared.version import VERSION

Document: TypeAlias = dict[str, Any]

_FOR_ALL: Final = (
    "What is refused is answered with a problem document (RFC 9457): `type` is stable, `title` says"
    " what failed and `next` what to do, in Chinese too. With 429 and 503 comes Retry-After, in"
    " seconds. An address that is not described here is answered 404 (`not-found`), another method"
    " 405 (`method-not-allowed`). Fields may be added to answers; readers ignore those that they do"
    " not know. Bytes are in standard base64, times in RFC 3339."
)
_RETRY_AFTER: Final = {
    "description": "Seconds to wait before sending the same again; also `retry_after_s`",
    "required": True,
    "schema": {"type": "integer", "minimum": 1},
}


def document(interface: Interface) -> Document:
    """The document: plain data, sorted, without any host."""
    kinds = _kinds(interface)
    found, components = schemas(kinds)
    by_kind = list(zip(kinds, found, strict=True))
    paths: dict[str, Any] = {}
    for operation in interface.operations:
        path, method = operation.route()
        paths.setdefault(path, {})[method] = _operation(operation, by_kind)
    made: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": interface.title,
            "version": VERSION,
            "description": f"{interface.description}\n\n{_FOR_ALL}",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": what} for name, what in interface.tags.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "responses": {
                "InternalError": _refused(status_of(_specimen(Unforeseen)), [Unforeseen])
            },
            "examples": {kind.slug: _example(kind) for kind in _refusals(interface)},
        },
    }
    if any(operation.desk for operation in interface.operations):
        made["components"]["securitySchemes"] = {DESK: _DESK_TOKEN}
    return made


def printed(made: Document) -> bytes:
    """The document as a file."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


_DESK_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "The desk's token, as the installation made it. A proxy publishes no desk.",
}


def _kinds(interface: Interface) -> list[object]:
    found: list[object] = [Problem]
    for operation in interface.operations:
        bodies = [operation.body, *(answer.body for answer in operation.answers)]
        for body in bodies:
            match body:
                case Json():
                    found.append(body.type)
                case Raw() if body.items is not None:
                    found.append(body.items)
                case _:
                    pass
        found += [parameter.kind for parameter in operation.parameters]
    return found


def _refusals(interface: Interface) -> Sequence[type[Refusal]]:
    declared: list[type[Refusal]] = [Unforeseen, NoSuchResource, WrongMethod]
    for operation in interface.operations:
        declared += _may_refuse(operation)
    found = {kind.slug: kind for kind in declared}
    return [found[slug] for slug in sorted(found)]


def _may_refuse(operation: Operation) -> Refusals:
    """With what every connection may end in; health is asked when there are too many as well."""
    crowded = () if operation.tag == HEALTH else (Overloaded,)
    return (*operation.refusals, TooSlow, Stopping, *crowded)


def _example(kind: type[Refusal]) -> dict[str, Any]:
    return {
        "summary": f"{kind.title[1]} / {kind.title[0]}",
        "value": msgspec.to_builtins(problem_of(_specimen(kind))),
    }


def _specimen(kind: type[Refusal]) -> Refusal:
    detail = "What is wrong with this request, in English"
    return kind(detail, 60) if issubclass(kind, Limited) else kind(detail)


_Schemas: TypeAlias = Sequence[tuple[object, Schema]]


def _operation(operation: Operation, known: _Schemas) -> dict[str, Any]:
    summary, description = operation.described()
    made: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary,
        "description": description,
    }
    if operation.parameters:
        made["parameters"] = [_parameter(one, known) for one in operation.parameters]
    if operation.body is not None:
        made["requestBody"] = {"required": True, "content": _content(operation.body, known)}
    made["responses"] = _responses(operation, known)
    made["security"] = [{DESK: []}] if operation.desk else []
    return made


def _parameter(parameter: Parameter, known: _Schemas) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.what,
        "required": parameter.required,
        "schema": _schema(parameter.kind, known),
        "example": parameter.example,
    }


def _responses(operation: Operation, known: _Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {str(one.status): _answer(one, known) for one in operation.answers}
    by_status: dict[int, list[type[Refusal]]] = {}
    for kind in sorted(set(_may_refuse(operation)), key=lambda kind: kind.slug):
        by_status.setdefault(status_of(_specimen(kind)), []).append(kind)
    for status, kinds in by_status.items():
        refused = _refused(status, kinds)
        if (also := made.get(str(status))) is not None:
            refused["description"] = f"{also['description']}. Or: {refused['description']}"
            refused["content"] |= also["content"]
            refused.get("headers", {}).get("Retry-After", {}).pop("required", None)
        made[str(status)] = refused
    made["500"] = {"$ref": "#/components/responses/InternalError"}
    return dict(sorted(made.items()))


def _answer(answer: Answer, known: _Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {"description": answer.what}
    if answer.headers:
        made["headers"] = {
            name: {"description": what, "required": True, "schema": {"type": "string"}}
            for name, what in answer.headers.items()
        }
    if answer.body is not None:
        made["content"] = _content(answer.body, known)
    return made


def _refused(status: int, kinds: Sequence[type[Refusal]]) -> dict[str, Any]:
    types = [f"urn:huimin:problem:{kind.slug}" for kind in kinds]
    said = {"type": {"enum": types}, "status": {"const": status}}
    waits = any(issubclass(kind, Limited | Unavailable) for kind in kinds)
    return {
        "description": "; ".join(dict.fromkeys(kind.title[1] for kind in kinds)),
        **({"headers": {"Retry-After": dict(_RETRY_AFTER)}} if waits else {}),
        "content": {
            PROBLEM_JSON: {
                "schema": {"allOf": [{"$ref": REF.format(name="Problem")}, {"properties": said}]},
                "examples": {
                    kind.slug: {"$ref": f"#/components/examples/{kind.slug}"} for kind in kinds
                },
            }
        },
    }


def _content(body: Body, known: _Schemas) -> dict[str, Any]:
    if isinstance(body, Json):
        example = msgspec.to_builtins(body.example, str_keys=True)
        schema = _schema(body.type, known)
        return {body.media_type: {"schema": schema, "example": example}}
    schema = {"description": body.what}
    if not body.binary:
        schema["type"] = "string"
    if body.items is not None:
        schema["x-item"] = _schema(body.items, known)
    made: dict[str, Any] = {"schema": schema}
    if body.example is not None:
        made["example"] = body.example
    return {body.media_type: made}


def _schema(kind: object, known: _Schemas) -> Schema:
    return next(schema for other, schema in known if other is kind or other == kind)
