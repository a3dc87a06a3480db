"""Reading Pabulib files: the format's own freedoms, each defect by name, and real elections."""

import json
from collections import Counter
from pathlib import Path

import pytest

from shared.pabulib import (
    Election,
    NotPabulib,
    PabulibError,
    PbBallot,
    Project,
    UnsupportedVoteType,
    parse_pb,
)

META = "META\nkey;value\ndescription;Things to do\nvote_type;approval\n"
PROJECTS = "PROJECTS\nproject_id;cost\np1;100\np2;200\np3;300\n"
VOTES = "VOTES\nvoter_id;vote\nv1;p1,p3\nv2;p2\n"

REAL = Path(__file__).parents[3] / "shared" / "data" / "elections"
ELECTIONS = (
    "Netherlands_Amsterdam_287",
    "Netherlands_Amsterdam_289",
    "Poland_Warszawa_2017_Zoliborz_Centralny",
    "Poland_Warszawa_2026_Brodno",
)


def parse(text: str) -> Election:
    """The election in a file with this text."""
    return parse_pb(text.encode(), "small.pb")


def refused(data: bytes) -> NotPabulib:
    """The error for a file that does not follow the format."""
    with pytest.raises(NotPabulib) as refusal:
        parse_pb(data, "small.pb")
    return refusal.value


def choices(election: Election) -> list[tuple[str, ...]]:
    """What the ballots name, in the file's order."""
    return [ballot.choices for ballot in election.ballots]


def test_projects_and_ballots_are_read_in_the_files_order() -> None:
    """The smallest election that the format allows."""
    election = parse(META + PROJECTS + VOTES)
    assert [project.id for project in election.projects] == ["p1", "p2", "p3"]
    assert election.ballots == (
        PbBallot(voter_id="v1", choices=("p1", "p3")),
        PbBallot(voter_id="v2", choices=("p2",)),
    )


def test_meta_is_kept_as_written() -> None:
    """Every key and value, as text."""
    assert parse(META + PROJECTS + VOTES).meta == {
        "description": "Things to do",
        "vote_type": "approval",
    }


def test_optional_columns_are_read_wherever_they_stand() -> None:
    """Columns are found by name; unknown ones are passed over."""
    text = META + (
        "PROJECTS\nproject_id;selected;votes;cost;name;category\n"
        "p1;1;12;5000.50;New school;education,public space\n"
    )
    assert parse(text + "VOTES\nvoter_id;age;vote\nv1;34;p1\n").projects == (
        Project(
            id="p1",
            name="New school",
            cost="5000.50",
            votes=12,
            categories=("education", "public space"),
        ),
    )


def test_a_project_without_a_name_is_called_by_its_id() -> None:
    """The format asks for an id and a cost only."""
    assert parse(META + PROJECTS + VOTES).projects[0] == Project(
        id="p1", name="p1", cost="100", votes=None, categories=()
    )


def test_quoted_fields_may_hold_separators_quotes_and_line_ends() -> None:
    """As in CSV: a doubled quotation mark stands for one."""
    text = 'PROJECTS\nproject_id;cost;name\np1;1;"Park; ""Phase\n2"""\n'
    assert parse(META + text + VOTES).projects[0].name == 'Park; "Phase\n2"'


def test_a_quoted_field_may_follow_a_space() -> None:
    """The format's own example has a space after each separator."""
    text = 'PROJECTS\nproject_id; cost; name\np1; 1; "Park; phase 2"\n'
    assert parse(META + text + VOTES).projects[0].name == "Park; phase 2"


def test_a_row_that_begins_like_a_section_is_no_section() -> None:
    """A title stands alone in its line."""
    text = PROJECTS + "VOTES;400\n"
    assert parse(META + text + VOTES).projects[3].id == "VOTES"


@pytest.mark.parametrize(
    "data",
    [
        (META + PROJECTS + VOTES).encode("utf-8-sig"),
        (META + PROJECTS + VOTES).replace("\n", "\r\n").encode(),
        (META + PROJECTS + VOTES).replace(";", "; ").replace(",", ", ").encode(),
        (META + "\n" + PROJECTS + "\n;\n" + VOTES + "\n\n").encode(),
        (META + PROJECTS + VOTES).removesuffix("\n").encode(),
    ],
    ids=["bom", "crlf", "spaces-after-separators", "blank-lines", "no-last-line-end"],
)
def test_ways_of_writing_do_not_change_what_is_read(data: bytes) -> None:
    """Byte order mark, line ends, spaces and blank lines are matters of form."""
    assert parse_pb(data, "small.pb") == parse(META + PROJECTS + VOTES)


def test_a_ballot_that_names_a_project_twice_is_passed_on_as_it_is() -> None:
    """Refusing it is for the ballot rules."""
    text = META + PROJECTS + "VOTES\nvoter_id;vote\nv1;p1,p2,p1\n"
    assert choices(parse(text)) == [("p1", "p2", "p1")]


def test_a_ballot_that_names_an_unknown_project_is_passed_on_as_it_is() -> None:
    """Also the empty name that a stray comma makes."""
    text = META + PROJECTS + "VOTES\nvoter_id;vote\nv1;p1,zoo\nv2;p2,\n"
    assert choices(parse(text)) == [("p1", "zoo"), ("p2", "")]


def test_an_empty_vote_is_an_empty_ballot() -> None:
    """With the separator or without it."""
    text = META + PROJECTS + "VOTES\nvoter_id;vote\nv1;\nv2\n"
    assert choices(parse(text)) == [(), ()]


def test_a_voter_id_twice_is_two_ballots() -> None:
    """Every line of VOTES is a voter."""
    assert len(parse(META + PROJECTS + VOTES + "v1;p2\n").ballots) == 3


def test_limits_on_length_are_read_from_meta() -> None:
    """How many a ballot may name, at least and at most."""
    election = parse(META + "min_length;2\nmax_length;3\n" + PROJECTS + VOTES)
    assert (election.min_length, election.max_length) == (2, 3)


def test_without_limits_a_ballot_names_one_to_all_projects() -> None:
    """The format's defaults."""
    election = parse(META + PROJECTS + VOTES)
    assert (election.min_length, election.max_length) == (1, 3)


@pytest.mark.parametrize("vote_type", ["ordinal", "cumulative", "scoring", "choose-1", "", "x"])
def test_other_vote_types_are_refused(vote_type: str) -> None:
    """The error names the line, the type found, and the one that is wanted."""
    text = META.replace("approval", vote_type) + PROJECTS + VOTES
    with pytest.raises(UnsupportedVoteType, match=f"line 4: .*'{vote_type}'.*'approval'"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param("", 1, "META is missing", id="empty"),
        pytest.param("<!DOCTYPE html>\n<p>Gone</p>", 1, "no section's title", id="web-page"),
        pytest.param(PROJECTS + META + VOTES, 1, "PROJECTS is out of place", id="wrong-order"),
        pytest.param(META + META + PROJECTS, 5, "META is out of place", id="section-twice"),
        pytest.param(
            META + PROJECTS + VOTES + "META\n", 14, "META is out of place", id="section-after-votes"
        ),
        pytest.param(META + PROJECTS, 9, "VOTES is missing", id="no-votes"),
        pytest.param(META + PROJECTS + "VOTES\n", 10, "column names", id="no-column-names"),
        pytest.param(
            META + PROJECTS + "VOTES\nvoter_id;age\nv1;3\n", 11, "'vote'", id="no-vote-column"
        ),
        pytest.param(
            META + "PROJECTS\nproject_id;name\np1;a\n" + VOTES, 6, "'cost'", id="no-cost-column"
        ),
        pytest.param(
            META + PROJECTS + "VOTES\nvoter_id;vote;vote\n", 11, "named twice", id="column-twice"
        ),
        pytest.param(
            META + PROJECTS + VOTES + "v3;p1;p2\n", 14, "more than 2 fields", id="field-too-many"
        ),
        pytest.param(
            META + PROJECTS + "p1;5\n" + VOTES, 10, "'p1' is listed twice", id="project-twice"
        ),
        pytest.param(META + PROJECTS + ";5\n" + VOTES, 10, "no id", id="project-without-id"),
        pytest.param(
            META + 'comment;"two\nlines"\n' + PROJECTS + "p1;5\n" + VOTES,
            12,
            "'p1' is listed twice",
            id="defect-after-a-field-of-two-lines",
        ),
        pytest.param(
            META + "PROJECTS\nproject_id;cost\n" + VOTES, 5, "no project", id="no-projects"
        ),
        pytest.param(
            META + "vote_type;ordinal\n" + PROJECTS + VOTES, 5, "given twice", id="meta-key-twice"
        ),
        pytest.param("META\nkey;value\n" + PROJECTS + VOTES, 1, "no vote_type", id="no-vote-type"),
        pytest.param(
            META + "max_length;ten\n" + PROJECTS + VOTES, 5, "whole number", id="length-in-words"
        ),
        pytest.param(
            META + "max_length;-1\n" + PROJECTS + VOTES, 5, "whole number", id="negative-length"
        ),
        pytest.param(
            META + PROJECTS + 'VOTES\nvoter_id;vote\nv1;"p1\nv2;p2\n',
            12,
            'must end with "',
            id="quote-never-closed",
        ),
    ],
)
def test_a_file_that_breaks_the_format_is_refused(text: str, line: int, problem: str) -> None:
    """The error gives the file, the line and what is wrong there."""
    error = refused(text.encode())
    assert str(error).startswith(f"small.pb, line {line}: ")
    assert problem in str(error)


def test_a_file_that_is_not_utf8_is_refused() -> None:
    """The line is that of the first byte that is no UTF-8."""
    error = refused((META + PROJECTS + "VOTES\nvoter_id;vote\n").encode() + b"\xf3;p1\n")
    assert (error.line, "UTF-8" in str(error)) == (12, True)


def test_a_field_too_long_for_any_project_is_refused() -> None:
    """One that fills the file because a quotation mark is missing, for example."""
    assert "field limit" in str(refused((META + "comment;" + "x" * 200_000).encode()))


def test_a_file_above_the_limit_is_refused_unread() -> None:
    """The limit is checked before anything is decoded."""
    data = (META + PROJECTS + VOTES).encode()
    parse_pb(data, "small.pb", max_bytes=len(data))
    with pytest.raises(PabulibError, match="above the limit"):
        parse_pb(b"\xff" * (len(data) + 1), "small.pb", max_bytes=len(data))


@pytest.mark.parametrize("name", ELECTIONS)
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/elections is not there")
def test_a_real_election_is_read_to_the_last_choice(name: str) -> None:
    """Counts, ballots and repetitions agree with those computed from the file alone."""
    expected = json.loads((REAL / f"{name}.expected.json").read_text())
    election = parse_pb((REAL / f"{name}.pb").read_bytes(), f"{name}.pb")
    # An id written twice in one ballot counts once there.
    counts = Counter(id_ for ballot in election.ballots for id_ in set(ballot.choices))
    assert counts == expected["counts"]
    assert len(election.ballots) == expected["ballots_n"]
    repeating = [ballot for ballot in election.ballots if _repeats(ballot)]
    assert len(repeating) == expected["ballots_with_repeated_id"]
    assert election.meta == expected["meta"]
    assert len(election.projects) == expected["projects_n"]


def _repeats(ballot: PbBallot) -> bool:
    return len(set(ballot.choices)) < len(ballot.choices)
