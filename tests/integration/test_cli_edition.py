"""A whole edition at the command line, officers signing one after the other; and what goes wrong.

Against a real installation. What is certified is compared with the ballots as they were cast, and
with an audit of the log.
"""

import asyncio
import itertools
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from cli.audit.report import AuditReport
from cli.edition.command import edition
from cli.edition.command_file import CommandFile, load_command_file, save_command_file
from cli.edition.options import OfficerKey
from cli.edition.signing import sign, unsigned
from cli.installation import Installation
from cli.officer import officer
from shared.client.receipt import decode_receipt, verify_receipt
from shared.edition.commands import CertifyResult, DrawTieSeed
from shared.edition.officer_keys import parse_secret
from shared.edition.result import tie_order
from shared.log.checkpoint import Checkpoint, sign_checkpoint
from shared.log.note import Signer, Verifier
from tests.audits import audited
from tests.command_line import INITIATIVES, ROOT, CommandLine, Office, outcome

SEED = "31415926535897932384"
_numbers = itertools.count(1)

NewOffice = Callable[[], Office]


@pytest.fixture(scope="module")
def new_office(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> NewOffice:
    """Makes an office with an edition of its own."""

    def make() -> Office:
        line = CommandLine(tmp_path_factory.mktemp("office"))
        return Office(installation, line, f"cli-{next(_numbers)}")

    return make


@pytest.fixture
def office(new_office: NewOffice) -> Office:
    """An office whose edition is not announced yet."""
    return new_office()


def read_audit(office: Office) -> AuditReport:
    """An audit of the edition's log, by the auditor."""
    return asyncio.run(audited(f"{office.url}/log/{office.edition}"))


class Story(NamedTuple):
    """A whole edition: what each step printed, and what was audited at the end."""

    office: Office
    steps: dict[str, dict[str, Any]]
    report: AuditReport


@pytest.fixture(scope="module")
def story(new_office: NewOffice) -> Story:
    """An edition in which two initiatives tie for one seat, certified and reported on.

    Sealed until the close. Three people vote: for hukou; for hukou and then, again, for clinic; for
    hukou and clinic. So hukou and clinic have two ballots each.
    """
    office = new_office()
    office.equip(disclosure="at-close")
    steps = {name: office.done(name) for name in ("announce", "shortlist", "roll")}
    steps["open"] = office.in_two_steps("open")
    voters = [office.voter(f"voter-{number}") for number in range(3)]
    for voter, choices in (
        (voters[0], ["hukou"]),
        (voters[1], ["hukou"]),
        (voters[1], ["clinic"]),
        (voters[2], ["hukou", "clinic"]),
    ):
        outcome(office.vote(voter, *choices), 0)
    steps["close"] = office.in_two_steps("close")
    steps["issuance"] = office.done("issuance", "--issued", "3", "--root", ROOT)
    steps["draw"] = office.in_two_steps("draw", "--seed", SEED)
    steps["certify"] = office.in_two_steps("certify")
    winner = event(office, steps["certify"])["winners"][0]
    texts = ("--initiative", winner, "--zh", "已开工", "--en", "Work has begun")
    steps["progress"] = office.done("progress", *texts)
    return Story(office, steps, read_audit(office))


def event(office: Office, step: dict[str, Any]) -> dict[str, Any]:
    """The event that a command led to, as its verified receipt has it."""
    receipt = decode_receipt(json.dumps(step["receipt"]).encode())
    verifier = Verifier.parse(office.show()["vkey"])
    decoded: dict[str, Any] = json.loads(
        msgspec.json.encode(verify_receipt(receipt, verifier).event)
    )
    return decoded


def test_each_step_leads_to_its_event(story: Story) -> None:
    """Every command ends up in the log as its own event, in the order of the steps."""
    events = [event(story.office, step)["event"] for step in story.steps.values()]
    assert events == [
        "EditionAnnounced",
        "ShortlistPublished",
        "RollCommitted",
        "VotingOpened",
        "VotingClosed",
        "IssuanceReported",
        "TieSeedDrawn",
        "ResultCertified",
        "ProgressReported",
    ]


def test_the_certificate_counts_each_voters_last_ballot(story: Story) -> None:
    """The one who voted again counts once, with the later choice."""
    certified = event(story.office, story.steps["certify"])
    assert certified["counts"] == {"hukou": 2, "clinic": 2, "school": 0}


def test_the_draw_decides_between_the_tied(story: Story) -> None:
    """The winner is the first of the tied in the order of the digits thrown and the log's root."""
    drawn = event(story.office, story.steps["draw"])
    order = tie_order(story.office.edition, b64decode(drawn["root"]), SEED, ["clinic", "hukou"])
    certified = event(story.office, story.steps["certify"])
    assert certified["winners"] == [order[0]]


def test_an_audit_verifies_the_certified_edition(story: Story) -> None:
    """The log that the commands wrote is lawful, and the certificate is what it gives."""
    assert (story.report.verdict, story.report.certified) == ("verified", True)


def test_two_officers_signed_the_certificate(story: Story) -> None:
    """Both signatures stand in the log."""
    certified = event(story.office, story.steps["certify"])
    assert [one["officer"] for one in certified["signed"]["signatures"]] == ["clerk", "supervisor"]


def test_the_list_shows_the_edition(story: Story) -> None:
    """An edition is listed with its phase."""
    result = story.office.line.run(edition, "list", "--url", story.office.url, "--json")
    listed = {one["edition"]: one["phase"] for one in outcome(result, 0)["editions"]}
    assert listed[story.office.edition] == "certified"


def test_show_prints_the_state_for_people(story: Story) -> None:
    """Without --json the edition is a table with its titles in both languages."""
    office = story.office
    result = office.line.run(edition, "show", office.edition, "--url", office.url)
    assert all(word in result.stdout for word in ("certified", "惠民十大行动", "Community clinic"))


def test_one_signature_is_not_enough(office: Office) -> None:
    """Where two must sign, a command with one is kept in a file, and the other may sign."""
    office.open_until("roll")
    file = office.directory / "open.command.json"
    waiting = outcome(office.command("open", "--out", file, by=("clerk",)), 0)
    assert (waiting["missing"], waiting["may_sign"]) == (1, ["supervisor"])


def test_a_missing_second_signature_is_refused(office: Office) -> None:
    """A command that one of two signed is not carried out."""
    office.open_until("roll")
    refused = outcome(office.submit(office.waiting("open")), 1)
    assert (refused["slug"], office.show()["phase"]) == ("officer-signature-missing", "rolled")


def test_the_same_officer_twice_is_refused(office: Office) -> None:
    """Nobody can be the second officer to oneself."""
    office.open_until("roll")
    refused = outcome(office.sign(office.waiting("open"), by="clerk"), 1)
    assert refused["slug"] == "officer-signature-wrong"


@pytest.mark.parametrize("office_id", ["supervisor", "stranger"])
def test_a_wrong_officers_key_is_refused(office: Office, office_id: str) -> None:
    """Neither another key under an officer's name nor another officer's key signs anything."""
    office.open_until("announce")
    forged = office.directory / "forged"
    forged.mkdir()
    office.line.run(officer, "keygen", office_id, "--directory", forged)
    result = office.command("shortlist", "--key", forged / f"{office_id}.key", by=())
    assert outcome(result, 1)["slug"] == "officer-signature-wrong"


def test_an_officer_who_is_not_registered_cannot_announce(office: Office) -> None:
    """A key that the operator never registered announces nothing."""
    office.equip()
    (office.installation.announcers / f"{office.edition}.pub").unlink()
    refused = outcome(office.command("announce"), 1)
    assert refused["slug"] == "officer-not-trusted-to-announce"


def test_a_stale_command_is_refused(office: Office) -> None:
    """A command that was prepared before the officers' last one is not carried out."""
    office.open_until("roll")
    file = office.waiting("open")
    office.done("open")
    assert outcome(office.sign(file, "--submit", "--url", office.url), 1)["slug"] == "stale-command"


def test_a_replayed_command_is_refused(office: Office) -> None:
    """A command that was carried out is not carried out again."""
    office.open_until("roll")
    file = office.waiting("open")
    outcome(office.sign(file), 0)
    outcome(office.submit(file), 0)
    assert outcome(office.submit(file), 1)["slug"] == "stale-command"


def test_a_command_is_refused_in_the_wrong_phase(office: Office) -> None:
    """Voting cannot be closed before it was opened, and the refusal says so in both languages."""
    office.open_until("roll")
    refused = outcome(office.command("close"), 1)
    assert refused["slug"] == "wrong-phase"
    assert refused["title_zh"] == "当前阶段不允许此操作"


def test_ballots_cast_meanwhile_do_not_make_a_close_stale(office: Office) -> None:
    """A close that was prepared before the last ballots came in is carried out."""
    office.open()
    file = office.waiting("close")
    outcome(office.vote(office.voter("late"), "school"), 0)
    assert (
        outcome(office.sign(file, "--submit", "--url", office.url), 0)["command"] == "CloseVoting"
    )


def test_a_file_with_changed_bytes_is_not_signed(office: Office) -> None:
    """A changed command no longer fits the first officer's signature."""
    office.open_until("roll")
    file = office.waiting("open")
    prepared = json.loads(file.read_bytes())
    data = b64decode(prepared["signed"]["command"]).replace(b"OpenVoting", b"CloseVoting")
    prepared["signed"]["command"] = b64encode(data).decode()
    prepared["command"]["command"] = "CloseVoting"
    file.write_text(json.dumps(prepared))
    assert outcome(office.sign(file), 1)["slug"] == "bad-command-file"


def test_a_file_that_shows_another_command_is_not_signed(office: Office) -> None:
    """What a person reads in the file must be what is signed."""
    office.open_until("roll")
    file = office.waiting("open")
    file.write_text(file.read_text().replace('"OpenVoting"', '"CloseVoting"'))
    assert outcome(office.sign(file), 1)["slug"] == "bad-command-file"


def test_a_file_with_another_manifest_is_not_signed_with_a_server_to_ask(office: Office) -> None:
    """The officers and the number of signatures are those of the edition, not of the file."""
    office.open_until("roll")
    file = office.waiting("open")
    prepared = json.loads(file.read_bytes())
    prepared["manifest"]["signatures"] = {"OpenVoting": 1}
    file.write_text(json.dumps(prepared))
    refused = outcome(office.sign(file, "--url", office.url), 1)
    assert refused["slug"] == "bad-command-file"


def closed_office(office: Office) -> None:
    """Take the edition to where a certificate can be made; one ballot, for the clinic."""
    office.open()
    outcome(office.vote(office.voter("only"), "clinic"), 0)
    office.done("close")
    office.done("issuance", "--issued", "1", "--root", ROOT)


def clerk_signs(office: Office, file: Path, command: CertifyResult | DrawTieSeed) -> None:
    """Put another command into a prepared file, soundly signed by the clerk."""
    prepared = load_command_file(file)
    key = OfficerKey(*parse_secret(office.key("clerk").read_text()))
    signed = sign(prepared.manifest, unsigned(command), [key])
    save_command_file(file, CommandFile(manifest=prepared.manifest, command=command, signed=signed))


def test_a_false_certificate_gets_no_second_signature(office: Office) -> None:
    """Who signs second recounts, and signs nothing that the recount does not give."""
    closed_office(office)
    file = office.waiting("certify")
    true = load_command_file(file).command
    assert isinstance(true, CertifyResult)
    false = msgspec.structs.replace(true, counts=true.counts | {"hukou": 7}, winners=("hukou",))
    clerk_signs(office, file, false)
    assert outcome(office.sign(file, "--url", office.url), 1)["slug"] == "bad-certificate"


def test_a_certificate_is_not_signed_without_a_recount(office: Office) -> None:
    """Without a server to read the log from, a certificate cannot be signed."""
    closed_office(office)
    assert office.sign(office.waiting("certify")).exit_code == 2


def test_nothing_is_drawn_when_nothing_is_tied(office: Office) -> None:
    """A draw is refused before anybody signs it when the recount finds no tie."""
    closed_office(office)
    assert outcome(office.command("draw", "--seed", SEED), 1)["slug"] == "bad-tie-draw"


def test_a_command_is_shown_in_plain_words_before_it_is_signed(office: Office) -> None:
    """The second officer reads what the certificate says: who, how many, of which edition."""
    closed_office(office)
    shown = office.sign(office.waiting("certify"), "--url", office.url).stderr
    assert all(word in shown for word in (office.edition, "clinic 社区诊所", "1 ballot"))


def test_a_log_with_another_key_than_remembered_is_not_signed_for(office: Office) -> None:
    """A machine that knows the log's key signs nothing for another log of that name."""
    office.open_until("announce")
    for file in (office.directory / "state" / "huimin" / "logs").iterdir():
        forget = json.loads(file.read_bytes()) | other_log(office)
        file.write_text(json.dumps(forget))
    failed = outcome(office.command("shortlist"), 1)
    assert "the key remembered for this log" in failed["why"]


def other_log(office: Office) -> dict[str, str]:
    """Key and checkpoint of another log with the same origin."""
    signer = Signer(Verifier.parse(office.show()["vkey"]).name, bytes(32))
    note = sign_checkpoint(Checkpoint(signer.name, 1, bytes(32)), signer)
    return {"vkey": signer.vkey, "checkpoint": note.decode()}


def test_an_unknown_edition_is_refused(office: Office) -> None:
    """A command for an edition that does not exist is refused by name."""
    office.equip()
    assert outcome(office.command("open"), 1)["slug"] == "unknown-edition"


def test_a_server_that_cannot_be_reached_says_nothing(office: Office) -> None:
    """Exit code 3 tells a program that nothing was refused and it may try again."""
    result = office.line.run(edition, "list", "--url", "http://127.0.0.1:1")
    assert (result.exit_code, "Could not read" in result.stderr) == (3, True)


def test_a_prepared_command_is_not_overwritten(office: Office) -> None:
    """Signatures on an earlier command of that name are not lost by preparing it again."""
    office.open_until("roll")
    file = office.waiting("open")
    before = file.read_bytes()
    result = office.command("open", "--out", file, by=("clerk",))
    assert (result.exit_code, file.read_bytes()) == (2, before)


def test_all_initiatives_are_on_the_ballot(office: Office) -> None:
    """A shortlist from a spreadsheet is published in its order."""
    office.open_until("shortlist")
    assert [one["id"] for one in office.show()["initiatives"]] == list(INITIATIVES)
