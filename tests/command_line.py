"""Officers and voters who do everything through the command line, each in a directory of their own.

A `CommandLine` calls the commands in this process, with a memory of logs of its own. An `Office`
runs one edition with it, on an installation that is up.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich_click as click
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.edition.command import edition
from cli.installation import Installation
from cli.officer import officer
from cli.receipt import receipt_group
from cli.vote.command import vote
from shared.client.voter import VoterFile, load_voter, new_voter, save_voter
from shared.edition.credential import credential_message, issuer_spki
from tests.editions import ISSUER, issuer_key

OFFICES = ("clerk", "supervisor")
INITIATIVES = ("hukou", "clinic", "school")
ROOT = "00" * 32


class CommandLine:
    """Commands with `directory` as the place where the machine remembers logs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = {**os.environ, "XDG_STATE_HOME": str(directory / "state")}

    def run(self, command: click.Command, *words: str | Path) -> Result:
        """What a command does; an exception of ours fails the test."""
        runner = CliRunner(env=self.environment)
        result = runner.invoke(command, [str(word) for word in words], catch_exceptions=False)
        assert isinstance(result, Result)
        return result


@dataclass
class Office:
    """Two officers and their edition; one of them may announce."""

    installation: Installation
    line: CommandLine
    edition: str

    @property
    def directory(self) -> Path:
        """Where keys and documents are."""
        return self.line.directory

    @property
    def url(self) -> str:
        """The ballot service."""
        return self.installation.ballot_url

    def equip(self, *, disclosure: str = "live", seats: int = 1) -> None:
        """Make keys, register the clerk's, and write manifest, shortlist and issuer key."""
        for office in OFFICES:
            self.line.run(officer, "keygen", office, "--directory", self.directory)
        public = (self.directory / "clerk.pub").read_bytes()
        (self.installation.announcers / f"{self.edition}.pub").write_bytes(public)
        (self.directory / "manifest.toml").write_text(MANIFEST.format(disclosure, seats))
        (self.directory / "shortlist.csv").write_text(_shortlist(), encoding="utf-8-sig")
        pem = issuer_key(ISSUER).public_key()
        (self.directory / "issuer.pem").write_bytes(
            pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    def key(self, office: str) -> Path:
        """An officer's secret key file."""
        return self.directory / f"{office}.key"

    def command(self, name: str, *options: str | Path, by: tuple[str, ...] = OFFICES) -> Result:
        """Prepare a command of this edition, signed by these officers."""
        keys = [word for office in by for word in ("--key", self.key(office))]
        given = ("--url", self.url, "--json", *keys, *DOCUMENTS.get(name, ()), *options)
        # A word that begins with @ is a file in the office's directory.
        words = [re.sub("^@", f"{self.directory}/", str(word)) for word in given]
        return self.line.run(edition, name, self.edition, *words)

    def done(self, name: str, *options: str | Path) -> dict[str, Any]:
        """Carry out a command with all keys at once."""
        return outcome(self.command(name, *options), 0)

    def waiting(self, name: str, *options: str | Path) -> Path:
        """Prepare a command that the clerk has signed and nobody else."""
        file = self.directory / f"{name}.command.json"
        result = self.command(name, "--out", file, *options, by=("clerk",))
        assert outcome(result, 0)["outcome"] == "prepared"
        return file

    def in_two_steps(self, name: str, *options: str | Path) -> dict[str, Any]:
        """The clerk prepares and signs, the supervisor adds a signature and submits."""
        file = self.waiting(name, *options)
        return outcome(self.sign(file, "--submit", "--url", self.url), 0)

    def sign(self, file: Path, *options: str | Path, by: str = "supervisor") -> Result:
        """Add a signature to a prepared command."""
        key = ("--key", self.key(by))
        return self.line.run(edition, "sign", file, *key, "--json", *options)

    def submit(self, file: Path) -> Result:
        """Send a prepared command."""
        return self.line.run(edition, "submit", file, "--url", self.url, "--json")

    def show(self) -> dict[str, Any]:
        """The edition as the service shows it."""
        result = self.line.run(edition, "show", self.edition, "--url", self.url, "--json")
        return outcome(result, 0)

    def open(self) -> None:
        """Everything up to the opening of the vote."""
        self.open_until("open")

    def open_until(self, last: str) -> None:
        """The steps towards the opening of the vote up to this one."""
        self.equip()
        steps = ("announce", "shortlist", "roll", "open")
        for name in steps[: steps.index(last) + 1]:
            self.done(name)

    def voter(self, name: str, edition: str | None = None) -> Path:
        """The file of a voter with a credential for this edition, or for another one."""
        voter = new_voter(self.edition, self.show()["vkey"])
        file = self.directory / f"{name}.json"
        save_voter(file, voter.with_credential(credential(voter, edition or self.edition)))
        return file

    def vote(self, file: Path, *choices: str) -> Result:
        """Cast a ballot."""
        chosen = [word for id_ in choices for word in ("--choose", id_)]
        return self.line.run(vote, "--url", self.url, "--voter", file, *chosen, "--json")

    def verify_receipt(self, file: Path) -> Result:
        """Verify a receipt offline, with the key that this machine remembers."""
        return self.line.run(receipt_group, "verify", file, "--json")

    def recorded(self, file: Path) -> VoterFile:
        """What a voter's file holds."""
        return load_voter(file)


def outcome(result: Result, exit_code: int) -> dict[str, Any]:
    """The JSON object that a command printed, if it ended as expected."""
    assert result.exit_code == exit_code, result.output
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def credential(voter: VoterFile, edition: str) -> bytes:
    """A credential for a voter's key, signed by the tests' issuer as RSA-PSS."""
    key = issuer_key(ISSUER)
    message = credential_message(edition, issuer_spki(key.public_key()), voter.public_key)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
    return key.sign(message, pss, hashes.SHA384())


DOCUMENTS: dict[str, tuple[str, ...]] = {
    "announce": ("--manifest", "@manifest.toml"),
    "shortlist": ("--file", "@shortlist.csv"),
    "roll": ("--size", "100", "--root", ROOT, "--issuer-key", "@issuer.pem", "--mode", "roll"),
}

MANIFEST = """
disclosure = "{}"
officers = ["clerk.pub", "supervisor.pub"]
seats = {}
max_choices = 2
opens_at = 2027-03-01T09:00:00+08:00
closes_at = 2027-03-15T18:00:00+08:00
title.zh = "惠民十大行动"
title.en = "Ten actions for the people"
"""


def _shortlist() -> str:
    head = "id,title_zh,title_en,summary_zh,summary_en,department_zh,department_en\n"
    titles = {
        "hukou": "户籍登记,Household registration",
        "clinic": "社区诊所,Community clinic",
        "school": "校园安全,School safety",
    }
    return head + "".join(f"{id_},{titles[id_]},甲,First,公安局,Police\n" for id_ in INITIATIVES)
