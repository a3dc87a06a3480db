"""No person, phone, code or token is anywhere in the clear: tables, logs, metrics.

A one-time code is not looked for: six digits are found anywhere by chance.
"""

from collections.abc import Mapping

from services.registrar.settings import Settings
from shared.eligibility.views import PhoneCode
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.processes import open_process
from tests.integration.registrar.stage import DESK_TOKEN, Ward, counter, identity_number, phone
from tests.leaks import leaks, tables


def of_people(numbers: range) -> dict[str, bytes]:
    """What must not be found of these people."""
    found = {}
    for number in numbers:
        found[f"identity number {number}"] = identity_number(number).encode()
        found[f"phone {number}"] = phone(number).encode()
        found[f"national phone {number}"] = phone(number).removeprefix("+86").encode()
    return found


async def test_nothing_personal_is_kept_or_said(
    settings: Settings, log: Log, notify: Notify, admin_url: str
) -> None:
    """After a whole edition with good and bad requests, no value is found in any form."""
    people = range(5)
    secret: dict[str, bytes] = of_people(people) | {"desk token": DESK_TOKEN.encode()}
    async with open_process(settings, log_level="debug") as process:
        ward = await Ward(process.registrar, log, notify).open(people)
        printed = await ward.counter_codes(2)
        code = await ward.code(1)
        blinded = ward.key().blinded
        await ward.claim(code, blinded)
        await ward.claim(counter(printed[0], 2), ward.key().blinded)
        await ward.claim(PhoneCode(challenge=code.challenge, code="000000"), blinded)
        await ward.registrar.post(
            ward.edition, "challenges", {"identity_number": identity_number(3) + "0"}
        )
        await ward.registrar.post(ward.edition, "challenges", {"identity_number": [phone(4)]})
        await ward.registrar.get(f"/v1/editions/{identity_number(4)}/registration")
        await ward.registrar.desk("GET", ward.edition, token="x" * 40)  # wrong
        secret |= {
            "blinded message": blinded,
            "printed code": printed[0].encode(),
            "printed code as typed": printed[1].replace("-", "").encode(),
        }
        metrics = (await ward.registrar.get("/metrics")).body
        kept = tables(admin_url)
        _, lines = await process.stop()
    places: Mapping[str, bytes] = {**kept, "log": lines.encode(), "metrics": metrics}
    assert "table public.roll" in kept
    assert leaks(secret, places) == []
