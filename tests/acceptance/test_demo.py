"""The demonstration as a whole, by its command, against what others counted."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared.pabulib import parse_pb

ELECTIONS = Path(__file__).parents[3] / "shared" / "data" / "elections"
HUIMIN = Path(sys.executable).with_name("huimin")
SEED = "31415926535897932384"
LIMIT_S = 580
"""Thousands of people register and vote, on two cores, for a minute or two."""

CUMULATIVE = b"""META
key;value
vote_type;cumulative
PROJECTS
project_id;cost
1;5
VOTES
voter_id;vote;points
1;1;3
"""

pytestmark = pytest.mark.timeout(600)

needs_elections = pytest.mark.skipif(
    not ELECTIONS.is_dir(), reason="the real elections are not there: ../shared/data/elections"
)


def demo(*options: str, data: Path) -> dict[str, Any]:
    """What `huimin demo --json` prints; its exit code must be 0."""
    command = [str(HUIMIN), "demo", "--json", "--data", str(data), *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert run.returncode == 0, run.stderr[-2000:]
    outcome: dict[str, Any] = json.loads(run.stdout)
    return outcome


def real(name: str, data: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The demonstration's outcome for a real election, and what is expected of it."""
    outcome = demo("--ballots", str(ELECTIONS / f"{name}.pb"), "--seed-digits", SEED, data=data)
    expected: dict[str, Any] = json.loads((ELECTIONS / f"{name}.expected.json").read_text())
    return outcome, expected


@pytest.fixture(scope="module")
def built_in(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The outcome of a small built-in demonstration."""
    return demo("--voters", "60", data=tmp_path_factory.mktemp("built-in") / "demo")


def test_the_built_in_demonstration_ends_verified(built_in: dict[str, Any]) -> None:
    """A few made-up voters go all the way to ten winners and a verified audit."""
    assert built_in["audit"] == "verified"
    assert len(built_in["winners"]) == 10
    assert built_in["accepted"] >= 60
    assert built_in["refused"] == {}


def test_every_voter_registers_with_the_registrar(built_in: dict[str, Any]) -> None:
    """Most by a code that comes to their phone, one in fifty by a sealed code from a counter."""
    assert built_in["issued"] == {"phone": 59, "counter": 1}


@needs_elections
@pytest.mark.large
@pytest.mark.parametrize("name", ["Netherlands_Amsterdam_289", "Netherlands_Amsterdam_287"])
def test_a_real_election_gives_the_expected_counts(name: str, tmp_path: Path) -> None:
    """Every ballot of the file counts, and the counts are those computed from the file alone."""
    outcome, expected = real(name, tmp_path / "demo")
    assert outcome["counts"] == expected["counts"]
    assert outcome["accepted"] == expected["ballots_n"]
    assert outcome["audit"] == "verified"


@needs_elections
@pytest.mark.large
def test_a_tie_at_the_last_seat_is_decided_by_the_draw(tmp_path: Path) -> None:
    """Two projects are tied for the tenth seat; one of them gets it, by the digits thrown."""
    outcome, expected = real("Poland_Warszawa_2017_Zoliborz_Centralny", tmp_path / "demo")
    assert outcome["counts"] == expected["counts"]
    assert set(outcome["tied"]) == {"1073", "2433"}
    assert set(outcome["winners"][:9]) == set(expected["above_cutoff"])
    assert outcome["winners"][9] in outcome["tied"]
    assert outcome["audit"] == "verified"


@needs_elections
@pytest.mark.large
def test_the_malformed_ballot_is_refused_and_all_others_count(tmp_path: Path) -> None:
    """One ballot names a project twice: it counts nowhere, and no other is lost."""
    name = "Poland_Warszawa_2026_Brodno"
    outcome, expected = real(name, tmp_path / "demo")
    ballots = parse_pb((ELECTIONS / f"{name}.pb").read_bytes(), name).ballots
    [malformed] = [one.choices for one in ballots if len(set(one.choices)) < len(one.choices)]
    counts = Counter(expected["counts"])
    counts.subtract(set(malformed))
    assert outcome["counts"] == dict(counts)
    assert outcome["refused"] == {"repeated-initiative": 1}
    assert outcome["accepted"] == len(ballots) - 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"this is no election\n", "META"),
        (CUMULATIVE, "approval"),
    ],
    ids=["not a pb file", "another vote type"],
)
def test_a_file_that_cannot_be_acted_out_is_refused(
    content: bytes, says: str, tmp_path: Path
) -> None:
    """The error names the file and what is wrong with it, and nothing is started."""
    file = tmp_path / "broken.pb"
    file.write_bytes(content)
    command = [str(HUIMIN), "demo", "--ballots", str(file), "--data", str(tmp_path / "demo")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert "broken.pb" in run.stderr
    assert says in run.stderr
    assert not (tmp_path / "demo").exists()
