"""Getting a credential in a dialogue: who the person is, the code, the registrar's signature.

It goes on where an earlier run ended. What was saved by then is in the voter's file; what a person
types is not, and is asked for again when it is needed again.
"""

from datetime import UTC, datetime
from pathlib import Path

from cli.asking import Asker, NothingTyped
from cli.identification import (
    ask_code,
    ask_counter_code,
    ask_person,
    say_going_on,
    say_sent,
)
from shared.client.errors import Refused
from shared.client.issuance import ask_for_code, get_credential
from shared.client.registrar import Registrar
from shared.client.voter import SentCode, VoterFile
from shared.eligibility.errors import NotIssuing, WrongCode
from shared.eligibility.views import PhoneCode, Registration


class CodeNeeded(Exception):
    """A code was sent, and nobody is there to type it: the next run goes on with it."""

    def __init__(self, sent: SentCode) -> None:
        super().__init__()
        self.sent = sent


class Dialogue:
    """The registrar for one person, who answers by `asker` and gives codes by `codes`."""

    def __init__(
        self,
        registrar: Registrar,
        registration: Registration,
        file: Path,
        *,
        asker: Asker,
        codes: Asker,
    ) -> None:
        self._registrar = registrar
        self._registration = registration
        self._file = file
        self._asker = asker
        self._codes = codes

    async def by_phone(self, voter: VoterFile) -> VoterFile:
        """The voter, who is prepared, with a credential for the code that comes to a phone.

        Raises `CodeNeeded`, `NothingTyped`, the refusals of what was typed, and what
        `shared.client.issuance` raises. The file then holds all that is needed to go on.
        """
        self._check_issuing()
        sent = voter.sent_code
        if sent is None or sent.until <= datetime.now(UTC):
            # A code file was written for a code that was asked for earlier, not for this one.
            return await self._ask_for_code(voter, fresh_codes=self._asker)
        say_going_on(self._asker, sent)
        return await self._with_code(voter, sent, self._codes)

    async def at_counter(self, voter: VoterFile) -> VoterFile:
        """The voter, who is prepared, with a credential for a sealed code; raises as above."""
        self._check_issuing()
        person = ask_counter_code(self._asker, self._registration.mode)
        return await get_credential(self._registrar, self._file, voter, person)

    async def _ask_for_code(self, voter: VoterFile, fresh_codes: Asker) -> VoterFile:
        request = ask_person(self._asker, self._registration.mode)
        now = datetime.now(UTC)
        voter = await ask_for_code(self._registrar, self._file, voter, request, now)
        if voter.sent_code is None:
            raise AssertionError("a code was asked for and is not in the file")
        say_sent(self._asker, self._registration, voter.sent_code.challenge)
        return await self._with_code(voter, voter.sent_code, fresh_codes)

    async def _with_code(self, voter: VoterFile, sent: SentCode, codes: Asker) -> VoterFile:
        refused: Refused | None = None
        while True:
            try:
                code = ask_code(codes, sent.challenge.code_digits)
            except NothingTyped:
                raise (refused or CodeNeeded(sent)) from None
            if not code:
                return await self._ask_for_code(voter, codes)
            person = PhoneCode(challenge=sent.challenge.challenge, code=code)
            try:
                return await get_credential(self._registrar, self._file, voter, person)
            except Refused as wrong:
                if wrong.problem.slug != WrongCode.slug:
                    raise
                refused = wrong
                problem = wrong.problem
                self._asker.say(f"{problem.title_zh} {problem.title}: {problem.detail}")

    def _check_issuing(self) -> None:
        if self._registration.issuing != "open":
            raise NotIssuing(
                f"credentials for {self._registration.edition!r}: {self._registration.issuing}"
            )
