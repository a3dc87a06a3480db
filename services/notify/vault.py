"""The keys that keep addresses secret, and the tokens in the links of messages.

From one key, by HKDF (RFC 5869), three: addresses are sealed with AES-256-GCM; a keyed hash of an
address finds it again without showing it; and a token is the beginning of what it names with its
keyed hash, so that nothing has to be stored for a link, and a link cannot be guessed or altered.

A link to confirm names a subscription by its random handle. A link to leave names the address by
its keyed hash: it works for as long as the address is known, whatever was subscribed to since.
"""

import hmac
import os
from base64 import b32decode, b32encode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Final, Literal

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HANDLE_BYTES: Final = 16
NAME_BYTES: Final = 9
TAG_BYTES: Final = 6
TOKEN_CHARACTERS: Final = 24
"""15 bytes in base32, for the few characters that a text message has: the beginning of what is
named and of an HMAC-SHA-256. A stranger has 120 bits to guess, and whoever read the database 48,
one request each. Letters and digits alone, since phones end a link before other characters.
"""

NONCE_BYTES: Final = 12

Purpose = Literal["confirm", "leave"]


class BadToken(Exception):
    """A token that this service has not made for this purpose."""


class Vault:
    """What one key seals, hashes and vouches for."""

    def __init__(self, key: bytes) -> None:
        self._seal = AESGCM(_derived(key, b"huimin/notify/address/v1"))
        self._hash_key = _derived(key, b"huimin/notify/recipient/v1")
        self._token_key = _derived(key, b"huimin/notify/token/v1")

    def seal(self, text: str, handle: bytes) -> bytes:
        """Encrypt for storage with the subscription that has this handle, and no other."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._seal.encrypt(nonce, text.encode(), handle)

    def open(self, sealed: bytes, handle: bytes) -> str:
        """What was sealed; raises `cryptography.exceptions.InvalidTag` for a row not ours."""
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return self._seal.decrypt(nonce, content, handle).decode()

    def fingerprint(self, *parts: str) -> bytes:
        """32 bytes, the same for the same parts; of no use without the key."""
        return hmac.digest(self._hash_key, "\0".join(parts).encode(), sha256)

    def token(self, purpose: Purpose, named: bytes) -> str:
        """What a link to confirm (`named`: a handle) or to leave (a fingerprint) carries."""
        name = named[:NAME_BYTES]
        return b32encode(name + self._tag(purpose, name)).decode().lower()

    def name(self, purpose: Purpose, token: str) -> bytes:
        """The first bytes of what a token names; raises `BadToken`."""
        if len(token) != TOKEN_CHARACTERS:
            raise BadToken("the link is not complete")
        try:
            raw = b32decode(token, casefold=True)
        except (Base64Error, ValueError) as error:
            raise BadToken("the link is not complete") from error
        name, tag = raw[:NAME_BYTES], raw[NAME_BYTES:]
        if not hmac.compare_digest(tag, self._tag(purpose, name)):
            raise BadToken("the link is not one of this service")
        return name

    def purpose(self, token: str) -> Purpose:
        """What a token was made for; raises `BadToken`."""
        try:
            self.name("confirm", token)
        except BadToken:
            self.name("leave", token)
            return "leave"
        return "confirm"

    def _tag(self, purpose: Purpose, name: bytes) -> bytes:
        message = purpose.encode() + b"\0" + name
        return hmac.digest(self._token_key, message, sha256)[:TAG_BYTES]


def new_handle() -> bytes:
    """A name for a subscription that says nothing about it."""
    return os.urandom(HANDLE_BYTES)


def _derived(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)
