"""The roll: imported whole or not at all, committed, and sealed by that."""

from hashlib import sha256

import asyncpg
import msgspec
import pytest

from shared.edition.credential import load_issuer_spki
from shared.eligibility.references import references_root
from tests.integration.registrar.parties import Log, Notify
from tests.integration.registrar.stage import (
    Answer,
    Registrar,
    Ward,
    identity_number,
    phone,
    roll_lines,
)
from tests.servers import query

UNSEAL = (
    "UPDATE editions SET mode = NULL, root = NULL, issuer_key = NULL, wrapped_key = NULL"
    " WHERE edition = $1"
)

CHALLENGE = "INSERT INTO challenges VALUES (decode(repeat('00', 16), 'hex'), $1, {}, 0, now())"


@pytest.fixture
def office(registrar: Registrar, log: Log, notify: Notify) -> Ward:
    """An edition of which the registrar knows nothing yet."""
    return Ward(registrar, log, notify)


async def put(office: Ward, *records: dict[str, str]) -> Answer:
    body = b"\n".join(map(msgspec.json.encode, records))
    return await office.registrar.desk("PUT", f"{office.edition}/roll", body)


def person(number: int, **changes: str) -> dict[str, str]:
    return {"identity_number": identity_number(number), "phone": phone(number)} | changes


async def references(office: Ward) -> list[bytes]:
    answer = await office.registrar.desk("GET", f"{office.edition}/references")
    assert answer.status == 200
    return [bytes.fromhex(line) for line in answer.body.decode().splitlines()]


async def test_a_roll_is_summed_up(office: Ward) -> None:
    """People, those with a phone, and people by district."""
    alone = {"identity_number": identity_number(3), "district": "南浔区"}
    answer = await put(office, person(1, district="吴兴区"), person(2, district="吴兴区"), alone)
    expected = {"size": 3, "with_phone": 2, "districts": {"吴兴区": 2, "南浔区": 1}}
    assert (answer.status, answer.json()) == (200, expected)


async def test_an_open_roll_is_replaced(office: Ward) -> None:
    """A later import takes the place of an earlier one."""
    await office.import_roll(range(10))
    await office.import_roll(range(5, 8))
    assert len(await references(office)) == 3


async def test_a_person_listed_twice_is_named_by_number(office: Ward) -> None:
    """Lower case, full width: it is the same person, and the roll before is left as it was."""
    await office.import_roll(range(2))
    typed = identity_number(6).lower()
    answer = await put(office, person(5), person(6), person(7), person(6, identity_number=typed))
    assert (answer.status, answer.slug) == (422, "bad-roll-record")
    assert answer.json()["detail"] == "record 4: the same identity number as record 2"
    assert len(await references(office)) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"identity_number": "110105194912310021"}',
        b'{"identity_number": "11010519491231002X", "phone": "12345"}',
        b'{"phone": "13800138000"}',
        b'{"identity_number": 11010519491231002}',
        b"not json 11010519491231002X",
        b"\xff\xfe",
        b'"' + b"[" * 4000,
    ],
)
async def test_a_bad_record_is_named_by_number_and_not_quoted(office: Ward, wrong: bytes) -> None:
    """Nothing is imported, and the answer repeats nothing of the record."""
    body = roll_lines([1, 2]) + wrong + b"\n" + roll_lines([3])
    answer = await office.registrar.desk("PUT", f"{office.edition}/roll", body)
    assert (answer.status, answer.slug) == (422, "bad-roll-record")
    assert answer.json()["detail"].startswith("record 3: ")
    assert b"1101" not in answer.body
    view = await office.registrar.desk("GET", office.edition)
    assert view.status == 404


async def test_a_line_without_end_is_refused(office: Ward) -> None:
    """No record is that long."""
    answer = await office.registrar.desk("PUT", f"{office.edition}/roll", b"x" * 10_000)
    assert (answer.status, answer.slug) == (413, "body-too-large")


async def test_a_roll_comes_in_many_pieces(office: Ward) -> None:
    """Where the network cuts the body does not matter."""
    people = range(1_200)
    assert (await office.import_roll(people)).json()["size"] == len(people)


async def test_the_commitment_is_over_the_references(office: Ward) -> None:
    """Its size and root are those of the sorted references that the desk can list."""
    await office.import_roll(range(20))
    commitment = await office.commit()
    listed = await references(office)
    assert listed == sorted(listed)
    assert (commitment.size, commitment.root) == (20, references_root(listed))


async def test_the_commitment_is_the_same_when_asked_again(office: Ward) -> None:
    """Root and issuer key stay, and the key is an edition's own."""
    await office.import_roll(range(3))
    first = await office.commit()
    assert await office.commit() == first
    assert load_issuer_spki(first.issuer_key).key_size == 2048


async def test_editions_have_keys_of_their_own(
    office: Ward, registrar: Registrar, log: Log, notify: Notify
) -> None:
    """A credential of one edition is worth nothing in another."""
    other = Ward(registrar, log, notify)
    assert (await office.commit("phone")).issuer_key != (await other.commit("phone")).issuer_key


async def test_in_mode_phone_nobody_is_listed(office: Ward) -> None:
    """Size 0, and the root of nothing."""
    commitment = await office.commit("phone")
    assert (commitment.size, commitment.root) == (0, sha256(b"").digest())


async def test_mode_roll_needs_a_roll(office: Ward) -> None:
    """Nothing is sealed by mistake."""
    answer = await office.registrar.desk("POST", f"{office.edition}/commitment", {"mode": "roll"})
    assert (answer.status, answer.slug) == (409, "roll-missing")


async def test_mode_phone_wants_none(office: Ward) -> None:
    """A roll that is there was imported for something."""
    await office.import_roll(range(3))
    answer = await office.registrar.desk("POST", f"{office.edition}/commitment", {"mode": "phone"})
    assert (answer.status, answer.slug) == (409, "roll-not-empty")


async def test_a_sealed_roll_takes_no_import(office: Ward) -> None:
    """After the commitment the desk cannot change it, nor commit in another mode."""
    await office.import_roll(range(3))
    await office.commit()
    assert (await office.import_roll(range(4))).slug == "roll-sealed"
    again = await office.registrar.desk("POST", f"{office.edition}/commitment", {"mode": "phone"})
    assert (again.status, again.slug) == (409, "roll-sealed")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO roll (edition, reference) VALUES ($1, sha256('x'))",
        "DELETE FROM roll WHERE edition = $1",
        "UPDATE roll SET phone = 'x' WHERE edition = $1",
        "UPDATE roll SET phone = NULL WHERE edition = $1",
        "UPDATE roll SET reference = sha256(reference) WHERE edition = $1",
        UNSEAL,
        "UPDATE editions SET size = 0 WHERE edition = $1",
        "UPDATE editions SET root = sha256('x') WHERE edition = $1",
        "UPDATE editions SET issuer_key = 'x' WHERE edition = $1",
        "UPDATE editions SET wrapped_key = 'x' WHERE edition = $1",
        "DELETE FROM editions WHERE edition = $1",
        "TRUNCATE roll, issuances, counter_codes, challenges, editions",
    ],
)
async def test_a_sealed_roll_refuses_even_its_owner(
    office: Ward, owner_url: str, statement: str
) -> None:
    """The database itself keeps what was committed."""
    await office.import_roll(range(3))
    await office.commit()
    values = (office.edition,) if "$1" in statement else ()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(owner_url, statement, *values)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE issuances SET channel = 'counter' WHERE edition = $1",
        "DELETE FROM issuances WHERE edition = $1",
        "TRUNCATE issuances",
    ],
)
async def test_issuances_refuse_even_their_owner(
    ward: Ward, owner_url: str, statement: str
) -> None:
    """That a credential was issued stays known for good."""
    await ward.claim(await ward.code(1), ward.key().blinded)
    values = (ward.edition,) if "$1" in statement else ()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(owner_url, statement, *values)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO roll (edition, reference) VALUES ($1, sha256('x'))",
        "INSERT INTO issuances VALUES ($1, sha256('x'), sha256('y'), 'phone')",
    ],
)
async def test_the_role_of_a_replica_adds_nobody(
    ward: Ward, admin_url: str, statement: str
) -> None:
    """Not to a sealed roll, and not to those who have a credential."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        with pytest.raises(
            (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError)
        ):
            await connection.execute(statement, ward.edition)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE counter_codes SET used_by = 'short' WHERE edition = $1",
        CHALLENGE.format("'short', sha256('')"),
        CHALLENGE.format("sha256(''), 'short'"),
    ],
)
async def test_references_and_hashes_have_their_length(
    ward: Ward, owner_url: str, statement: str
) -> None:
    """The database takes none of another."""
    await ward.counter_codes()
    with pytest.raises(asyncpg.CheckViolationError, match=r"_(reference|code_hash|used_by)_check"):
        query(owner_url, statement, ward.edition)


async def test_nobody_off_the_roll_is_issued_anything_even_by_the_owner(
    ward: Ward, owner_url: str
) -> None:
    """The database refuses an issuance for a reference that is not on the roll."""
    insert = "INSERT INTO issuances VALUES ($1, sha256('x'), sha256('y'), 'phone')"
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        query(owner_url, insert, ward.edition)
