"""A blind-signature library that is not ours, in Node, against the running registrar."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.installation import Installation
from shared.client.registrar import open_registrar
from shared.client.voter import load_voter
from shared.eligibility.views import Challenge, ChallengeRequest
from tests.command_line import CommandLine, Office, outcome
from tests.electorate import Electorate

INTEROP = Path(__file__).parents[1] / "interop"


@pytest.fixture(scope="module")
def electorate(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Electorate:
    """An open edition with a roll."""
    line = CommandLine(tmp_path_factory.mktemp("interop"))
    electorate = Electorate(Office(installation, line, "interop"))
    electorate.open()
    return electorate


def test_a_ballot_counts_by_a_credential_from_another_library(
    electorate: Electorate, tmp_path: Path
) -> None:
    """It blinds and finalizes in Node; the ballot service takes the ballot and gives a receipt."""
    file = tmp_path / "voter.json"
    file.write_bytes(credential_in_node(electorate))
    assert len(load_voter(file).credential) == 256
    assert outcome(electorate.office.vote(file, "hukou"), 0)["seq"] == 1


def credential_in_node(electorate: Electorate) -> bytes:
    """The voter's file that the Node program writes for somebody on the roll."""
    node = shutil.which("node")
    assert node, "Node.js is missing: `make test` needs version 20 or later"
    assert (INTEROP / "node_modules").is_dir(), "run `npm ci` in tests/interop, or `make test`"
    who = electorate.somebody()
    challenge = asyncio.run(_challenge(electorate, who.identity_number))
    task = {
        "registrar": electorate.registrar_url,
        "ballot": electorate.office.url,
        "edition": electorate.office.edition,
        "challenge": challenge.challenge,
        "code": electorate.code(who),
    }
    run = subprocess.run(
        [node, "credential.mjs"],
        cwd=INTEROP,
        input=json.dumps(task).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


async def _challenge(electorate: Electorate, number: str) -> Challenge:
    async with open_registrar(electorate.registrar_url) as registrar:
        request = ChallengeRequest(identity_number=number)
        return await registrar.challenge(electorate.office.edition, request)
