"""`huimin issuance check`: whether a credential was issued in one's own name, and the proof."""

import asyncio
import os
import sys
from typing import Literal

import msgspec
import rich_click as click
from msgspec import Struct

from cli import exit_codes
from cli.asking import Asker, NothingTyped
from cli.failures import failures
from cli.identification import ask_code, ask_counter_code, ask_person, say_sent
from cli.log_key import vkey_option
from shared.client.ballot_box import BallotBox, open_ballot_box
from shared.client.known_logs import KnownLogs
from shared.client.milestones import NotYet, reported_issuance
from shared.client.registrar import Registrar, open_registrar
from shared.client.served_log import identify_log
from shared.edition.events import IssuanceReported
from shared.eligibility.errors import WrongCode
from shared.eligibility.views import IssuanceAnswer, Person, PhoneCode, Registration
from shared.log.note import Verifier


class Checked(Struct, frozen=True, kw_only=True):
    """What the registrar says, for programs. `bytes` are base64.

    `proved`: the reference is among those whose root the log reports. `reported`: whether the log
    reports issuance at all, yet. Someone to whom none was issued gets no proof of that.
    """

    edition: str
    issued: bool
    channel: Literal["phone", "counter"] | None
    reference: bytes
    reported: bool
    proved: bool


@click.group("issuance")
def issuance_group() -> None:
    """Credentials issued: who got one is between each person and the registrar."""


@issuance_group.command("check")
@click.option("--url", required=True, help="The ballot service's base URL, for the log's report.")
@click.option("--registrar", required=True, help="The registrar's base URL.")
@click.option("--edition", required=True, help="The edition's id.")
@vkey_option
@click.option("--counter-code", is_flag=True, help="You have a sealed code from a counter.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of sentences.")
def check_command(
    url: str,
    registrar: str,
    edition: str,
    vkey: Verifier | None,
    counter_code: bool,
    as_json: bool,
) -> None:
    """Ask whether a credential was issued in your name; verify the proof against the log's report.

    You show who you are as when voting: identity number (or phone), then the code that comes to
    your phone; without a terminal both are read from standard input, a line each.

    Exit codes: 0 answered, and proved if the log has a report; 1 refused, or the proof is wrong;
    2 usage; 3 could not read; 4 standard input ended before the code.
    """
    with failures(as_json):
        try:
            checked = asyncio.run(_check(url, registrar, edition, vkey, counter_code=counter_code))
        except NothingTyped as error:
            click.echo(f"没有输入 Standard input ended before an answer to: {error}", err=True)
            sys.exit(exit_codes.WAITING)
    click.echo(msgspec.json.encode(checked) if as_json else _sentences(checked))


async def _check(
    url: str, registrar_url: str, edition: str, vkey: Verifier | None, *, counter_code: bool
) -> Checked:
    async with open_ballot_box(url) as box, open_registrar(registrar_url) as registrar:
        reported = await _reported(box, edition, vkey)
        registration = await registrar.registration(edition)
        asker = Asker()
        if counter_code:
            person: Person = ask_counter_code(asker, registration.mode)
        else:
            person = await _by_phone(registrar, registration, asker)
        answer = await registrar.issuance(edition, person, reported)
    return _checked(edition, answer, reported)


async def _reported(box: BallotBox, edition: str, vkey: Verifier | None) -> IssuanceReported | None:
    view = await box.edition(edition)
    served = identify_log(view, vkey, KnownLogs.of_user(os.environ))
    try:
        return await reported_issuance(box, edition, served.checkpoint.size, served.verifier)
    except NotYet:
        return None


async def _by_phone(registrar: Registrar, registration: Registration, asker: Asker) -> PhoneCode:
    request = ask_person(asker, registration.mode)
    challenge = await registrar.challenge(registration.edition, request)
    say_sent(asker, registration, challenge)
    code = ask_code(asker, challenge.code_digits)
    if not code:
        raise WrongCode("no code was given; run this again to have a new one sent")
    return PhoneCode(challenge=challenge.challenge, code=code)


def _checked(edition: str, answer: IssuanceAnswer, reported: IssuanceReported | None) -> Checked:
    return Checked(
        edition=edition,
        issued=answer.issued,
        channel=answer.channel,
        reference=answer.reference,
        reported=reported is not None,
        proved=reported is not None and answer.issued,
    )


def _sentences(checked: Checked) -> str:
    who = f"your roll reference is {checked.reference.hex()}"
    if not checked.issued:
        return (
            "登记处称未以您的名义发放凭证 The registrar says that no credential was issued in your"
            f" name; {who}.\nThat is its word: a root over those issued cannot show who is missing."
        )
    at = {"phone": " by a code to the phone", "counter": " at a counter", None: ""}
    said = (
        f"已以您的名义发放凭证 A credential was issued in your name{at[checked.channel]}; {who}.\n"
    )
    if checked.proved:
        return f"{said}已核实 Verified: it is among those that the log reports as issued."
    return f"{said}The log has no report of issuance yet: ask again after the close for the proof."
