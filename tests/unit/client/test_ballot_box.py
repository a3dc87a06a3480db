"""Casting and commanding over HTTP, against a ballot service of the tests' own."""

import msgspec
import pytest
from aiohttp import web

from shared.client.ballot_box import open_ballot_box
from shared.client.errors import BadAnswer, BadReceipt, CannotRead, OutcomeUnknown, Refused
from shared.client.tally_board import open_tally_board
from shared.edition.ballot import Ballot
from shared.edition.commands import CloseVoting, SignedCommand
from shared.edition.views import TallySnapshot
from shared.log.tlog_proof import verify
from tests.audits import started
from tests.editions import TIME, EditionBuilder
from tests.web import HASTY, problem, serving


class BallotService:
    """Takes ballots and commands into an edition; `failing` answers come before the good ones."""

    def __init__(self, builder: EditionBuilder) -> None:
        self.builder = builder
        self.failing: list[web.Response | None] = []
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request; None in `failing` does the work and then breaks off."""
        self.asked += 1
        failure = self.failing.pop(0) if self.failing else problem(200, "")
        if failure is not None and failure.status != 200:
            return failure
        answer = self.carry_out(request.path, await request.read())
        if failure is None:
            assert request.transport is not None
            request.transport.close()
        return answer

    def carry_out(self, path: str, body: bytes) -> web.Response:
        """Do what is asked."""
        builder = self.builder
        if path.endswith("/ballots"):
            ballot = msgspec.json.decode(body, type=Ballot)
            known = [index for index, cast in builder.ballots if cast == ballot]
            index = known[0] if known else builder.record(ballot)
        elif path.endswith("/commands"):
            builder.command(msgspec.json.decode(body, type=SignedCommand).decoded())
            index = len(builder.entries) - 1
        else:
            return web.Response(body=builder.tree().proof(int(path.rpartition("/")[2])).encode())
        return web.Response(status=201, body=msgspec.json.encode(builder.receipt(index)))


@pytest.fixture
def service() -> BallotService:
    """A ballot service with an open edition."""
    return BallotService(started())


async def test_cast_gives_a_verified_receipt(service: BallotService) -> None:
    """The receipt is that of the ballot's entry."""
    builder = service.builder
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        receipt = await box.cast("2027", builder.ballot(9, ["i01"]), builder.verifier)
    assert receipt == builder.receipt(7)


async def test_cast_refuses_a_receipt_of_another_log(service: BallotService) -> None:
    """A receipt that the log's key did not sign is not handed on."""
    other = EditionBuilder(log_seed=bytes(32)).verifier
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(BadReceipt):
            await box.cast("2027", service.builder.ballot(9, ["i01"]), other)


async def test_cast_refuses_a_receipt_of_another_ballot(service: BallotService) -> None:
    """A server that answers with someone else's receipt is found out."""
    builder = service.builder
    service.carry_out = lambda *_: web.Response(  # type: ignore[method-assign]  # the lie
        status=201, body=msgspec.json.encode(builder.receipt(4))
    )
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(BadReceipt, match="another key"):
            await box.cast("2027", builder.ballot(9, ["i01"]), builder.verifier)


async def test_cast_sends_again_when_told_to(service: BallotService) -> None:
    """A 503 is not the end."""
    service.failing = [problem(503, "overloaded"), problem(503, "store-unavailable")]
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        await box.cast("2027", service.builder.ballot(9, ["i01"]), service.builder.verifier)
    assert len(service.builder.ballots) == 4


async def test_a_lost_answer_counts_once(service: BallotService) -> None:
    """A ballot whose answer was lost is sent again and stands once in the log."""
    service.failing = [None]
    builder = service.builder
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        receipt = await box.cast("2027", builder.ballot(9, ["i01"]), builder.verifier)
    assert (receipt.index, len(builder.entries), service.asked) == (7, 8, 2)


async def test_a_refusal_is_final_and_explained(service: BallotService) -> None:
    """A 4xx is not sent again; slug, detail and next step are the server's."""
    service.failing = [problem(422, "too-many-choices")]
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(Refused) as caught:
            await box.cast("2027", service.builder.ballot(9, ["i01"]), service.builder.verifier)
    refused = caught.value
    assert (refused.status, refused.problem.slug, service.asked) == (422, "too-many-choices", 1)
    assert str(refused) == "title of too-many-choices. the detail. the next step"


async def test_a_refusal_without_a_problem_document_is_one_too(service: BallotService) -> None:
    """A proxy's page does not confuse the client."""
    service.failing = [web.Response(status=413, text="<html>too large</html>")]
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(Refused, match="413"):
            await box.cast("2027", service.builder.ballot(9, ["i01"]), service.builder.verifier)


async def test_a_server_that_stays_overloaded_is_given_up(service: BallotService) -> None:
    """The attempts are bounded."""
    service.failing = [problem(503, "overloaded") for _ in range(9)]
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(CannotRead, match="503"):
            await box.cast("2027", service.builder.ballot(9, ["i01"]), service.builder.verifier)
    assert service.asked == HASTY.attempts


async def test_a_command_gives_a_verified_receipt(service: BallotService) -> None:
    """The receipt is that of the event that embeds the command."""
    builder = service.builder
    signed = builder.signed(CloseVoting(**builder.base()))
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        receipt = await box.command("2027", signed, builder.verifier)
    assert receipt.index == len(builder.entries) - 1


async def test_a_commands_lost_answer_is_not_guessed(service: BallotService) -> None:
    """A command is not sent twice; the officer is told to look."""
    service.failing = [None]
    builder = service.builder
    signed = builder.signed(CloseVoting(**builder.base()))
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(OutcomeUnknown, match="phase"):
            await box.command("2027", signed, builder.verifier)
    assert service.asked == 1


async def test_a_proof_is_that_of_the_entry(service: BallotService) -> None:
    """What is fetched verifies against the entry."""
    builder = service.builder
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        proof = await box.proof("2027", 4)
    assert verify(proof, builder.entries[4], builder.verifier).size == len(builder.entries)


async def test_an_answer_that_is_not_as_agreed_is_said_to_be_so(service: BallotService) -> None:
    """A view with a member of another type is not taken."""
    service.carry_out = lambda *_: web.Response(body=b'{"editions":7}')  # type: ignore[method-assign]  # the lie
    async with serving(service.answer) as url, open_ballot_box(url, HASTY) as box:
        with pytest.raises(BadAnswer, match="not the answer agreed"):
            await box.editions()


async def test_the_tally_is_fetched() -> None:
    """A snapshot arrives as it was sent."""
    snapshot = TallySnapshot(
        edition="2027",
        phase="open",
        disclosure="live",
        size=7,
        behind=0,
        time=TIME,
        status="verified",
        ballots=3,
        voters=3,
        roll_size=9,
        counts=(),
        result=None,
        checkpoint="",
    )

    async def handler(request: web.Request) -> web.StreamResponse:
        assert request.path == "/v1/editions/2027/tally"
        return web.Response(body=msgspec.json.encode(snapshot))

    async with serving(handler) as url, open_tally_board(url, HASTY) as board:
        assert await board.snapshot("2027") == snapshot
