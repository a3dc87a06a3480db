"""After the close: what was issued is reported, proved to those whom it concerns, and forgotten."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import asyncpg
import msgspec
import pytest

from cli.embedded.postgres import Postgres
from services.registrar.settings import Settings
from shared.eligibility.references import references_root, verify_reference
from shared.eligibility.views import IssuanceAnswer, IssuanceReport, PhonesForgotten
from shared.log.proofs import BadProof
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.site import OWNER, migrated
from tests.integration.registrar.stage import (
    Answer,
    Registrar,
    Ward,
    counter,
    open_registrar,
    phone,
)
from tests.servers import fresh_database, query


async def issued(ward: Ward) -> list[str]:
    """Credentials for persons 1 and 2 by phone and 3 at the counter; two unused counter codes."""
    codes = await ward.counter_codes(3)
    for person in (1, 2):
        await ward.claim(await ward.code(person), ward.key().blinded)
    await ward.claim(counter(codes[0], 3), ward.key().blinded)
    return codes[1:]


async def report(ward: Ward) -> Answer:
    return await ward.registrar.desk("POST", f"{ward.edition}/issuance-report")


async def forget(ward: Ward) -> Answer:
    return await ward.registrar.desk("DELETE", f"{ward.edition}/phones")


async def test_the_report_counts_by_channel(ward: Ward) -> None:
    """All, by phone, at the counter; each with the root over its sorted references."""
    await issued(ward)
    references = {
        person: (await ward.prove(await ward.code(person))).get(IssuanceAnswer).reference
        for person in (1, 2, 3)
    }
    await ward.close()
    found = (await report(ward)).get(IssuanceReport)
    assert (found.issued, found.root) == (3, references_root(sorted(references.values())))
    by_channel = {one.channel: (one.issued, one.root) for one in found.channels}
    assert by_channel == {
        "phone": (2, references_root(sorted([references[1], references[2]]))),
        "counter": (1, references_root([references[3]])),
    }


async def test_the_officers_report_is_accepted(ward: Ward) -> None:
    """What the report says is what the log's rules take."""
    from shared.edition.commands import ReportIssuance

    await issued(ward)
    await ward.close()
    found = (await report(ward)).get(IssuanceReport)
    builder = ward.builder
    builder.command(
        ReportIssuance(
            issued=found.issued, root=found.root, channels=found.channels, **builder.base()
        )
    )
    assert builder.current.issued == 3


async def test_no_report_before_the_close(ward: Ward) -> None:
    """While voting goes on, credentials go out."""
    answer = await report(ward)
    assert (answer.status, answer.slug) == (409, "voting-not-closed")


async def test_the_report_is_the_same_when_asked_again(ward: Ward) -> None:
    """And the issuer's private key is gone after the first time."""
    await issued(ward)
    await ward.close()
    first = await report(ward)
    assert (await report(ward)).body == first.body


async def test_the_report_forgets_the_issuers_key(ward: Ward, admin_url: str) -> None:
    """Nobody can issue anything for this edition any more, whatever happens to the registrar."""
    await ward.close()
    await report(ward)
    found = query(admin_url, "SELECT wrapped_key FROM editions WHERE edition = $1", ward.edition)
    assert found[0][0] is None


async def test_after_the_report_even_the_owner_issues_nothing(ward: Ward, owner_url: str) -> None:
    """The database refuses an issuance that the report would not have."""
    await ward.close()
    await report(ward)
    insert = """INSERT INTO issuances SELECT edition, reference, sha256('y'), 'phone'
                FROM roll WHERE edition = $1 LIMIT 1"""
    with pytest.raises(asyncpg.ObjectNotInPrerequisiteStateError):
        query(owner_url, insert, ward.edition)


async def test_issuance_under_way_is_in_the_report(ward: Ward) -> None:
    """Credentials that are given out while the report is made are in it, or were refused."""
    codes = [await ward.code(person) for person in range(10)]
    keys = [ward.key() for _ in codes]
    ward.builder.close()
    claims = [ward.claim(code, key.blinded) for code, key in zip(codes, keys, strict=True)]

    async def report_when_closed() -> Answer:
        async with asyncio.timeout(20):
            while (answer := await report(ward)).status != 200:  # noqa: ASYNC110  # over HTTP
                await asyncio.sleep(0.01)
        return answer

    reported, *answers = await asyncio.gather(report_when_closed(), *claims)
    given = sum(answer.status == 201 for answer in answers)
    assert reported.get(IssuanceReport).issued == given


async def test_a_person_gets_a_proof(ward: Ward) -> None:
    """It leads from the person's own reference to the root that the log has."""
    await issued(ward)
    await ward.close()
    found = (await report(ward)).get(IssuanceReport)
    for person in (1, 2, 3):
        answer = (await ward.prove(await ward.code(person))).get(IssuanceAnswer)
        assert (answer.issued, answer.channel) == (True, "counter" if person == 3 else "phone")
        assert answer.proof is not None
        verify_reference(answer.reference, answer.proof, found.issued, found.root)


async def test_a_proof_is_for_one_person(ward: Ward) -> None:
    """With another reference it does not verify."""
    await issued(ward)
    await ward.close()
    found = (await report(ward)).get(IssuanceReport)
    answer = (await ward.prove(await ward.code(1))).get(IssuanceAnswer)
    other = (await ward.prove(await ward.code(5))).get(IssuanceAnswer)
    assert answer.proof is not None
    with pytest.raises(BadProof):
        verify_reference(other.reference, answer.proof, found.issued, found.root)


async def test_someone_without_a_credential_is_told_so(ward: Ward) -> None:
    """After the report as before: none was issued in their name."""
    await issued(ward)
    before = (await ward.prove(await ward.code(5))).get(IssuanceAnswer)
    await ward.close()
    await report(ward)
    after = (await ward.prove(await ward.code(5))).get(IssuanceAnswer)
    assert (before.issued, after.issued, after.proof) == (False, False, None)


async def test_before_the_report_there_is_no_proof(ward: Ward) -> None:
    """There is nothing yet that it could lead to."""
    await issued(ward)
    answer = (await ward.prove(await ward.code(1))).get(IssuanceAnswer)
    assert (answer.issued, answer.proof) == (True, None)


async def test_phones_are_forgotten_after_the_report(ward: Ward, admin_url: str) -> None:
    """No phone is left; counter codes still identify people, and the roll stays as committed."""
    codes = await issued(ward)
    await ward.close()
    await report(ward)
    assert (await forget(ward)).status == 200
    found = query(
        admin_url, "SELECT count(phone), count(*) FROM roll WHERE edition = $1", ward.edition
    )
    assert tuple(found[0]) == (0, 10)
    assert (await ward.prove(counter(codes[0], 1))).get(IssuanceAnswer).issued


async def test_forgotten_phones_get_no_codes(ward: Ward) -> None:
    """Whoever asks is answered as always."""
    await ward.close()
    await report(ward)
    await forget(ward)
    before = ward.notify.decoys
    assert (await ward.ask(1)).status == 201
    async with asyncio.timeout(20):
        while ward.notify.decoys == before:  # noqa: ASYNC110  # over NATS
            await asyncio.sleep(0.01)
    assert ward.notify.waiting(phone(1)) == 0


class Apart(NamedTuple):
    """A registrar with a database that no other test uses."""

    registrar: Registrar
    admin_url: str

    def file(self) -> int:
        """The number of the roll's file."""
        number: int = query(self.admin_url, "SELECT pg_relation_filenode('roll')")[0][0]
        return number


@pytest.fixture
async def apart(
    postgres_server: Postgres, settings: Settings, notify: Notify
) -> AsyncIterator[Apart]:
    """Its file of rolls is written anew only by what the test does."""
    del notify  # it listens on NATS
    with fresh_database(postgres_server, OWNER) as name:
        urls = migrated(postgres_server, name)
        alone = msgspec.structs.replace(settings, database_url=urls.service)
        async with open_registrar(alone) as registrar:
            yield Apart(registrar, urls.admin)


async def test_the_file_of_the_phones_is_written_anew(
    apart: Apart, log: Log, notify: Notify
) -> None:
    """What was removed is not left in it."""
    ward = await Ward(apart.registrar, log, notify).open()
    await ward.close()
    await report(ward)
    before = apart.file()
    assert (await forget(ward)).get(PhonesForgotten) == PhonesForgotten(rewritten=True)
    assert apart.file() != before


async def test_the_file_is_not_written_anew_while_people_register_elsewhere(
    apart: Apart, log: Log, notify: Notify
) -> None:
    """They would wait; the phones are removed all the same, and later the file is written."""
    ward = await Ward(apart.registrar, log, notify).open()
    other = await Ward(apart.registrar, log, notify).open()
    await ward.close()
    await report(ward)
    before = apart.file()
    found = (await forget(ward)).get(PhonesForgotten)
    assert found == PhonesForgotten(rewritten=False, open_editions=(other.edition,))
    left = query(apart.admin_url, "SELECT edition, count(phone) FROM roll GROUP BY edition")
    assert dict(map(tuple, left)) == {ward.edition: 0, other.edition: 10}
    assert apart.file() == before
    await other.close()
    await report(other)
    assert (await forget(ward)).get(PhonesForgotten).rewritten


async def test_a_roll_that_is_in_use_is_not_waited_for(
    apart: Apart, log: Log, notify: Notify
) -> None:
    """Whoever came after would stand behind it."""
    ward = await Ward(apart.registrar, log, notify).open()
    await ward.close()
    await report(ward)
    reader = await asyncpg.connect(apart.admin_url)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT FROM roll")
            found = (await forget(ward)).get(PhonesForgotten)
    finally:
        await reader.close()
    assert found == PhonesForgotten(rewritten=False)


async def test_phones_are_needed_until_the_report(ward: Ward) -> None:
    """They cannot be forgotten while people may still ask for codes."""
    answer = await forget(ward)
    assert (answer.status, answer.slug) == (409, "issuance-not-reported")


async def test_no_counter_codes_after_the_report(ward: Ward, log: Log) -> None:
    """They would be good for nothing."""
    await ward.close()
    await report(ward)
    path = f"{ward.edition}/counter-codes"
    answer = await ward.registrar.desk("POST", path, {"count": 1, "batch": "hall"})
    assert (answer.status, answer.slug) == (409, "not-issuing")
