"""The credential: the issuer's signature that makes a voter key eligible in one edition.

Message: "huimin/credential/v1" 00 edition-id 00 SHA-256(issuer SPKI DER) voter-key (65 bytes).
It is signed blindly (`blind_signature.py`), so the issuer, who knows the person, never sees the
voter key. The signature is an ordinary RSA-PSS one with SHA-384 and a 48-byte salt: any library
verifies it. Each edition has a fresh RSA-2048 key with e = 65537. Who may get a credential is for
the registrar to decide, not for this module.
"""

from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from shared.edition.blind_signature import SignatureInvalid, verify
from shared.edition.errors import BadCredential, BadKey

ISSUER_KEY_BITS = 2048
ISSUER_KEY_EXPONENT = 65537
VOTER_KEY_BYTES = 65


class BadIssuerKey(Exception):
    """The bytes are not an issuer key that an edition may have."""


def generate_issuer_key() -> rsa.RSAPrivateKey:
    """A fresh issuer key, for one edition only."""
    return rsa.generate_private_key(ISSUER_KEY_EXPONENT, ISSUER_KEY_BITS)


def issuer_spki(public_key: rsa.RSAPublicKey) -> bytes:
    """The key as DER SubjectPublicKeyInfo (RFC 5280) with algorithm rsaEncryption (RFC 3279)."""
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_issuer_spki(der: bytes) -> rsa.RSAPublicKey:
    """The issuer key in these bytes; raises `BadIssuerKey` unless it is as `issuer_spki` writes it.

    Another encoding of the same key is refused: the credential's message binds the bytes.
    """
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadIssuerKey("it is no public key in DER; export it as SPKI") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise BadIssuerKey("it is no RSA key; generate one with the registrar")
    numbers = key.public_numbers()
    if (key.key_size, numbers.e) != (ISSUER_KEY_BITS, ISSUER_KEY_EXPONENT):
        raise BadIssuerKey(
            f"it has {key.key_size} bits and e = {numbers.e}; an edition needs"
            f" {ISSUER_KEY_BITS} bits and e = {ISSUER_KEY_EXPONENT}"
        )
    if issuer_spki(key) != der:
        raise BadIssuerKey("it is not the plain rsaEncryption encoding; export it as SPKI again")
    return key


def credential_message(edition: str, issuer_spki: bytes, voter_key: bytes) -> bytes:
    """The bytes that the issuer signs; `issuer_spki` is the key's DER as the edition's log has it.

    An edition id holds no NUL (`manifest.EditionId`), so no two inputs give the same message.
    Raises `BadKey` unless `voter_key` has the form of an uncompressed point, 04 and 64 bytes.
    """
    if len(voter_key) != VOTER_KEY_BYTES or voter_key[0] != 4:
        raise BadKey("the voter key is not a 65-byte uncompressed point")
    return (
        b"huimin/credential/v1\0"
        + edition.encode()
        + b"\0"
        + sha256(issuer_spki).digest()
        + voter_key
    )


def verify_credential(public_key: rsa.RSAPublicKey, message: bytes, credential: bytes) -> None:
    """Raise `BadCredential` unless the issuer signed `message` (of `credential_message`)."""
    try:
        verify(public_key, message, credential)
    except SignatureInvalid as error:
        raise BadCredential("the issuer did not sign this voter key for this edition") from error
