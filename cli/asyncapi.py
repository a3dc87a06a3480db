"""The AsyncAPI 3.0 document of what goes over NATS, made of the declarations that are in force.

Names are those of `shared.service.subjects`, payloads the msgspec types that are sent, and who
publishes and hears what stands in `cli.roles`, which the servers' permissions are made from. The
document is about the whole bus: an operation's id and tag name the service that does it. Left out:
JetStream's own interface, which NATS describes; what each may ask of it is in `x-nats-permissions`.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from cli.roles import DASHBOARD, LOG_ACCOUNT, SERVICES, ServiceRole
from shared.edition.ballot import Opening
from shared.edition.events import Event
from shared.edition.manifest import EditionId
from shared.edition.views import TallySnapshot
from shared.service.codes import CodeAnswer, CodeRequest
from shared.service.json_schema import REF, Schema, schemas
from shared.service.runs import Run
from shared.service.subjects import ANY, CODES_SUBJECT, RUNS, STREAM, TALLY
from shared.version import VERSION

MSGPACK: Final = "application/vnd.msgpack"
JSON: Final = "application/json"

_FRAMING: Final = (
    "A C2SP tlog-tiles entry bundle: 1 to 256 records, each two bytes of length, big-endian, and so"
    " many bytes"
)


class Message(Struct, frozen=True):
    """What is sent on a channel; `headers` by name: their schema, and whether they are required."""

    name: str
    kind: type
    content_type: str
    summary: str
    description: str
    headers: Mapping[str, tuple[Schema, bool]] = {}


class Channel(Struct, frozen=True):
    """A subject with its message; `more` is what else the document says of it."""

    name: str
    address: str
    description: str
    message: Message
    more: Mapping[str, Any] = {}

    @property
    def pattern(self) -> str:
        """The subject for every edition."""
        return self.address.format(edition=ANY)


_TRACEPARENT: Final[tuple[Schema, bool]] = (
    {
        "type": "string",
        "description": "W3C Trace Context, when traces are on; it is never that of a voter",
        "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    },
    False,
)
_EXPECTED: Final[tuple[Schema, bool]] = (
    {
        "type": "string",
        "description": (
            "The stream's sequence that this run follows, in decimal digits; JetStream refuses"
            " another, which fences a second relay. There is no Nats-Msg-Id: nothing else is needed"
        ),
        "pattern": "^(0|[1-9][0-9]*)$",
    },
    True,
)

CHANNELS: Final = (
    Channel(
        "runs",
        RUNS,
        "Runs of an edition's log, in order, as its relay copies them from PostgreSQL.",
        Message(
            "run",
            Run,
            MSGPACK,
            "Log entries up to a signed checkpoint",
            "A MessagePack map with the fields of `Run`; what the schema calls base64 is `bin`.",
            {"Nats-Expected-Last-Sequence": _EXPECTED, "traceparent": _TRACEPARENT},
        ),
        {
            "x-jetstream": {
                "stream": STREAM,
                "subjects": [RUNS],
                "retention": "limits",
                "storage": "file",
                "denyDelete": True,
                "denyPurge": True,
                "allowDirect": False,
                "consumer": (
                    "Nobody makes one. The tally gets messages by their sequence, and keeps its"
                    " position itself; it and notify subscribe to the subject and take what comes"
                    " for a sign only"
                ),
            }
        },
    ),
    Channel(
        "tally",
        TALLY,
        "An edition's verified tally, when it changes and at most once a second; kept nowhere.",
        Message("snapshot", TallySnapshot, JSON, "A whole snapshot", "What `GET …/tally` answers."),
    ),
    Channel(
        "codes",
        CODES_SUBJECT,
        "One-time codes; a request each. In memory alone, and no stream may hold it.",
        Message(
            "codeRequest",
            CodeRequest,
            JSON,
            "Send a code",
            "Answered within eight seconds, or the code was perhaps sent.",
            {"traceparent": _TRACEPARENT},
        ),
    ),
)

_REPLY: Final = Message(
    "codeAnswer", CodeAnswer, JSON, "What came of it", "Sent to the request's inbox."
)
_QUEUES: Final = {("notify", "codes"): "notify"}


def document() -> dict[str, Any]:
    """The document: plain data, sorted, without any host."""
    channels = {one.name: _channel(one) for one in CHANNELS}
    channels["codeAnswers"] = {
        "address": None,
        "description": "The inbox that a request names, `_INBOX_registrar.…`.",
        "messages": {_REPLY.name: {"$ref": f"#/components/messages/{_REPLY.name}"}},
    }
    messages = [*(one.message for one in CHANNELS), _REPLY]
    found, components = schemas([one.kind for one in messages] + [Event, Opening, EditionId])
    *payloads, event, opening, edition = found
    components = {**components, "Event": event}
    _describe_records(components["Run"]["properties"], opening)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Huimin on NATS",
            "version": VERSION,
            "description": (
                "What the services say to one another. Each is one NATS user with an nkey, and may"
                " publish and hear what `x-nats-permissions` says and nothing else."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": JSON,
        "channels": channels,
        "operations": dict(sorted(_operations())),
        "components": {
            "schemas": dict(sorted(_plain(components).items())),
            "messages": {
                one.name: _message(one, payload)
                for one, payload in zip(messages, payloads, strict=True)
            },
            "parameters": {"edition": {"description": f"The edition's id: {edition['pattern']}"}},
        },
        "x-nats-permissions": _permissions(),
    }


def _channel(channel: Channel) -> dict[str, Any]:
    name = channel.message.name
    made: dict[str, Any] = {
        "address": channel.address,
        "description": channel.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }
    if "{edition}" in channel.address:
        made["parameters"] = {"edition": {"$ref": "#/components/parameters/edition"}}
    return {**made, **channel.more}


def _message(message: Message, payload: Schema) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": message.name,
        "summary": message.summary,
        "description": message.description,
        "contentType": message.content_type,
        "payload": payload,
    }
    if message.headers:
        made["headers"] = {
            "type": "object",
            "properties": {name: schema for name, (schema, _) in message.headers.items()},
            "required": [name for name, (_, needed) in message.headers.items() if needed],
        }
    return made


def _describe_records(run: dict[str, Schema], opening: Schema) -> None:
    """Say what the bytes of a run are made of."""
    run["start"]["description"] = "The index of the first entry"
    run["start"]["minimum"] = 0
    run["entries"] |= {
        "description": f"{_FRAMING}. A record is an event in JSON, as it is in the log for ever",
        "x-record": {"contentType": JSON, "schema": {"$ref": REF.format(name="Event")}},
    }
    run["openings"] |= {
        "description": f"{_FRAMING}. A record is an opening in JSON, or empty: there is none here",
        "x-record": {"contentType": JSON, "schema": opening, "mayBeEmpty": True},
    }
    run["checkpoint"] |= {
        "description": (
            "A signed note (C2SP tlog-checkpoint); its size is `start` and the number of entries"
        ),
        "x-record": {"contentType": "text/plain; charset=utf-8"},
    }


def _operations() -> list[tuple[str, dict[str, Any]]]:
    made = []
    for name, role in _roles().items():
        for channel in CHANNELS:
            if channel.pattern in role.publish:
                made.append(_operation(name, "send", channel))
            if channel.pattern in role.subscribe:
                made.append(_operation(name, "receive", channel))
    return made


def _operation(service: str, action: str, channel: Channel) -> tuple[str, dict[str, Any]]:
    verb = "Sends" if action == "send" else "Receives"
    made: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.message.name}"}],
        "tags": [{"name": service}],
    }
    if (queue := _QUEUES.get((service, channel.name))) is not None:
        made["bindings"] = {"nats": {"queue": queue}}
    if channel.name == "codes":
        made["reply"] = {
            "address": {"location": "$message.header#/reply", "description": "NATS reply subject"},
            "channel": {"$ref": "#/channels/codeAnswers"},
            "messages": [{"$ref": f"#/channels/codeAnswers/messages/{_REPLY.name}"}],
        }
    return f"{service}{verb}{channel.name.capitalize()}", made


def _roles() -> Mapping[str, ServiceRole]:
    return {**SERVICES, DASHBOARD: ServiceRole("", (), (TALLY.format(edition=ANY),))}


def _permissions() -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {
        name: {
            "account": role.account.name,
            "publish": role.publish,
            "subscribe": (f"_INBOX_{name}.>", *role.subscribe),
            "answersWithinSeconds": role.answers_s or None,
        }
        for name, role in SERVICES.items()
    }
    dashboard = {
        "account": LOG_ACCOUNT.name,
        "publish": (),
        "subscribe": (TALLY.format(edition=ANY),),
    }
    return {**made, DASHBOARD: dashboard}


def _plain(schema: Any) -> Any:
    """With discriminators as AsyncAPI has them: the name of the field alone."""
    if isinstance(schema, dict):
        made = {name: _plain(value) for name, value in schema.items()}
        if isinstance(found := made.get("discriminator"), dict):
            made["discriminator"] = found["propertyName"]
        return made
    return [_plain(one) for one in schema] if isinstance(schema, list) else schema


def printed() -> bytes:
    """The document as a file."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(printed())
