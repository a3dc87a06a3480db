"""What the registrar's one secret key is used for: a sub-key for each purpose, and no other use.

Sub-keys by HKDF-SHA-256 (RFC 5869), one label each; references and hashes by HMAC-SHA-256; phones
and issuer keys by AES-256-GCM with a random nonce. Nothing here reads or writes anything.
"""

import secrets
from hmac import digest
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

REFERENCE_BYTES: Final = 32
NONCE_BYTES: Final = 12
PHONE_BYTES: Final = 16
"""The longest E.164 number with its plus; shorter ones are padded, so that all look alike."""

Kind = Literal["identity", "phone", "counter"]


class WrongKey(Exception):
    """What is stored was not made with this key, or was changed."""


class RegistrarKeys:
    """The secret `key` (32 bytes) at work."""

    def __init__(self, key: bytes) -> None:
        self._references = _derive(key, "references")
        self._phones = AESGCM(_derive(key, "phones"))
        self._codes = _derive(key, "codes")
        self._issuer_keys = AESGCM(_derive(key, "issuer-keys"))
        self._subjects = _derive(key, "cap-subjects")
        self.puzzles = _derive(key, "puzzles")
        """What puzzles are signed with."""

    def reference(self, edition: str, kind: Kind, number: str) -> bytes:
        """What a person is called in an edition: 32 bytes.

        Editions cannot be linked without the key, since each gives other references.
        """
        named = (b"huimin/roll-reference/v1", edition.encode(), kind.encode(), number.encode())
        return digest(self._references, b"\0".join(named), "sha256")

    def seal_phone(self, edition: str, reference: bytes, phone: str) -> bytes:
        """A phone number (E.164) encrypted for one record: nonce, ciphertext, tag."""
        padded = phone.encode().ljust(PHONE_BYTES, b"\0")
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._phones.encrypt(nonce, padded, _record(edition, reference))

    def open_phone(self, edition: str, reference: bytes, sealed: bytes) -> str:
        """The phone number of a record; raises `WrongKey`."""
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            padded = self._phones.decrypt(nonce, ciphertext, _record(edition, reference))
        except InvalidTag:
            raise WrongKey("a phone of the roll cannot be read with this key") from None
        return padded.rstrip(b"\0").decode()

    def code_hash(self, challenge: bytes, code: str) -> bytes:
        """What is stored of a one-time code: bound to its challenge (16 bytes)."""
        return digest(self._codes, b"one-time\0" + challenge + code.encode(), "sha256")

    def counter_code_hash(self, edition: str, code: str) -> bytes:
        """What is stored of a counter code: bound to its edition."""
        message = b"counter\0" + edition.encode() + b"\0" + code.encode()
        return digest(self._codes, message, "sha256")

    def seal_issuer_key(self, edition: str, key: rsa.RSAPrivateKey) -> bytes:
        """An edition's issuer key, encrypted for that edition."""
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._issuer_keys.encrypt(nonce, der, edition.encode())

    def open_issuer_key(self, edition: str, sealed: bytes) -> rsa.RSAPrivateKey:
        """The issuer key of an edition; raises `WrongKey`."""
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            der = self._issuer_keys.decrypt(nonce, ciphertext, edition.encode())
        except InvalidTag:
            raise WrongKey(f"the issuer key of {edition} cannot be read with this key") from None
        key = load_der_private_key(der, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    def cap_subject(self, scope: str, text: str) -> bytes:
        """What uses by a phone or a block of addresses are counted under."""
        return digest(self._subjects, scope.encode() + b"\0" + text.encode(), "sha256")


def _derive(key: bytes, label: str) -> bytes:
    info = f"huimin/registrar/{label}/v1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)


def _record(edition: str, reference: bytes) -> bytes:
    return edition.encode() + b"\0" + reference
