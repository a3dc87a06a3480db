"""A password as PostgreSQL stores it (SCRAM-SHA-256, RFC 5802 and 7677), made on our side.

So no statement carries the password itself, which the server might write into its log.
"""

import hashlib
import hmac
import os
from base64 import b64encode
from typing import Final

ITERATIONS: Final = 4096
"""PostgreSQL's own number. Our passwords are random: more would only cost the server time."""


class BadPassword(Exception):
    """A password that may not mean the same to every client; the text does not hold it."""


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What `CREATE ROLE ... PASSWORD` takes in place of the password.

    Raises `BadPassword` unless it is printable ASCII: other characters would have to be normalised
    first (RFC 4013), and not every client does that alike.
    """
    if not (password and password.isascii() and password.isprintable()):
        raise BadPassword("a password must be of printable ASCII characters, and not empty")
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (
        b64encode(value).decode() for value in (salt, stored, server)
    )
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_text}${stored_text}:{server_text}"
