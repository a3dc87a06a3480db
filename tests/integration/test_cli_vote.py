"""Voting at the command line against a real installation: receipts, re-votes, interruptions."""

import asyncio
import itertools
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from cli.audit.report import AuditReport
from cli.installation import Installation
from cli.vote.command import vote
from shared.client.voter import new_voter, save_voter
from shared.log.note import Signer
from tests.audits import audited
from tests.command_line import CommandLine, Office, credential, outcome
from tests.web import serving

JSON = {"Content-Type": "application/json"}
PROGRAM = "from cli.vote.command import vote; vote()"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def office(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An open edition, shared by tests that only add voters."""
    office = Office(installation, CommandLine(tmp_path_factory.mktemp("vote")), "vote-shared")
    office.open()
    return office


@pytest.fixture
def own_office(installation: Installation, tmp_path: Path) -> Office:
    """An open edition of the test's own."""
    office = Office(installation, CommandLine(tmp_path), f"vote-{next(_numbers)}")
    office.open()
    return office


@pytest.fixture
def voter(office: Office) -> Path:
    """The file of a voter of the shared edition who has not voted yet."""
    return office.voter(f"voter-{next(_numbers)}")


def count(office: Office) -> AuditReport:
    """An audit of the edition's log."""
    return asyncio.run(audited(f"{office.url}/log/{office.edition}"))


def test_a_saved_receipt_verifies_offline(office: Office, voter: Path) -> None:
    """The receipt that a vote saves proves the ballot to whoever has the log's key."""
    voted = outcome(office.vote(voter, "hukou"), 0)
    verified = outcome(office.verify_receipt(Path(voted["receipt_file"])), 0)
    assert (verified["event"], verified["index"]) == ("BallotCast", voted["index"])


def test_the_receipt_goes_where_it_is_asked_for(office: Office, voter: Path) -> None:
    """--receipt names the file."""
    file = voter.with_name("elsewhere.json")
    words = ("--url", office.url, "--voter", voter, "--choose", "hukou", "--receipt", file)
    office.line.run(vote, *words)
    assert outcome(office.verify_receipt(file), 0)["verdict"] == "verified"


def test_a_vote_is_said_in_both_languages(office: Office, voter: Path) -> None:
    """A voter sees the titles of what was chosen, in Chinese and English."""
    result = office.line.run(vote, "--url", office.url, "--voter", voter, "--choose", "clinic")
    assert "clinic 社区诊所 / Community clinic" in result.stdout


def test_a_voters_file_stays_private(office: Office, voter: Path) -> None:
    """After a vote nobody but its owner may read the file."""
    office.vote(voter, "hukou")
    assert voter.stat().st_mode & 0o777 == 0o600


def test_the_last_of_two_votes_counts(own_office: Office) -> None:
    """Voting again replaces the ballot."""
    voter = own_office.voter("twice")
    outcome(own_office.vote(voter, "hukou", "clinic"), 0)
    assert outcome(own_office.vote(voter, "school"), 0)["seq"] == 2
    assert count(own_office).counts == {"hukou": 0, "clinic": 0, "school": 1}


def test_an_unknown_id_suggests_near_ones(office: Office, voter: Path) -> None:
    """A slip of the finger is answered with what was probably meant."""
    refused = outcome(office.vote(voter, "hukuo"), 1)
    assert refused["slug"] == "unknown-initiative"
    assert "did you mean hukou 户籍登记" in refused["detail"]


def test_too_many_choices_are_refused(office: Office, voter: Path) -> None:
    """A ballot that names too many is not sent."""
    refused = outcome(office.vote(voter, "hukou", "clinic", "school"), 1)
    assert (refused["slug"], office.recorded(voter).pending) == ("too-many-choices", None)


def test_a_credential_of_another_edition_is_refused(office: Office) -> None:
    """A credential for another edition is found out before a ballot is made."""
    voter = office.voter("foreign", edition="another")
    refused = outcome(office.vote(voter, "hukou"), 1)
    assert (refused["slug"], office.recorded(voter).pending) == ("bad-credential", None)


def test_nothing_is_sent_to_another_log(office: Office, voter: Path) -> None:
    """A server whose log has another key than the voter's file learns of no choice."""
    recorded = office.recorded(voter)
    other = Signer(recorded.verifier.name, bytes(32)).vkey
    stranger = new_voter(recorded.edition, other)
    save_voter(voter, stranger.with_credential(credential(stranger, recorded.edition)))
    failed = outcome(office.vote(voter, "hukou"), 1)
    assert "the server's log key is" in failed["why"]
    assert office.recorded(voter).pending is None


def test_a_vote_after_the_close_is_refused(own_office: Office) -> None:
    """Voting is over when the officers have closed it."""
    voter = own_office.voter("late")
    own_office.done("close")
    assert outcome(own_office.vote(voter, "hukou"), 1)["slug"] == "voting-closed"


def test_a_copied_file_learns_that_its_seq_was_used(office: Office, voter: Path) -> None:
    """Of two copies of a file, the one that votes later is refused, and can vote again."""
    copy = voter.with_name("copy.json")
    shutil.copy(voter, copy)
    outcome(office.vote(voter, "hukou"), 0)
    assert outcome(office.vote(copy, "school"), 1)["slug"] == "stale-seq"
    assert outcome(office.vote(copy, "school"), 0)["seq"] == 2


def test_an_unreadable_voters_file_is_said(office: Office, voter: Path) -> None:
    """A file that is no voter's file is refused without showing what it holds."""
    voter.write_text('{"format": "huimin/voter/v1", "key": "c2VjcmV0"}')
    failed = outcome(office.vote(voter, "hukou"), 1)
    assert "is no voter's file" in failed["why"]
    assert "c2VjcmV0" not in failed["why"]


@pytest.mark.parametrize(("typed", "exit_code", "seq"), [(b"y\n", 0, 1), (b"n\n", 1, 0)])
def test_a_terminal_is_asked(
    office: Office, voter: Path, typed: bytes, exit_code: int, seq: int
) -> None:
    """On a terminal the voter is asked before a ballot is made: yes casts it, no does nothing."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "rb"), os.fdopen(ours, "wb", buffering=0) as terminal:
        terminal.write(typed)
        ended = run_vote(office, office.url, voter, "hukou", stdin=theirs).wait(timeout=30)
    assert (ended, office.recorded(voter).seq) == (exit_code, seq)


def run_vote(
    office: Office, url: str, voter: Path, choice: str, stdin: int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    """`huimin vote` as a process of its own."""
    words = ("--url", url, "--voter", str(voter), "--choose", choice)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        env=office.line.environment,
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def interrupted(office: Office, voter: Path, choice: str) -> None:
    """A vote whose ballot the service has committed, killed before it gets the receipt."""
    asyncio.run(_interrupt(office, voter, choice))


async def _interrupt(office: Office, voter: Path, choice: str) -> None:
    committed = asyncio.Event()

    async def pass_on(request: web.Request) -> web.Response:
        url, body = f"{office.url}{request.path}", await request.read()
        async with session.request(request.method, url, data=body, headers=JSON) as answer:
            reply = web.Response(status=answer.status, body=await answer.read())
        if request.method == "POST":
            assert answer.status == 201
            committed.set()
            await asyncio.Event().wait()
        return reply

    async with aiohttp.ClientSession() as session, serving(pass_on) as url:
        process = run_vote(office, url, voter, choice)
        try:
            await asyncio.wait_for(committed.wait(), 30)
        finally:
            process.kill()
            process.wait()


def test_an_interrupted_vote_counts_once(own_office: Office) -> None:
    """After a kill the same command gets the receipt of the ballot that is in the log already."""
    voter = own_office.voter("interrupted")
    interrupted(own_office, voter, "clinic")
    voted = outcome(own_office.vote(voter, "clinic"), 0)
    report = count(own_office)
    assert (voted["resumed"], voted["seq"]) == (True, 1)
    assert (report.ballots, report.counts) == (1, {"hukou": 0, "clinic": 1, "school": 0})


def test_an_interrupted_vote_is_resumed_before_another(own_office: Office) -> None:
    """A new choice after a kill is a re-vote: first the old ballot gets its receipt."""
    voter = own_office.voter("changed")
    interrupted(own_office, voter, "clinic")
    assert outcome(own_office.vote(voter, "school"), 0)["seq"] == 2
    report = count(own_office)
    assert (report.ballots, report.counts) == (2, {"hukou": 0, "clinic": 0, "school": 1})


def test_an_interrupted_vote_is_resumed_without_a_choice(own_office: Office) -> None:
    """Without --choose the pending ballot is sent again, and nothing else."""
    voter = own_office.voter("resumed")
    interrupted(own_office, voter, "hukou")
    voted = outcome(own_office.vote(voter), 0)
    assert (voted["seq"], count(own_office).ballots) == (1, 1)


def test_a_ballot_that_got_in_before_the_close_gets_its_receipt_after_it(
    own_office: Office,
) -> None:
    """Its answer was lost, and voting has closed since: it is asked for again and counts once."""
    voter = own_office.voter("closed")
    interrupted(own_office, voter, "hukou")
    own_office.done("close")
    assert outcome(own_office.vote(voter), 0)["resumed"]
    assert own_office.recorded(voter).pending is None


def test_without_a_choice_nothing_is_cast(office: Office, voter: Path) -> None:
    """A vote that names nothing, with nothing pending, is a usage error."""
    assert office.vote(voter).exit_code == 2
