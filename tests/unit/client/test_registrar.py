"""The registrar's client: puzzles are solved within bounds, and proofs held against the log."""

from typing import Any

import altcha
import msgspec
import pytest
from aiohttp import web

from shared.client.errors import BadAnswer, Refused
from shared.client.registrar import open_registrar
from shared.edition.events import IssuanceReported, decode_event
from shared.eligibility.references import ReferenceTree
from shared.eligibility.views import (
    Challenge,
    ChallengeRequest,
    IssuanceAnswer,
    PhoneCode,
)
from tests.editions import EditionBuilder
from tests.web import HASTY, Handler, problem, serving

KEY = b"registrar"
ASKED = ChallengeRequest(phone="13800138000")
CHALLENGE = Challenge(challenge="A" * 22, expires_in_s=300, attempts=5, code_digits=6)
PERSON = PhoneCode(challenge="A" * 22, code="123456")
REFERENCES = sorted(bytes([number]) * 32 for number in range(7))


def puzzle(algorithm: str = "PBKDF2/SHA-256", cost: int = 1) -> dict[str, Any]:
    """A puzzle as registrars make them, but quickly solved."""
    return altcha.create_challenge(algorithm, cost, hmac_secret=KEY).to_dict()


class Guarded:
    """Gives a challenge for a puzzle that was solved, and else asks for one."""

    def __init__(self, document: object) -> None:
        self.document = document
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        if request.path.endswith("/puzzles"):
            return web.json_response(self.document)
        self.asked += 1
        sent = msgspec.json.decode(await request.read(), type=ChallengeRequest)
        if sent.proof_of_work and altcha.verify_solution(sent.proof_of_work, KEY).verified:
            return web.Response(status=201, body=msgspec.json.encode(CHALLENGE))
        refused = problem(429, "proof-of-work-needed")
        refused.headers["Retry-After"] = "3600"
        return refused


async def challenge(handler: Handler) -> Challenge:
    """What becomes of asking for a code."""
    async with serving(handler) as url, open_registrar(url, HASTY) as registrar:
        return await registrar.challenge("2027", ASKED)


async def test_a_puzzle_is_solved_when_the_registrar_asks_for_it() -> None:
    """The request is then sent again with its solution."""
    assert await challenge(Guarded(puzzle()).answer) == CHALLENGE


async def test_a_second_puzzle_is_not_solved() -> None:
    """A registrar that is never content does not keep a voter's machine busy."""
    guarded = Guarded(altcha.create_challenge("SHA-256", 1, hmac_secret=KEY[:5]).to_dict())
    with pytest.raises(Refused, match="title of proof-of-work-needed"):
        await challenge(guarded.answer)
    assert guarded.asked == 2


@pytest.mark.parametrize(
    "document",
    [
        puzzle() | {"parameters": puzzle()["parameters"] | {"cost": 10**9}},
        puzzle() | {"parameters": puzzle()["parameters"] | {"algorithm": "SCRYPT"}},
        puzzle() | {"parameters": puzzle()["parameters"] | {"salt": "no hex"}},
        {"algorithm": "SHA-256"},
        [],
    ],
    ids=["too much work", "work that takes memory", "no hex", "version 1", "no puzzle"],
)
async def test_a_puzzle_that_is_out_of_bounds_is_refused(document: object) -> None:
    """Nothing is computed for it."""
    with pytest.raises(BadAnswer):
        await challenge(Guarded(document).answer)


async def test_a_cap_that_no_puzzle_lifts_is_a_refusal() -> None:
    """Too many requests for one person are not solved away."""

    async def answer(_: web.Request) -> web.StreamResponse:
        refused = problem(429, "too-many-requests")
        refused.headers["Retry-After"] = "3600"
        return refused

    with pytest.raises(Refused) as caught:
        await challenge(answer)
    assert caught.value.problem.slug == "too-many-requests"


async def test_an_answer_that_is_none_is_found() -> None:
    """A page of a proxy, say."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=201, body=b"<html>")

    with pytest.raises(BadAnswer, match="not the answer agreed"):
        await challenge(answer)


def answering(answer: IssuanceAnswer) -> Handler:
    """A registrar that says this of issuance."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=msgspec.json.encode(answer))

    return handler


def issued(**changes: object) -> IssuanceAnswer:
    """That a credential was issued to reference 3, proved."""
    proof = ReferenceTree(REFERENCES).prove(REFERENCES[3])
    answer = IssuanceAnswer(issued=True, reference=REFERENCES[3], channel="phone", proof=proof)
    return msgspec.structs.replace(answer, **changes)


def reported() -> IssuanceReported:
    """The log's report of the references."""
    builder = EditionBuilder()
    builder.prepare()
    builder.close()
    builder.report_issuance(len(REFERENCES))
    event = decode_event(builder.entries[-1])
    assert isinstance(event, IssuanceReported)
    return msgspec.structs.replace(event, root=ReferenceTree(REFERENCES).root)


async def asked(answer: IssuanceAnswer, report: IssuanceReported | None) -> IssuanceAnswer:
    """What the client makes of the registrar's answer."""
    async with serving(answering(answer)) as url, open_registrar(url, HASTY) as registrar:
        return await registrar.issuance("2027", PERSON, report)


async def test_a_proof_of_issuance_is_verified() -> None:
    """The reference is among those whose root is in the log."""
    assert (await asked(issued(), reported())).issued


@pytest.mark.parametrize(
    "answer",
    [issued(proof=None), issued(reference=REFERENCES[4])],
    ids=["no proof", "a proof for somebody else"],
)
async def test_a_proof_that_does_not_hold_is_refused(answer: IssuanceAnswer) -> None:
    """A registrar cannot claim what it did not report."""
    with pytest.raises(BadAnswer):
        await asked(answer, reported())


async def test_a_proof_of_another_report_is_refused() -> None:
    """The root is to be the log's, not one that the registrar brings."""
    other = msgspec.structs.replace(reported(), root=bytes(32))
    with pytest.raises(BadAnswer, match="the log has"):
        await asked(issued(), other)


async def test_before_the_report_the_registrars_word_is_passed_on() -> None:
    """There is nothing yet to hold it against."""
    assert (await asked(issued(proof=None), None)).issued


def test_no_answer_shows_a_code() -> None:
    """What is asked and typed does not get into a traceback."""
    shown = repr((ASKED, PERSON))
    assert "138" not in shown
    assert "123456" not in shown
