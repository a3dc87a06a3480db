"""Holds what is really sent against the OpenAPI and AsyncAPI documents in `docs/api`.

Schemas are taken strictly: an answer may hold nothing that its schema does not name. A `Front` is
an HTTP server before a service which passes everything on and notes what does not fit.
"""

import copy
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp import web
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from shared.log.tiles import decode_bundle
from tests.web import serving

API = Path(__file__).parents[1] / "docs" / "api"
SERVICES = ("ballot", "notify", "registrar", "tally")

_PASSED_ON = {"authorization", "content-type", "if-none-match"}
_PASSED_BACK = {"content-type", "retry-after", "etag"}
_NO_BODY = (204, 304)


def load(name: str) -> dict[str, Any]:
    """A document of `docs/api`."""
    return msgspec.json.decode((API / f"{name}.json").read_bytes(), type=dict[str, Any])


class Exchange(NamedTuple):
    """A request, and what was answered; `path` is without the query."""

    method: str
    path: str
    sent: bytes
    sent_type: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Document:
    """A document's schemas, to check values against."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        strict = _strict(copy.deepcopy(content))
        resource = DRAFT202012.create_resource(strict)
        self._registry: Registry[Any] = Registry().with_resource("urn:document", resource)
        self._strict = strict

    def faults(self, pointer: tuple[str, ...], value: object) -> list[str]:
        """What of the value is not as the schema at this place in the document has it."""
        fragment = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
        validator = Draft202012Validator(
            {"$ref": f"urn:document#/{fragment.replace('{', '%7B').replace('}', '%7D')}"},
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        return [f"{one.json_path}: {one.message[:300]}" for one in validator.iter_errors(value)]

    def at(self, pointer: tuple[str, ...]) -> Any:
        """What stands at this place, or None."""
        found: Any = self.content
        for part in pointer:
            found = found.get(part) if isinstance(found, dict) else None
        return found


class HttpContract:
    """An OpenAPI document; `seen` are the operations by path, method and status."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.document = Document(content)
        self.seen: set[tuple[str, str, str]] = set()
        self._routes = [(_pattern(path), path) for path in content["paths"]]

    def faults(self, exchange: Exchange) -> list[str]:
        """How an exchange differs from what is described; nothing if it does not."""
        operation = self._operation(exchange)
        if operation is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        status = str(exchange.status)
        self.seen.add((*operation[1:], status))
        where = f"{exchange.method} {operation[1]} {status}"
        found = self._answer_faults(operation, exchange)
        if exchange.status < 300 and exchange.sent:
            found += self._request_faults(operation, exchange)
        return [f"{where}: {one}" for one in found]

    def _operation(self, exchange: Exchange) -> tuple[str, str, str] | None:
        for pattern, path in self._routes:
            if pattern.fullmatch(exchange.path):
                method = exchange.method.lower()
                if method in self.document.content["paths"][path]:
                    return ("paths", path, method)
        return None

    def _answer_faults(self, operation: tuple[str, ...], exchange: Exchange) -> list[str]:
        place = (*operation, "responses", str(exchange.status))
        answer = self.document.at(place)
        if answer is None:
            return ["the status is not described"]
        if "$ref" in answer:
            place = tuple(answer["$ref"].removeprefix("#/").split("/"))
            answer = self.document.at(place)
        missing = [
            f"the header {name} is missing"
            for name, header in answer.get("headers", {}).items()
            if header.get("required") and name not in exchange.headers
        ]
        if exchange.status in _NO_BODY:
            return [*missing, *(["there is a body"] if exchange.body else [])]
        kind = exchange.headers.get("Content-Type", "").partition(";")[0]
        return missing + self._body_faults((*place, "content"), kind, exchange.body)

    def _request_faults(self, operation: tuple[str, ...], exchange: Exchange) -> list[str]:
        kind = exchange.sent_type.partition(";")[0]
        if self.document.at((*operation, "requestBody")) is None:
            return []
        return self._body_faults((*operation, "requestBody", "content"), kind, exchange.sent)

    def _body_faults(self, content: tuple[str, ...], kind: str, body: bytes) -> list[str]:
        place = (*content, kind, "schema")
        schema = self.document.at(place)
        if schema is None:
            return [f"the media type {kind!r} is not described"]
        if kind.endswith("json") and not kind.endswith("ndjson"):
            return self.document.faults(place, msgspec.json.decode(body))
        if "x-item" in schema:
            items = [msgspec.json.decode(item) for item in _items(kind, body)]
            return [one for item in items for one in self.document.faults((*place, "x-item"), item)]
        return self.document.faults(place, body.decode()) if "type" in schema else []


class NatsContract:
    """The AsyncAPI document; `seen` are the channels that something was heard on."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.document = Document(content)
        self.seen: set[str] = set()

    def faults(self, subject: str, headers: Mapping[str, str], payload: bytes) -> list[str]:
        """How a message differs from what is described; nothing if it does not."""
        channel = self._channel(subject)
        if channel is None:
            return [f"{subject} is not described"]
        self.seen.add(channel)
        ((name, _),) = self.document.at(("channels", channel, "messages")).items()
        place = ("components", "messages", name)
        found = []
        if self.document.at((*place, "headers")) is not None:
            found += self.document.faults((*place, "headers"), dict(headers))
        if self.document.at((*place, "contentType")) == "application/vnd.msgpack":
            value: Any = msgspec.to_builtins(msgspec.msgpack.decode(payload))
            found += self.document.faults((*place, "payload"), value)
            found += self._record_faults(payload) if not found else []
        else:
            found += self.document.faults((*place, "payload"), msgspec.json.decode(payload))
        return [f"{subject}: {one}" for one in found]

    def _channel(self, subject: str) -> str | None:
        """The channel of a subject; what comes to the registrar's inbox are answers."""
        if subject.startswith("_INBOX_registrar."):
            return "codeAnswers"
        for name, channel in self.document.content["channels"].items():
            parts = (channel["address"] or "").split(".")
            heard = subject.split(".")
            if len(parts) == len(heard) and all(
                part in {one, "{edition}"} for part, one in zip(parts, heard, strict=True)
            ):
                return str(name)
        return None

    def _record_faults(self, payload: bytes) -> list[str]:
        run = msgspec.msgpack.decode(payload)
        found, counts = [], set()
        for field in ("entries", "openings"):
            place = ("components", "schemas", "Run", "properties", field, "x-record")
            records = decode_bundle(run[field])
            counts.add(len(records))
            for record in records:
                if record or not self.document.at((*place, "mayBeEmpty")):
                    found += self.document.faults((*place, "schema"), msgspec.json.decode(record))
        size = int(run["checkpoint"].split(b"\n")[1])
        if counts != {size - run["start"]}:
            found.append(f"{counts} records between {run['start']} and {size}")
        return found


class Front:
    """Passes requests on to the service at `url`; `faults` is what did not fit."""

    def __init__(self, contract: HttpContract, url: str, session: aiohttp.ClientSession) -> None:
        self.contract = contract
        self.faults: list[str] = []
        self._url = url
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The service's answer, checked."""
        sent = await request.read()
        headers = {
            name: value for name, value in request.headers.items() if name.lower() in _PASSED_ON
        }
        async with self._session.request(
            request.method,
            f"{self._url}{request.raw_path}",
            data=sent or None,
            headers=headers,
        ) as answer:
            if answer.content_type == "text/event-stream":
                body = await _first_event(answer)
            else:
                body = await answer.read()
        exchange = Exchange(
            request.method,
            urlsplit(request.raw_path).path,
            sent,
            request.headers.get("Content-Type", ""),
            answer.status,
            answer.headers,
            body,
        )
        self.faults += self.contract.faults(exchange)
        kept = {
            name: value for name, value in answer.headers.items() if name.lower() in _PASSED_BACK
        }
        return web.Response(status=answer.status, body=body, headers=kept)


@asynccontextmanager
async def fronts(urls: Mapping[str, str]) -> AsyncIterator[dict[str, tuple[Front, str]]]:
    """For each service at its URL, its front and where that is reached."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=True))
        made = {}
        for service, url in urls.items():
            front = Front(HttpContract(load(f"openapi-{service}")), url, session)
            made[service] = (front, await stack.enter_async_context(serving(front.handle)))
        yield made


async def _first_event(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    while b"\ndata: " not in body or not body.endswith(b"\n\n"):
        body += await answer.content.readany()
    return body


def _items(kind: str, body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    if kind == "text/event-stream":
        return [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]
    return [line for line in lines if line]


def _pattern(template: str) -> re.Pattern[str]:
    """Matches the paths of a template; `tile_path` alone has slashes."""
    parts = re.split(r"({\w+})", template)
    kinds = {"{tile_path}": ".+"}
    return re.compile(
        "".join(kinds.get(part, "[^/]+") if part[:1] == "{" else re.escape(part) for part in parts)
    )


def _strict(schema: Any) -> Any:
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "title" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _strict(value)
    elif isinstance(schema, list):
        for value in schema:
            _strict(value)
    return schema
