"""Officers' Ed25519 keys as text: what is kept in key files and registered with the services.

Secret:  `huimin-officer-secret+<id>+<base64 of the 32-byte seed>`
Public:  `huimin-officer+<id>+<base64 of the 32-byte public key>`
"""

from base64 import b64decode, b64encode

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.edition.manifest import Officer, OfficerId

_SECRET = "huimin-officer-secret"  # noqa: S105 -- the name of a format, not a secret
_PUBLIC = "huimin-officer"


class BadOfficerKey(ValueError):
    """A text that is no officer's key; says of which kind it should be, never what it holds."""


def format_secret(officer: str, key: Ed25519PrivateKey) -> str:
    """The line that a secret key file holds."""
    return f"{_SECRET}+{officer}+{b64encode(key.private_bytes_raw()).decode()}"


def format_public(officer: Officer) -> str:
    """The line that a public key file holds."""
    return f"{_PUBLIC}+{officer.id}+{b64encode(officer.key).decode()}"


def parse_secret(line: str) -> tuple[str, Ed25519PrivateKey]:
    """The officer's id and key in a secret key file; raises `BadOfficerKey`."""
    officer, seed = _parse(line, _SECRET)
    return officer, Ed25519PrivateKey.from_private_bytes(seed)


def parse_public(line: str) -> Officer:
    """The officer in a public key file; raises `BadOfficerKey`."""
    officer, key = _parse(line, _PUBLIC)
    return Officer(id=officer, key=key)


def public_of(officer: str, key: Ed25519PrivateKey) -> Officer:
    """The officer whose secret key this is."""
    return Officer(id=officer, key=key.public_key().public_bytes_raw())


def _parse(line: str, kind: str) -> tuple[str, bytes]:
    parts = line.strip().split("+", 2)
    if len(parts) != 3 or parts[0] != kind:
        raise BadOfficerKey(f"it does not start with {kind}+; is it the right file?")
    try:
        msgspec.convert(parts[1], OfficerId)
    except msgspec.ValidationError as error:
        raise BadOfficerKey("its id is not of small letters, digits and hyphens") from error
    try:
        data = b64decode(parts[2], validate=True)
    except ValueError as error:
        raise BadOfficerKey("its key is not base64") from error
    if len(data) != 32:
        raise BadOfficerKey(f"its key has {len(data)} bytes, not 32")
    return parts[1], data
