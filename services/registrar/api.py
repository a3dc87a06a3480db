"""The public HTTP interface: registration, challenges, credentials, proofs; and health."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter
from msgspec import Struct

from services.registrar import store
from services.registrar.challenges import Challenges
from services.registrar.delivery import Delivery
from services.registrar.editions import Editions
from services.registrar.errors import PuzzlesOff
from services.registrar.issuance import Counter
from services.registrar.puzzles import Puzzles
from services.registrar.store import session
from shared.eligibility.views import (
    BlindCredential,
    Challenge,
    ChallengeRequest,
    CredentialRequest,
    IssuanceAnswer,
    IssuanceQuery,
    Registration,
)
from shared.service.client_address import address_block

EditionName = Annotated[str, PathParameter(description="The edition's id")]
AnyRequest = Request[Any, Any, State]


class Readiness(Struct, frozen=True):
    """Whether credentials can be given out; codes and the ballot service are reported beside."""

    ready: bool
    database: str
    nats: str
    codes: str


@get("/v1/editions/{edition:str}/registration")
async def show_registration(state: State, edition: EditionName) -> Registration:
    """How people register for this edition, and whether credentials are given out now."""
    editions: Editions = state.editions
    delivery: Delivery = state.delivery
    async with session(state.pool) as connection:
        found = await editions.committed(connection, edition)
    return Registration(
        edition=edition,
        mode=found.mode,
        issuer_key=found.issuer_key,
        issuing=await editions.issuing(found),
        codes="working" if delivery.working else "failing",
    )


@post("/v1/editions/{edition:str}/puzzles")
async def make_puzzle(state: State, edition: EditionName) -> dict[str, Any]:
    """An ALTCHA puzzle (version 2), to be solved after `proof-of-work-needed`."""
    puzzles: Puzzles | None = state.puzzles
    if puzzles is None:
        raise PuzzlesOff("proof of work is switched off here")
    async with session(state.pool) as connection:
        await state.editions.committed(connection, edition)
    return puzzles.make(edition)


@post("/v1/editions/{edition:str}/challenges")
async def ask_for_code(
    state: State, edition: EditionName, data: JSONBody[ChallengeRequest], request: AnyRequest
) -> Challenge:
    """Have a one-time code sent. The answer is the same for people who are not on the roll."""
    challenges: Challenges = state.challenges
    return await challenges.ask(edition, data, _block(state, request))


@post("/v1/editions/{edition:str}/credentials")
async def issue_credential(
    state: State, edition: EditionName, data: JSONBody[CredentialRequest], request: AnyRequest
) -> BlindCredential:
    """The issuer's signature on a blinded message, once for each person."""
    counter: Counter = state.counter
    return await counter.issue(edition, data, _block(state, request))


@post("/v1/editions/{edition:str}/issuance-proofs", status_code=200)
async def show_issuance(
    state: State, edition: EditionName, data: JSONBody[IssuanceQuery], request: AnyRequest
) -> IssuanceAnswer:
    """Whether a credential was issued in one's name; with a proof once issuance was reported."""
    counter: Counter = state.counter
    return await counter.answer(edition, data, _block(state, request))


@get("/live", sync_to_thread=False)
def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@get("/ready")
async def ready(state: State) -> Response[Readiness]:
    """503 while the database is away. Without NATS, codes cannot be sent; counters still work."""
    reachable = await store.answers(state.pool)
    delivery: Delivery = state.delivery
    body = Readiness(
        ready=reachable,
        database="ok" if reachable else "unreachable",
        nats="ok" if state.nats.is_connected else "disconnected",
        codes="working" if delivery.working else "failing",
    )
    return Response(body, status_code=200 if body.ready else 503)


def _block(state: State, request: AnyRequest) -> str:
    return address_block(request.scope, state.trusted_proxies)
