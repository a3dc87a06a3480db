"""Officers' keys as text: what is written is read back, and nothing else is taken for a key."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.edition.officer_keys import (
    BadOfficerKey,
    format_public,
    format_secret,
    parse_public,
    parse_secret,
    public_of,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OFFICER = public_of("clerk", KEY)
SECRET_LINE = "huimin-officer-secret+clerk+AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # noqa: S105  # a test's


def test_a_secret_key_file_is_as_documented() -> None:
    """Kind, id, and base64 of the seed."""
    assert format_secret("clerk", KEY) == SECRET_LINE


def test_keys_are_read_back_as_written() -> None:
    """With the newline that an editor adds."""
    officer, key = parse_secret(SECRET_LINE + "\n")
    assert (officer, key.private_bytes_raw()) == ("clerk", bytes(range(32)))
    assert parse_public(format_public(OFFICER) + "\n") == OFFICER


def test_a_public_key_with_a_plus_in_its_base64_is_read_back() -> None:
    """Only the first two separate."""
    seeds = (bytes([number]) * 32 for number in range(256))
    officers = (public_of("clerk", Ed25519PrivateKey.from_private_bytes(s)) for s in seeds)
    officer = next(one for one in officers if format_public(one).count("+") > 2)
    assert parse_public(format_public(officer)) == officer


@pytest.mark.parametrize(
    "line",
    [
        "",
        "clerk",
        "huimin-officer+clerk",
        "huimin-officer+clerk+AAAA",
        "huimin-officer+clerk+not base64",
        "huimin-officer+clerk+" + "é" * 44,
        "huimin-officer++AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "huimin-officer+Clerk Smith+AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        SECRET_LINE,
    ],
)
def test_what_is_no_public_key_is_refused(line: str) -> None:
    """A secret key in the public one's place above all."""
    with pytest.raises(BadOfficerKey):
        parse_public(line)


def test_a_public_key_is_not_taken_for_a_secret_one() -> None:
    """Though it has as many bytes."""
    with pytest.raises(BadOfficerKey):
        parse_secret(format_public(OFFICER))


def test_what_is_wrong_with_a_secret_key_does_not_show_it() -> None:
    """Errors end up in logs and in mails."""
    with pytest.raises(BadOfficerKey) as refusal:
        parse_secret(SECRET_LINE[:-4])
    assert SECRET_LINE[-20:-4] not in str(refusal.value)
