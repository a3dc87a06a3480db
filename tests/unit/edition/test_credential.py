"""Credentials: the message, the issuer key's form, and what verifies for whom."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.edition.blind_signature import BlindSigner, blind, finalize
from shared.edition.credential import (
    BadIssuerKey,
    credential_message,
    generate_issuer_key,
    issuer_spki,
    load_issuer_spki,
    verify_credential,
)
from shared.edition.errors import BadCredential, BadKey

EDITION = "huzhou-2027"


@pytest.fixture(scope="module")
def issuer() -> rsa.RSAPrivateKey:
    """The issuer key of one edition."""
    return generate_issuer_key()


@pytest.fixture
def voter_key() -> bytes:
    """A voter's public key: an uncompressed P-256 point."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def issue(issuer: rsa.RSAPrivateKey, message: bytes) -> bytes:
    """A credential as a voter gets it: blinded, signed, finalized."""
    blinded, inverse = blind(issuer.public_key(), message)
    return finalize(issuer.public_key(), message, BlindSigner(issuer).blind_sign(blinded), inverse)


def refused(der: bytes) -> str:
    """Why these bytes are refused as an issuer key."""
    with pytest.raises(BadIssuerKey) as refusal:
        load_issuer_spki(der)
    return str(refusal.value)


def test_the_message_is_the_published_format(voter_key: bytes) -> None:
    """Label, NUL, edition, NUL, SHA-256 of the issuer's SPKI, voter key."""
    spki = b"any DER"
    assert credential_message(EDITION, spki, voter_key) == (
        b"huimin/credential/v1" + b"\x00" + b"huzhou-2027" + b"\x00"
        + sha256(b"any DER").digest() + voter_key
    )  # fmt: skip


def test_a_credential_verifies_for_its_voter_key(
    issuer: rsa.RSAPrivateKey, voter_key: bytes
) -> None:
    """The whole way, with the issuer key as a reader of the log loads it."""
    spki = issuer_spki(issuer.public_key())
    message = credential_message(EDITION, spki, voter_key)
    verify_credential(load_issuer_spki(spki), message, issue(issuer, message))


def test_a_credential_verifies_by_an_independent_implementation(
    issuer: rsa.RSAPrivateKey, voter_key: bytes
) -> None:
    """It is an ordinary RSA-PSS signature with SHA-384 and a 48-byte salt."""
    message = credential_message(EDITION, issuer_spki(issuer.public_key()), voter_key)
    issuer.public_key().verify(
        issue(issuer, message),
        message,
        padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48),
        hashes.SHA384(),
    )


def test_a_credential_of_another_edition_is_refused(
    issuer: rsa.RSAPrivateKey, voter_key: bytes
) -> None:
    """A credential buys a ballot in one edition, even if the issuer key were used twice."""
    spki = issuer_spki(issuer.public_key())
    credential = issue(issuer, credential_message("huzhou-2026", spki, voter_key))
    with pytest.raises(BadCredential):
        verify_credential(
            issuer.public_key(), credential_message(EDITION, spki, voter_key), credential
        )


def test_a_credential_of_another_voter_key_is_refused(
    issuer: rsa.RSAPrivateKey, voter_key: bytes
) -> None:
    """A credential cannot be moved to another key."""
    spki = issuer_spki(issuer.public_key())
    credential = issue(issuer, credential_message(EDITION, spki, voter_key))
    other = voter_key[:64] + bytes([voter_key[64] ^ 1])
    with pytest.raises(BadCredential):
        verify_credential(issuer.public_key(), credential_message(EDITION, spki, other), credential)


def test_a_credential_of_another_issuer_is_refused(
    issuer: rsa.RSAPrivateKey, voter_key: bytes
) -> None:
    """Only the edition's own issuer key counts, also for a message that names that key."""
    message = credential_message(EDITION, issuer_spki(issuer.public_key()), voter_key)
    with pytest.raises(BadCredential):
        verify_credential(issuer.public_key(), message, issue(generate_issuer_key(), message))


@pytest.mark.parametrize("credential", [b"", bytes(255), bytes(256), b"\xff" * 256, bytes(257)])
def test_bytes_that_are_no_signature_are_refused(
    issuer: rsa.RSAPrivateKey, voter_key: bytes, credential: bytes
) -> None:
    """Wrong lengths, zero and numbers above the modulus are refusals, not errors of ours."""
    message = credential_message(EDITION, issuer_spki(issuer.public_key()), voter_key)
    with pytest.raises(BadCredential):
        verify_credential(issuer.public_key(), message, credential)


def test_two_requests_for_the_same_voter_key_share_nothing(
    issuer: rsa.RSAPrivateKey, voter_key: bytes
) -> None:
    """The issuer sees another number each time, so requests cannot be recognised by their form."""
    message = credential_message(EDITION, issuer_spki(issuer.public_key()), voter_key)
    assert len({blind(issuer.public_key(), message)[0] for _ in range(8)}) == 8


@pytest.mark.parametrize(
    "key", [b"", b"\x04" + bytes(63), b"\x04" + bytes(65), b"\x02" + bytes(64)]
)
def test_a_voter_key_that_is_no_uncompressed_point_is_refused(key: bytes) -> None:
    """Its length and first byte are fixed, so the message cannot be read in two ways."""
    with pytest.raises(BadKey):
        credential_message(EDITION, b"any DER", key)


def test_the_issuer_key_survives_its_encoding(issuer: rsa.RSAPrivateKey) -> None:
    """Loading what `issuer_spki` wrote gives the same key."""
    assert load_issuer_spki(issuer_spki(issuer.public_key())) == issuer.public_key()


def test_an_issuer_key_of_another_size_is_refused() -> None:
    """3072 bits are no issuer key."""
    assert "3072 bits" in refused(issuer_spki(rsa.generate_private_key(65537, 3072).public_key()))


def test_an_issuer_key_with_another_exponent_is_refused() -> None:
    """An issuer key has no exponent but 65537, not even 3."""
    assert "e = 3" in refused(issuer_spki(rsa.generate_private_key(3, 2048).public_key()))


def test_an_issuer_key_that_is_not_rsa_is_refused() -> None:
    """An Ed25519 key is no issuer key."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert "no RSA key" in refused(der)


def test_an_issuer_key_followed_by_other_bytes_is_refused(issuer: rsa.RSAPrivateKey) -> None:
    """One key has one encoding, since the credential's message binds the bytes."""
    assert "no public key in DER" in refused(issuer_spki(issuer.public_key()) + b"\0")


def test_an_issuer_key_marked_for_pss_is_refused(issuer: rsa.RSAPrivateKey) -> None:
    """The same key under the identifier id-RSASSA-PSS would give other messages."""
    rsa_encryption = bytes.fromhex("300d06092a864886f70d0101010500")
    rsassa_pss = bytes.fromhex("300b06092a864886f70d01010a")
    content = rsassa_pss + issuer_spki(issuer.public_key())[4 + len(rsa_encryption) :]
    assert "rsaEncryption" in refused(b"\x30\x82" + len(content).to_bytes(2) + content)


def test_an_issuer_key_in_pem_is_refused(issuer: rsa.RSAPrivateKey) -> None:
    """The bytes are DER, not its text form."""
    pem = issuer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert "no public key in DER" in refused(pem)
