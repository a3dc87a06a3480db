"""Whether a credential was issued in one's own name: asked at the command line, and proved."""

from pathlib import Path

from tests.command_line import outcome
from tests.electorate import Electorate


def test_issuance_is_proved_after_the_close(own: Electorate, file: Path) -> None:
    """Who got a credential can verify that it is among those that the log reports."""
    own.open()
    who = own.somebody()
    own.registered(file, who)
    sealed = own.counter_code()
    own.close()
    checked = outcome(own.check("--counter-code", typed=f"{who.identity_number}\n{sealed}\n"), 0)
    assert (checked["issued"], checked["channel"], checked["proved"]) == (True, "phone", True)


def test_issuance_is_told_before_the_close(electorate: Electorate, file: Path) -> None:
    """Then it is the registrar's word, as nothing was reported yet."""
    who, sealed = electorate.somebody(), electorate.counter_code()
    electorate.registered(file, who)
    typed = f"{who.identity_number}\n{sealed}\n"
    checked = outcome(electorate.check("--counter-code", typed=typed), 0)
    assert (checked["issued"], checked["reported"], checked["proved"]) == (True, False, False)


def test_somebody_without_a_credential_is_told_so(electorate: Electorate) -> None:
    """There is no proof of that, and none is claimed."""
    who, sealed = electorate.somebody(), electorate.counter_code()
    typed = f"{who.identity_number}\n{sealed}\n"
    checked = outcome(electorate.check("--counter-code", typed=typed), 0)
    assert (checked["issued"], checked["proved"]) == (False, False)


def test_without_the_code_nothing_is_told(electorate: Electorate) -> None:
    """The code is asked for, and nobody is there to type it."""
    result = electorate.check(typed=f"{electorate.somebody().identity_number}\n")
    assert result.exit_code == 4
