"""Sub-keys of the registrar: what is bound to what, against the definitions."""

import hmac
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from services.registrar.keys import RegistrarKeys, WrongKey
from tests.editions import issuer_key

KEY = bytes(range(32))
REFERENCE = sha256(b"someone").digest()
KEYS = RegistrarKeys(KEY)
OTHER = RegistrarKeys(bytes(32))


def test_a_reference_is_the_hmac_that_is_documented() -> None:
    """Anyone who holds key and roll can compute it with other software."""
    info = b"huimin/registrar/references/v1"
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(KEY)
    message = b"huimin/roll-reference/v1\x002027\x00identity\x0011010519491231002X"
    expected = hmac.new(key, message, "sha256").digest()
    assert KEYS.reference("2027", "identity", "11010519491231002X") == expected


def test_references_differ_by_edition_kind_number_and_key() -> None:
    """None of them can be told from another's."""
    found = {
        KEYS.reference("2027", "identity", "1"),
        KEYS.reference("2028", "identity", "1"),
        KEYS.reference("2027", "phone", "1"),
        KEYS.reference("2027", "counter", "1"),
        KEYS.reference("2027", "identity", "2"),
        OTHER.reference("2027", "identity", "1"),
    }
    assert len(found) == 6


@given(st.from_regex(r"\A\+[0-9]{5,15}\Z"))
def test_a_phone_is_read_back(phone: str) -> None:
    """What was sealed for a record is opened for it."""
    assert KEYS.open_phone("2027", REFERENCE, KEYS.seal_phone("2027", REFERENCE, phone)) == phone


def test_sealed_phones_look_alike() -> None:
    """Their length does not depend on the number's, and the same number never looks the same."""
    sealed = {KEYS.seal_phone("2027", REFERENCE, phone) for phone in ("+12345", "+12345")}
    sealed.add(KEYS.seal_phone("2027", REFERENCE, "+861380013800012"))
    assert len(sealed) == 3
    assert {len(one) for one in sealed} == {12 + 16 + 16}


@pytest.mark.parametrize("edition", ["2027", "2028"])
def test_a_phone_belongs_to_its_record(edition: str) -> None:
    """Moved to another person or edition, or under another key, it cannot be opened."""
    sealed = KEYS.seal_phone("2027", REFERENCE, "+8613800138000")
    keys = OTHER if edition == "2027" else KEYS
    with pytest.raises(WrongKey):
        keys.open_phone(edition, REFERENCE, sealed)
    with pytest.raises(WrongKey):
        KEYS.open_phone("2027", sha256(b"else").digest(), sealed)


def test_a_changed_phone_is_found_out() -> None:
    """Any bit of what is stored counts."""
    sealed = bytearray(KEYS.seal_phone("2027", REFERENCE, "+8613800138000"))
    sealed[-1] ^= 1
    with pytest.raises(WrongKey):
        KEYS.open_phone("2027", REFERENCE, bytes(sealed))


def test_an_issuer_key_is_read_back_in_its_edition_only() -> None:
    """One stored for another edition is refused."""
    key = issuer_key("wrapped")
    sealed = KEYS.seal_issuer_key("2027", key)
    assert KEYS.open_issuer_key("2027", sealed).private_numbers() == key.private_numbers()
    with pytest.raises(WrongKey):
        KEYS.open_issuer_key("2028", sealed)


def test_a_code_is_bound_to_its_challenge() -> None:
    """The same six digits are stored differently each time, and apart from counter codes."""
    found = {
        KEYS.code_hash(bytes(16), "123456"),
        KEYS.code_hash(bytes(15) + b"1", "123456"),
        KEYS.counter_code_hash("2027", "123456"),
        KEYS.counter_code_hash("2028", "123456"),
        OTHER.code_hash(bytes(16), "123456"),
    }
    assert len(found) == 5


def test_caps_are_counted_under_hashes() -> None:
    """Neither a phone nor an address is in what is stored, and scopes do not mix."""
    phone = KEYS.cap_subject("phone", "10.0.0.0/24")
    assert phone != KEYS.cap_subject("block", "10.0.0.0/24")
    assert b"10.0" not in phone
