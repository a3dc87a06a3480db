"""People on the roll of an edition at a running installation, and the codes that come to them.

An `Electorate` is an `Office` whose roll and issuer key are those of the real registrar. Codes are
read where the development inbox of the notify service shows them.
"""

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from cli.demo.inbox import open_inbox
from cli.demo.registration import Issuing, await_issuing, commit_roll, open_desk
from cli.demo.residents import Resident, resident, residents
from cli.issuance import issuance_group
from cli.vote.command import vote
from shared.client.registrar import open_registrar
from shared.client.voter import VoterFile, load_voter
from shared.edition.manifest import EligibilityMode
from shared.eligibility.phone_number import parse_phone_number
from shared.eligibility.views import Commitment, IssuanceReport
from tests.command_line import Office, outcome

ROLL = residents(400)
_numbers = itertools.count()


@dataclass
class Electorate:
    """The people of one edition; each test takes somebody whom no other test has."""

    office: Office
    _seen: Counter[str] = field(default_factory=Counter)

    def open(self, mode: EligibilityMode = "roll") -> None:
        """Announce the edition, commit it to the registrar's roll, open the vote."""
        office = self.office
        office.open_until("shortlist")
        commitment = asyncio.run(self._commit(mode))
        key = office.directory / "issuer.der"
        key.write_bytes(commitment.issuer_key)
        office.done(
            "roll",
            *("--size", str(commitment.size), "--root", commitment.root.hex()),
            *("--issuer-key", key, "--mode", mode),
        )
        office.done("open")
        asyncio.run(self._await("open"))

    def close(self) -> None:
        """Close the vote and report issuance as the registrar does."""
        self.office.done("close")
        asyncio.run(self._await("closed"))
        report = asyncio.run(self._report())
        issued = ("--issued", str(report.issued), "--root", report.root.hex())
        self.office.done("issuance", *issued)

    def somebody(self) -> Resident:
        """A person on the roll with a phone, whom nobody else has."""
        return next(ROLL[number] for number in _numbers if ROLL[number].phone is not None)

    def stranger(self) -> Resident:
        """A person who is not on the roll."""
        return resident(len(ROLL) + next(_numbers))

    def code(self, who: Resident | str) -> str:
        """The next code that comes to somebody, or to a phone as it is typed."""
        typed = who if isinstance(who, str) else who.phone
        assert typed is not None
        phone = parse_phone_number(typed)
        self._seen[phone] += 1
        return asyncio.run(self._code(phone, self._seen[phone] - 1))

    def counter_code(self) -> str:
        """A new sealed code."""
        return asyncio.run(self._counter_code())

    def asked(self, file: Path, who: Resident) -> str:
        """The code that somebody got who asked for one in a run of its own."""
        result = self.vote(file, typed=f"{who.identity_number}\n")
        assert outcome(result, 4)["outcome"] == "code-needed"
        return self.code(who)

    def registered(self, file: Path, who: Resident) -> VoterFile:
        """The file of somebody who got a credential and has not voted."""
        code = self.asked(file, who)
        assert outcome(self.vote(file, typed=f"{code}\n"), 0)["outcome"] == "registered"
        return load_voter(file)

    def words(self, file: Path, *options: str | Path) -> list[str]:
        """What is typed after `huimin vote` to begin with a voter's file."""
        words = ("--url", self.office.url, "--registrar", self.registrar_url)
        given = (*words, "--edition", self.office.edition, "--voter", file, *options)
        return [str(word) for word in given]

    def vote(self, file: Path, *options: str | Path, typed: str = "") -> Result:
        """Run `huimin vote` with these lines on standard input."""
        return self._invoke(vote, [*self.words(file, *options), "--json"], typed)

    def check(self, *options: str, typed: str) -> Result:
        """Run `huimin issuance check` with these lines on standard input."""
        where = ("--url", self.office.url, "--registrar", self.registrar_url)
        words = ["check", *where, "--edition", self.office.edition, *options, "--json"]
        return self._invoke(issuance_group, words, typed)

    @property
    def registrar_url(self) -> str:
        """The registrar."""
        return self.office.installation.registrar_url

    def _invoke(self, command: object, words: list[str], typed: str) -> Result:
        runner = CliRunner(env=self.office.line.environment)
        result = runner.invoke(command, words, input=typed, catch_exceptions=False)  # type: ignore[arg-type]  # rich_click's command is click's
        assert isinstance(result, Result)
        return result

    async def _commit(self, mode: EligibilityMode) -> Commitment:
        async with open_desk(self.office.installation) as desk:
            if mode == "phone":
                return await desk.commitment(self.office.edition, mode)
            return await commit_roll(desk, self.office.edition, ROLL)

    async def _await(self, issuing: Issuing) -> None:
        async with open_registrar(self.registrar_url) as registrar:
            await await_issuing(registrar, self.office.edition, issuing)

    async def _report(self) -> IssuanceReport:
        async with open_desk(self.office.installation) as desk:
            return await desk.issuance_report(self.office.edition)

    async def _code(self, phone: str, seen: int) -> str:
        async with open_inbox(self.office.installation.notify_url) as inbox:
            return await inbox.code(phone, seen)

    async def _counter_code(self) -> str:
        async with open_desk(self.office.installation) as desk:
            return (await desk.counter_codes(self.office.edition, 1, "tests")).codes[0]


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**6:06}"
