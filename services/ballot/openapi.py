"""What Litestar cannot see of the bodies that this service reads by itself, for the document."""

from collections.abc import Mapping

import msgspec
from litestar import Litestar
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType

from shared.edition.ballot import Ballot
from shared.edition.commands import SignedCommand
from shared.edition.views import Receipt
from shared.service.problem import PROBLEM_JSON, Problem

_REF = "#/components/schemas/{name}"


def document_bodies(app: Litestar) -> None:
    """Add the POST of ballots, which stands before `app`, and the body of commands."""
    document = app.openapi_schema
    _, components = msgspec.json.schema_components(
        [Ballot, SignedCommand, Receipt, Problem], ref_template=_REF
    )
    for name, schema in components.items():
        document.components.schemas.setdefault(name, _Raw(schema))
    paths = document.paths if document.paths is not None else {}
    paths["/v1/editions/{edition}/ballots"] = PathItem(post=_operation())
    command = paths["/v1/editions/{edition}/commands"].post
    assert command is not None
    command.request_body = RequestBody(content=_json("SignedCommand"), required=True)
    command.responses = _responses("Receipt", _COMMAND_PROBLEMS)
    document.paths = paths


class _Raw(Schema):
    """A JSON schema that msgspec has made already."""

    def __init__(self, schema: dict[str, object]) -> None:
        super().__init__()
        self.__dict__["_schema"] = schema

    def to_schema(self) -> dict[str, object]:
        """The schema as it is."""
        found: dict[str, object] = self.__dict__["_schema"]
        return found


def _operation() -> Operation:
    return Operation(
        operation_id="CastBallot",
        summary="Cast Ballot",
        description=(
            "Cast one ballot, of at most 16 kB. The answer comes after the ballot is committed and"
            " holds its entry and a C2SP tlog-proof. The same ballot again gets the same receipt;"
            " after a 503 or a lost answer, send it again."
        ),
        parameters=[
            Parameter(
                name="edition",
                param_in="path",
                required=True,
                schema=Schema(type=OpenAPIType.STRING),
            )
        ],
        request_body=RequestBody(content=_json("Ballot"), required=True),
        responses=_responses("Receipt", _BALLOT_PROBLEMS),
    )


def _responses(created: str, problems: Mapping[str, str]) -> dict[str, OpenAPIResponse | Reference]:
    return {
        "201": OpenAPIResponse(description="The receipt", content=_json(created)),
        **{
            status: OpenAPIResponse(
                description=what, content=_json("Problem", media_type=PROBLEM_JSON)
            )
            for status, what in problems.items()
        },
    }


_BALLOT_PROBLEMS = {
    "400": "The body is no ballot in JSON",
    "403": "The credential is not valid for this edition",
    "404": "There is no such edition",
    "408": "The body did not arrive in time",
    "409": "Voting is not open, or a ballot with this or a higher seq counts already",
    "413": "The body is larger than 16 kB",
    "415": "The body is not application/json",
    "422": "Choices, commitment, key or signature are wrong",
    "503": "Not now: send the same ballot again after Retry-After seconds",
}

_COMMAND_PROBLEMS = {
    "400": "The body is no signed command in JSON",
    "403": "An officer's signature is missing or wrong",
    "404": "There is no such edition",
    "408": "The body did not arrive in time",
    "409": "The edition's phase does not allow it, or it was made for another state of the log",
    "413": "The body is larger than 128 kB",
    "415": "The body is not application/json",
    "422": "The command does not fit the edition, or what the log says",
    "503": "Not now: look at the edition's phase, then send it again after Retry-After seconds",
}


def _json(name: str, media_type: str = "application/json") -> dict[str, OpenAPIMediaType]:
    return {media_type: OpenAPIMediaType(schema=Reference(ref=_REF.format(name=name)))}
