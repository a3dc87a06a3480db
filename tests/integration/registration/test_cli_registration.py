"""The whole way of a person at the command line, with the real registrar and notify service."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from shared.client.voter import load_voter, save_voter
from tests.audits import audited
from tests.command_line import outcome
from tests.electorate import Electorate, wrong


def test_a_person_votes_by_a_code(own: Electorate, file: Path) -> None:
    """From an identity number to a ballot that an audit counts."""
    own.open()
    code = own.asked(file, own.somebody())
    voted = outcome(own.vote(file, "--choose", "hukou", typed=f"{code}\n"), 0)
    report = asyncio.run(audited(f"{own.office.url}/log/{own.office.edition}"))
    assert voted["seq"] == 1
    assert (report.verdict, report.counts) == ("verified", {"hukou": 1, "clinic": 0, "school": 0})


def test_a_code_may_come_from_a_file(electorate: Electorate, file: Path) -> None:
    """A script can hand over the code without a terminal or standard input."""
    code_file = file.with_name("code.txt")
    code_file.write_text(electorate.asked(file, electorate.somebody()))
    voted = electorate.vote(file, "--code-file", code_file, "--choose", "clinic")
    assert outcome(voted, 0)["seq"] == 1


def test_the_voters_file_is_private_from_the_start(electorate: Electorate, file: Path) -> None:
    """It holds a key and a blinding before anything was sent."""
    electorate.asked(file, electorate.somebody())
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_with_a_credential_goes_straight_to_the_ballot(
    electorate: Electorate, file: Path
) -> None:
    """Neither registrar nor edition are needed then."""
    electorate.registered(file, electorate.somebody())
    assert outcome(electorate.office.vote(file, "school"), 0)["seq"] == 1


def test_a_wrong_code_is_refused_and_the_right_one_still_counts(
    electorate: Electorate, file: Path
) -> None:
    """A slip loses nothing."""
    code = electorate.asked(file, electorate.somebody())
    refused = outcome(electorate.vote(file, typed=f"{wrong(code)}\n"), 1)
    assert refused["slug"] == "wrong-code"
    assert outcome(electorate.vote(file, typed=f"{code}\n"), 0)["outcome"] == "registered"


def test_what_cannot_be_a_code_costs_no_attempt(electorate: Electorate, file: Path) -> None:
    """Only guesses that were sent count: the right code is good after six slips."""
    code = electorate.asked(file, electorate.somebody())
    for _ in range(6):
        refused = outcome(electorate.vote(file, typed="12345\n"), 1)
        assert (refused["slug"], refused["detail"]) == ("wrong-code", "a code has 6 digits")
    assert outcome(electorate.vote(file, typed=f"{code}\n"), 0)["outcome"] == "registered"


def test_a_code_is_read_as_people_type_it(electorate: Electorate, file: Path) -> None:
    """Full-width digits, a space in the middle."""
    code = electorate.asked(file, electorate.somebody())
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    typed = f" {wide[:3]} {wide[3:]}\n"
    assert outcome(electorate.vote(file, typed=typed), 0)["outcome"] == "registered"


def test_nobody_can_tell_who_is_on_the_roll(electorate: Electorate, tmp_path: Path) -> None:
    """Up to the code, a stranger sees the same as somebody on the roll."""
    file, seen = tmp_path / "me.json", []
    for who in (electorate.somebody(), electorate.stranger()):
        result = electorate.vote(file, typed=f"{who.identity_number}\n")
        seen.append((result.exit_code, result.stdout, result.stderr))
        file.unlink()
    assert seen[0] == seen[1]


def test_a_stranger_gets_no_credential(electorate: Electorate, file: Path) -> None:
    """No code fits, since none was sent."""
    stranger = electorate.stranger()
    electorate.vote(file, typed=f"{stranger.identity_number}\n")
    refused = outcome(electorate.vote(file, typed="123456\n"), 1)
    assert refused["slug"] == "wrong-code"


def test_a_bad_identity_number_is_said_before_anything_is_sent(
    electorate: Electorate, file: Path
) -> None:
    """The error does not repeat the number."""
    number = electorate.somebody().identity_number[:-1] + "?"
    result = electorate.vote(file, typed=f"{number}\n")
    assert outcome(result, 1)["slug"] == "bad-identity-number"
    assert number[:-1] not in result.output
    assert load_voter(file).sent_code is None


def test_who_lost_the_file_gets_no_second_credential(electorate: Electorate, file: Path) -> None:
    """A new key for the same person is refused, and the refusal says what to do."""
    who = electorate.somebody()
    electorate.registered(file, who)
    file.unlink()
    code = electorate.asked(file, who)
    refused = outcome(electorate.vote(file, typed=f"{code}\n"), 1)
    assert refused["slug"] == "credential-already-issued"
    assert "recovery card" in refused["next"]


def test_a_new_code_may_be_asked_for(electorate: Electorate, file: Path) -> None:
    """An empty answer has another one sent, and the one before is not needed."""
    who = electorate.somebody()
    electorate.asked(file, who)
    result = electorate.vote(file, typed=f"\n{who.identity_number}\n")
    assert outcome(result, 4)["outcome"] == "code-needed"


def test_an_expired_code_is_not_asked_for(electorate: Electorate, file: Path) -> None:
    """The person is asked who they are again, and gets a new one."""
    who = electorate.somebody()
    electorate.asked(file, who)
    voter = load_voter(file)
    assert voter.sent_code is not None
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    save_voter(file, replace(voter, sent_code=replace(voter.sent_code, until=long_ago)))
    assert outcome(electorate.vote(file, typed=f"{who.identity_number}\n"), 4)


def test_going_on_is_said(electorate: Electorate, file: Path) -> None:
    """The second run says that it goes on where the first one ended."""
    code = electorate.asked(file, electorate.somebody())
    assert "Going on" in electorate.vote(file, typed=f"{code}\n").stderr


def test_a_phone_is_enough_where_the_edition_says_so(own: Electorate, file: Path) -> None:
    """In mode `phone`, a number as people write it, and the code that comes there."""
    own.open("phone")
    result = own.vote(file, typed="139 0000 0417\n")
    assert outcome(result, 4)["outcome"] == "code-needed"
    code = own.code("13900000417")
    assert outcome(own.vote(file, "--choose", "hukou", typed=f"{code}\n"), 0)["seq"] == 1


def test_a_sealed_code_needs_no_phone(electorate: Electorate, file: Path) -> None:
    """Somebody without a phone votes by a code from a counter, in one run."""
    who, code = electorate.somebody(), electorate.counter_code()
    typed = f"{who.identity_number}\n{code.lower()}\n"
    voted = electorate.vote(file, "--counter-code", "--choose", "clinic", typed=typed)
    assert outcome(voted, 0)["seq"] == 1


def test_a_sealed_code_is_good_for_one_person(electorate: Electorate, tmp_path: Path) -> None:
    """The next one who types it is refused."""
    code = electorate.counter_code()
    first, second = (
        electorate.vote(
            tmp_path / f"{number}.json",
            "--counter-code",
            typed=f"{electorate.somebody().identity_number}\n{code}\n",
        )
        for number in range(2)
    )
    assert outcome(first, 0)["outcome"] == "registered"
    assert outcome(second, 1)["slug"] == "wrong-code"


def test_a_new_file_needs_registrar_and_edition(electorate: Electorate, file: Path) -> None:
    """Without them there is nothing to begin with, and that is said."""
    result = electorate.office.vote(file, "hukou")
    assert result.exit_code == 2
    assert "--registrar" in result.output


def test_an_unknown_choice_is_found_before_anyone_is_asked(
    electorate: Electorate, file: Path
) -> None:
    """A slip in --choose is said first, and no file is made."""
    refused = outcome(electorate.vote(file, "--choose", "hukuo"), 1)
    assert (refused["slug"], file.exists()) == ("unknown-initiative", False)
