"""A ballot's formats and rules, against their written definitions and another crypto stack."""

import random
from hashlib import sha256

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.edition.ballot import (
    Ballot,
    BallotRules,
    Opening,
    check_choices,
    commitment,
    committed,
    decode_opening,
    encode_opening,
    sign_ballot,
    signed_message,
    verify_ballot_signature,
    voter_key_bytes,
)
from shared.edition.errors import (
    UNREADABLE_JSON,
    BadBallotSignature,
    BadCommitment,
    BadKey,
    Refusal,
    RepeatedInitiative,
    TooFewChoices,
    TooManyChoices,
    UnknownInitiative,
)

SALT = bytes(range(16))
KEY = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
RULES = BallotRules(ids=frozenset({"a", "b", "c", "d"}), min_choices=1, max_choices=3)
EMPTY_ALLOWED = BallotRules(ids=frozenset({"a"}), min_choices=0, max_choices=1)


def ballot(*choices: str, seq: int = 1) -> Ballot:
    """A ballot of the tests' voter in the edition `2027`."""
    return sign_ballot(KEY, "2027", credential=b"c", seq=seq, choices=choices, salt=SALT)


def test_the_commitment_is_the_digest_that_the_format_says() -> None:
    """Spelt out in bytes."""
    spelt_out = b"huimin/choices/v1\x00" + SALT + b"a\nb\nc"
    assert commitment(SALT, ["c", "a", "b"]) == sha256(spelt_out).digest()


def test_ids_are_sorted_by_their_bytes() -> None:
    """Capitals before small letters, digits before both, as in every language's byte order."""
    spelt_out = b"huimin/choices/v1\x00" + SALT + b"10\n9\nB\na"
    assert commitment(SALT, ["a", "B", "9", "10"]) == sha256(spelt_out).digest()


@given(st.lists(st.sampled_from(sorted(RULES.ids)), unique=True), st.randoms())
def test_the_commitment_does_not_depend_on_the_order(ids: list[str], chance: random.Random) -> None:
    """The order on the voter's screen says nothing."""
    shuffled = chance.sample(ids, len(ids))
    assert commitment(SALT, shuffled) == commitment(SALT, ids)


def test_the_signed_message_is_laid_out_as_the_format_says() -> None:
    """Spelt out in bytes, the seq big-endian."""
    message = signed_message("huzhou-2027", 258, b"\xaa" * 32)
    assert message == b"huimin/ballot/v1\x00huzhou-2027\x00\x00\x00\x01\x02" + b"\xaa" * 32


def test_the_key_is_the_uncompressed_point() -> None:
    """65 bytes: 04, x, y."""
    numbers = KEY.public_key().public_numbers()
    key = voter_key_bytes(KEY)
    assert (len(key), key[0]) == (65, 4)
    assert int.from_bytes(key[1:33]) == numbers.x
    assert int.from_bytes(key[33:]) == numbers.y


def test_a_signature_verifies_by_the_textbook() -> None:
    """ECDSA on P-256 worked out in integers (FIPS 186-5), from the 64 bytes r and s."""
    cast = ballot("a", "b")
    message = signed_message("2027", 1, commitment(SALT, ["a", "b"]))
    assert len(cast.signature) == 64
    assert verifies_by_the_textbook(cast.key, message, cast.signature)
    assert not verifies_by_the_textbook(cast.key, message + b"x", cast.signature)


# NIST P-256 (SP 800-186): field, order, coefficient a, and the base point.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
Point = tuple[int, int] | None


def add(one: Point, two: Point) -> Point:
    """The sum of two points of the curve; None is the point at infinity."""
    if one is None or two is None:
        return one or two
    (x1, y1), (x2, y2) = one, two
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    if one == two:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def times(factor: int, point: Point) -> Point:
    """A multiple of a point."""
    total: Point = None
    while factor:
        if factor & 1:
            total = add(total, point)
        point, factor = add(point, point), factor >> 1
    return total


def verifies_by_the_textbook(key: bytes, message: bytes, signature: bytes) -> bool:
    """ECDSA verification, step by step."""
    public = (int.from_bytes(key[1:33]), int.from_bytes(key[33:]))
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    digest, inverse = int.from_bytes(sha256(message).digest()), pow(s, -1, N)
    point = add(times(digest * inverse % N, G), times(r * inverse % N, public))
    return point is not None and point[0] % N == r


def test_a_signature_holds_for_its_edition_seq_and_choices_only() -> None:
    """Whoever changes one of them needs the voter's key."""
    cast, right = ballot("a", "b", seq=2), commitment(SALT, ["a", "b"])
    verify_ballot_signature(cast.key, signed_message("2027", 2, right), cast.signature)
    for message in (
        signed_message("2028", 2, right),
        signed_message("2027", 3, right),
        signed_message("2027", 2, commitment(SALT, ["a", "c"])),
        signed_message("2027", 2, commitment(bytes(16), ["a", "b"])),
    ):
        with pytest.raises(BadBallotSignature):
            verify_ballot_signature(cast.key, message, cast.signature)


@pytest.mark.parametrize(
    "signature",
    [bytes(64), b"\xff" * 64, bytes(32) + b"\1" * 32, b"\1" * 32 + bytes(32), N.to_bytes(32) * 2],
)
def test_a_signature_out_of_range_is_wrong(signature: bytes) -> None:
    """Zero, or not below the order: the classic forgeries."""
    with pytest.raises(BadBallotSignature):
        verify_ballot_signature(voter_key_bytes(KEY), b"message", signature)


@pytest.mark.parametrize(
    "key",
    [
        bytes(65),
        b"\x04" + bytes(64),
        b"\x04" + b"\xff" * 64,
        b"\x04" + P.to_bytes(32) + bytes(32),
        b"\x05" + voter_key_bytes(KEY)[1:],
        voter_key_bytes(KEY)[:-1] + bytes([voter_key_bytes(KEY)[-1] ^ 1]),
    ],
)
def test_a_key_that_is_no_point_of_the_curve_is_refused(key: bytes) -> None:
    """The point at infinity, coordinates out of range, or beside the curve."""
    with pytest.raises(BadKey):
        verify_ballot_signature(key, b"message", bytes(64))


@pytest.mark.parametrize(
    ("choices", "refusal"),
    [
        (("a", "x"), UnknownInitiative),
        (("A",), UnknownInitiative),
        (("",), UnknownInitiative),
        (("a", "a"), RepeatedInitiative),
        (("a", "b", "c", "a"), RepeatedInitiative),
        (("a", "b", "c", "d"), TooManyChoices),
        ((), TooFewChoices),
    ],
)
def test_choices_against_the_rules_are_refused(
    choices: tuple[str, ...], refusal: type[Refusal]
) -> None:
    """Each rule by its own name."""
    with pytest.raises(refusal):
        check_choices(RULES, choices)


@given(st.lists(st.sampled_from([*sorted(RULES.ids), "x"]), max_size=6))
def test_exactly_the_lists_of_one_to_three_different_ids_are_allowed(choices: list[str]) -> None:
    """By the rule as a person would say it."""
    allowed = len(set(choices)) == len(choices) and 1 <= len(choices) <= 3 and "x" not in choices
    try:
        check_choices(RULES, choices)
    except Refusal:
        assert not allowed
    else:
        assert allowed


def test_an_empty_ballot_is_allowed_where_the_rules_allow_it() -> None:
    """Some cities let people vote for nothing."""
    check_choices(EMPTY_ALLOWED, ())


def test_a_stated_commitment_must_be_that_of_the_choices() -> None:
    """A client that states it learns of its mistake by name."""
    cast = ballot("a")
    assert committed(cast) == commitment(SALT, ["a"])
    assert committed(replace(cast, commitment=None)) == commitment(SALT, ["a"])
    for wrong in (b"", bytes(32), commitment(SALT, ["b"])):
        with pytest.raises(BadCommitment):
            committed(replace(cast, commitment=wrong))


def test_an_opening_is_the_same_for_every_order_of_the_choices() -> None:
    """One commitment has one record: nobody can serve two that both open it."""
    records = {encode_opening(SALT, order) for order in (("a", "b"), ("b", "a"))}
    assert records == {b'{"salt":"AAECAwQFBgcICQoLDA0ODw==","choices":["a","b"]}'}


@given(st.binary(min_size=16, max_size=16), st.lists(st.text(min_size=1), unique=True))
def test_an_opening_says_what_was_put_into_it(salt: bytes, choices: list[str]) -> None:
    """For any choices."""
    opening = decode_opening(encode_opening(salt, choices))
    assert opening == Opening(salt=salt, choices=tuple(sorted(choices)))


@pytest.mark.parametrize(
    "record",
    [b"", b"{}", b"[]", b"\xff", b'{"salt":"AAAA","choices":[]}', b'{"choices":["\xff"]}'],
)
def test_a_record_that_is_no_opening_cannot_be_read(record: bytes) -> None:
    """By the errors that readers of foreign bytes expect."""
    with pytest.raises(UNREADABLE_JSON):
        decode_opening(record)


def test_a_ballot_as_posted_is_read_back_the_same() -> None:
    """JSON with standard base64."""
    cast = ballot("a", "b")
    assert msgspec.json.decode(msgspec.json.encode(cast), type=Ballot) == cast
