"""Signed notes: text with the signatures of named Ed25519 keys.

C2SP signed-note, with its Ed25519 signatures (type 01) and the timestamped cosignatures of
witnesses (cosignature/v1, type 04). What a text means, and which keys must have signed it, is for
others to say: see `checkpoint`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.log.encoding import format_base64, parse_base64, shorten
from shared.log.errors import LogFormatError

ED25519: Final = 0x01
"""Signature type: Ed25519 over the text."""

COSIGNATURE_V1: Final = 0x04
"""Signature type: a witness's time, and Ed25519 over that time and the text."""

MAX_NOTE_BYTES: Final = 1_000_000
"""Longest note that is opened."""

MAX_SIGNATURES: Final = 100
"""Most signatures on a note that is opened; verifiers must accept 16."""

_KEY_SIZE: Final = 32
_KEY_ID_SIZE: Final = 4
_TIME_SIZE: Final = 8
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_SIGNATURE: Final = re.compile(f"\N{EM DASH} ({_NAME.pattern}) ([^ ]+)")


class BadKey(LogFormatError):
    """A key, or a key's name, that cannot be used."""


class BadNote(LogFormatError):
    """A note that is malformed, or not signed as it must be."""


class Signer:
    """A named Ed25519 key that signs notes. `seed` is its 32-byte private key (RFC 8032)."""

    def __init__(self, name: str, seed: bytes) -> None:
        _check_name(name)
        if len(seed) != _KEY_SIZE:
            raise BadKey(
                f"the seed of key {shorten(name)} has {len(seed)} bytes instead of {_KEY_SIZE}"
            )
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._verifier = Verifier(name, ED25519, self._key.public_key().public_bytes_raw())
        self._key_id = self._verifier.key_id

    @property
    def name(self) -> str:
        """The key's name."""
        return self._verifier.name

    @property
    def vkey(self) -> str:
        """The verifier key to publish."""
        return self._verifier.vkey

    def sign(self, text: str) -> bytes:
        """The note of this text, with this key's signature; raises `BadNote` for other text."""
        if not text.endswith("\n") or _CONTROL.search(text):
            raise BadNote("a note's text must end in a newline and have no control characters")
        signature = format_base64(self._key_id + self._key.sign(text.encode()))
        return f"{text}\n\N{EM DASH} {self.name} {signature}\n".encode()


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that checks signatures: `kind` is the signature type, `public` 32 bytes of Ed25519."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read `<name>+<hex of key id>+<base64 of type and public key>`; raises `BadKey`."""
        # The base64 may have a plus as well, so only the first two separate.
        name, *rest = vkey.split("+", 2)
        _check_name(name)
        if len(rest) != 2:
            raise BadKey(f"verifier key of {shorten(name)} is not <name>+<key id>+<key>")
        key_id, encoded = rest
        try:
            key = parse_base64(encoded)
        except LogFormatError as error:
            raise BadKey(f"verifier key of {shorten(name)}: {error}") from error
        if len(key) != 1 + _KEY_SIZE or key[0] not in (ED25519, COSIGNATURE_V1):
            raise BadKey(f"verifier key of {shorten(name)} is neither Ed25519 nor cosignature/v1")
        verifier = cls(name, key[0], key[1:])
        if key_id != verifier.key_id.hex():
            raise BadKey(
                f"verifier key of {shorten(name)} has key id {verifier.key_id.hex()},"
                f" but says {shorten(key_id)}"
            )
        return verifier

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256 over name, newline, type and public key."""
        return sha256(self.name.encode() + b"\n" + self._typed_key).digest()[:_KEY_ID_SIZE]

    @property
    def vkey(self) -> str:
        """The key as text, as `parse` reads it."""
        return f"{self.name}+{self.key_id.hex()}+{format_base64(self._typed_key)}"

    @property
    def _typed_key(self) -> bytes:
        return bytes([self.kind]) + self.public

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether the signature, without key id, is this key's under the text."""
        message = text.encode()
        if self.kind == COSIGNATURE_V1:
            time = int.from_bytes(signature[:_TIME_SIZE], "big")
            if time >= 1 << 63:
                return False
            message = f"cosignature/v1\ntime {time}\n".encode() + message
            signature = signature[_TIME_SIZE:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def open_note(note: bytes, verifiers: Sequence[Verifier]) -> str:
    """The text of a note that at least one of the keys signed; raises `BadNote`.

    Signatures of other keys are ignored. One that does not verify, under the name and id of one
    of the keys, sinks the note, even if another signature does verify.
    """
    known = _by_name_and_id(verifiers)
    text, lines = _split(note)
    signed = False
    for line in lines:
        name, key_id, signature = _parse_signature(line)
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.verify(text, signature):
            raise BadNote(f"the signature of {shorten(name)} does not fit the note's text")
        signed = True
    if not signed:
        names = ", ".join(shorten(verifier.name) for verifier in verifiers)
        raise BadNote(f"the note has no signature of a known key ({names})")
    return text


def _by_name_and_id(verifiers: Iterable[Verifier]) -> dict[tuple[str, bytes], Verifier]:
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise BadKey(f"two keys have the name {shorten(verifier.name)} and the same key id")
    return known


def _split(note: bytes) -> tuple[str, list[str]]:
    """A note's text, with its last newline, and its signature lines, without theirs."""
    if len(note) > MAX_NOTE_BYTES:
        raise BadNote(f"a note of {len(note)} bytes is over the limit of {MAX_NOTE_BYTES}")
    try:
        content = note.decode()
    except UnicodeDecodeError as error:
        raise BadNote(f"the note is not UTF-8: {error.reason} at byte {error.start}") from error
    if _CONTROL.search(content):
        raise BadNote("the note has a control character other than newline")
    text, blank, signatures = content.rpartition("\n\n")
    if not blank:
        raise BadNote("the note has no blank line between text and signatures")
    *lines, end = signatures.split("\n")
    if end or not lines:
        raise BadNote("the note does not end in a signature line and its newline")
    if len(lines) > MAX_SIGNATURES:
        raise BadNote(f"{len(lines)} signatures are over the limit of {MAX_SIGNATURES}")
    return text + "\n", lines


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    """Key name, key id and signature of a signature line."""
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        raise BadNote(f"{shorten(line)} is not the signature line of a note")
    name, encoded = match.groups()
    try:
        signature = parse_base64(encoded)
    except LogFormatError as error:
        raise BadNote(f"signature of {shorten(name)}: {error}") from error
    if len(signature) <= _KEY_ID_SIZE:
        raise BadNote(f"the signature of {shorten(name)} is empty")
    return name, signature[:_KEY_ID_SIZE], signature[_KEY_ID_SIZE:]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadKey(f"{shorten(name)} is no key name: empty, or with a space, control or plus")
