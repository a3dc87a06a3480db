"""The documents in `docs/api`: current, valid, complete; and what does not fit them is found."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator
from litestar import Litestar
from litestar.routes import HTTPRoute
from openapi_spec_validator import OpenAPIV31SpecValidator

from cli import asyncapi
from cli.roles import SERVICES as ROLES
from shared.edition.errors import Refusal
from shared.log.tiles import encode_bundle
from shared.service.drain import Drain
from shared.service.openapi_document import printed
from shared.service.runs import Run, encode_run
from shared.service.subjects import run_subject, tally_subject
from tests.interfaces import API, SERVICES, Document, Exchange, HttpContract, NatsContract, load

ASYNCAPI = Path(__file__).parents[1] / "interop" / "node_modules" / "@asyncapi" / "specs"
DOCUMENTS = [f"openapi-{service}" for service in SERVICES] + ["asyncapi"]
DEVELOPMENT = {"no-inbox"}
"""Slugs of what is for development alone and not part of the interface."""

JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json", "Retry-After": "2"}
NO_EDITION = {
    "type": "urn:huimin:problem:unknown-edition",
    "title": "There is no such edition",
    "title_zh": "没有这一届活动",
    "status": 404,
    "detail": "there is no edition 'x'",
    "next": "See the list of editions",
    "next_zh": "请查看活动列表",
}
ROUTE = "/v1/editions/2027/ballots"


@pytest.mark.parametrize("service", SERVICES)
def test_the_openapi_document_is_current(service: str) -> None:
    """`make api-docs` would write what is there."""
    made = printed(import_module(f"services.{service}.openapi").DOCUMENT)
    assert (API / f"openapi-{service}.json").read_bytes() == made, "run `make api-docs`"


def test_the_asyncapi_document_is_current() -> None:
    """`make api-docs` would write what is there."""
    assert (API / "asyncapi.json").read_bytes() == asyncapi.printed(), "run `make api-docs`"


@pytest.mark.parametrize("service", SERVICES)
def test_the_openapi_document_is_valid(service: str) -> None:
    """By a validator of OpenAPI 3.1 that is not ours."""
    assert list(OpenAPIV31SpecValidator(load(f"openapi-{service}")).iter_errors()) == []


def test_the_asyncapi_document_is_valid() -> None:
    """By AsyncAPI's own schema of version 3.0.0."""
    file = ASYNCAPI / "schemas" / "3.0.0.json"
    assert file.is_file(), "run `npm ci` in tests/interop, or `make test`"
    schema = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    assert [one.message for one in Draft7Validator(schema).iter_errors(load("asyncapi"))] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_example_is_valid(service: str) -> None:
    """Of parameters, bodies and problems, each by its schema."""
    document = Document(load(f"openapi-{service}"))
    faults = [
        (place, fault)
        for place, value in _examples(document.content["paths"], ("paths",))
        for fault in document.faults((*place, "schema"), value)
    ]
    problem = ("components", "schemas", "Problem")
    for name, example in document.content["components"]["examples"].items():
        faults += [((name,), fault) for fault in document.faults(problem, example["value"])]
    assert faults == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_of_the_service_is_described(service: str) -> None:
    """A slug that clients may meet and cannot look up would be of no use."""
    described = load(f"openapi-{service}")["components"]["examples"]
    slugs = {kind.slug for kind in _kinds(Refusal, f"services.{service}")}
    assert slugs - DEVELOPMENT - set(described) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_of_the_service_is_described(service: str) -> None:
    """But for those that say that they are not part of the interface."""
    described = load(f"openapi-{service}")["paths"]
    routes = {
        (route.path_format, method.lower())
        for route in _app(service).routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if handler.resolve_include_in_schema() and method != "OPTIONS"
    }
    cast = {("/v1/editions/{edition}/ballots", "post")} if service == "ballot" else set()
    assert {(path, method) for path in described for method in described[path]} == routes | cast


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_document_names_no_host_and_no_python(name: str) -> None:
    r"""Patterns end in `$`: `\Z` is no end of text to readers in other languages."""
    text = (API / f"{name}.json").read_text()
    assert (r"\\Z" in text, "127.0.0.1" in text, "localhost" in text) == (False, False, False)


def test_every_permission_on_our_subjects_is_an_operation() -> None:
    """What a NATS user may publish or hear is described, and nothing else is."""
    operations = load("asyncapi")["operations"].values()
    described = {
        (one["tags"][0]["name"], one["action"], one["channel"]["$ref"].rpartition("/")[2])
        for one in operations
    }
    channels = {one.pattern: one.name for one in asyncapi.CHANNELS}
    allowed = {
        (name, action, channels[subject])
        for name, role in ROLES.items()
        for action, subjects in (("send", role.publish), ("receive", role.subscribe))
        for subject in subjects
        if not subject.startswith("$JS.API.")
    }
    assert described - allowed == {("dashboard", "receive", "tally")}
    assert allowed - described == set()


def test_a_service_prints_its_document_by_itself() -> None:
    """Without settings, a database or any network."""
    command = [sys.executable, "-m", "services.notify.openapi"]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    assert made == (API / "openapi-notify.json").read_bytes()


@pytest.mark.parametrize(
    ("status", "headers", "body", "fault"),
    [
        (404, PROBLEM, NO_EDITION, None),
        (404, PROBLEM, NO_EDITION | {"type": "urn:huimin:problem:new"}, "'urn:huimin:problem:new'"),
        (404, PROBLEM, NO_EDITION | {"status": 403}, "404 was expected"),
        (404, PROBLEM, NO_EDITION | {"trace": "abc"}, "'trace' was unexpected"),
        (404, JSON, NO_EDITION, "media type"),
        (418, PROBLEM, NO_EDITION, "the status is not described"),
        (503, {"Content-Type": "application/problem+json"}, NO_EDITION, "header Retry-After"),
        (201, JSON | {"Cache-Control": "no-store"}, {"edition": "2027"}, "required property"),
    ],
)
def test_an_answer_that_does_not_fit_is_found(
    status: int, headers: dict[str, str], body: object, fault: str | None
) -> None:
    """And one that fits passes."""
    contract = HttpContract(load("openapi-ballot"))
    encoded = msgspec.json.encode(body)
    found = contract.faults(Exchange("POST", ROUTE, b"", "", status, headers, encoded))
    assert fault in " ".join(found) if fault else found == []


def test_a_route_that_is_not_described_is_found() -> None:
    """Even if the answer is good."""
    contract = HttpContract(load("openapi-ballot"))
    assert contract.faults(Exchange("GET", "/v1/secret", b"", "", 200, JSON, b"{}"))


RUN = Run(0, encode_bundle([b'{"event":"VotingOpened"}']), encode_bundle([b""]), b"o\n1\n")
EXPECTED = {"Nats-Expected-Last-Sequence": "0"}


@pytest.mark.parametrize(
    ("subject", "headers", "payload", "fault"),
    [
        (run_subject("a"), EXPECTED, encode_run(RUN), "is not valid under any"),
        (run_subject("a"), {}, encode_run(RUN), "'Nats-Expected-Last-Sequence' is a required"),
        (run_subject("a"), EXPECTED, msgspec.msgpack.encode({"start": 0}), "required property"),
        (tally_subject("a"), {}, b'{"edition": "a"}', "required property"),
        ("huimin.codes", {}, b'{"phone": null, "code": "1", "minutes": "5"}', "type 'integer'"),
        ("huimin.gossip", {}, b"{}", "is not described"),
    ],
)
def test_a_message_that_does_not_fit_is_found(
    subject: str, headers: dict[str, str], payload: bytes, fault: str
) -> None:
    """A record in a run, its header, a payload, and a subject that nobody declared."""
    assert fault in " ".join(NatsContract(load("asyncapi")).faults(subject, headers, payload))


def _app(service: str) -> Litestar:
    """The service's application, which has opened nothing."""
    key = b64encode(bytes(32)).decode()
    given: dict[str, dict[str, str]] = {
        "ballot": {"log_key_seed": key, "announcers": "/", "checkpoint_copies": "/"},
        "tally": {"log_url": "http://log", "log_key": key},
    }
    others = {"key": key, "desk_token": "t" * 32, "ballot_url": "http://log", "log_key": key}
    kind = import_module(f"services.{service}.settings").Settings
    settings = kind(
        database_url="postgresql://",
        nats_url="nats://",
        nats_nkey_seed="",
        log_origin="vote.example",
        **given.get(service, others),
    )
    paced = () if service == "ballot" else (import_module(f"services.{service}.pace").Pace(),)
    app = import_module(f"services.{service}.app").create_app(settings, Drain(), *paced)
    while not isinstance(app, Litestar):  # what stands before it
        app = next(one for one in vars(app).values() if callable(one))
    return app


def _examples(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Where there is an example beside a schema."""
    if isinstance(value, dict):
        if "schema" in value and "example" in value:
            yield place, value["example"]
        for name, inner in value.items():
            yield from _examples(inner, (*place, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _examples(inner, (*place, str(number)))


def _kinds(kind: type[Refusal], package: str) -> set[type[Refusal]]:
    """The refusals that a package defines."""
    found = {kind} if kind.__module__.startswith(f"{package}.") else set()
    for other in kind.__subclasses__():
        found |= _kinds(other, package)
    return found
