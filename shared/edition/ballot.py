"""A ballot: its rules, its commitment, and the message that the voter's key signs.

Formats: commitment = SHA-256("huimin/choices/v1" 00 salt || ids sorted ascending, joined by LF);
signed message = "huimin/ballot/v1" 00 edition-id 00 seq (u32 big-endian) commitment (32).
Voter key: ECDSA P-256, 65-byte uncompressed point; signature: ECDSA-SHA-256, raw r||s, 64 bytes.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from msgspec import Meta, Struct

from shared.edition.errors import (
    BadBallotSignature,
    BadCommitment,
    BadKey,
    RepeatedInitiative,
    TooFewChoices,
    TooManyChoices,
    UnknownInitiative,
)

_CURVE = ec.SECP256R1()
_ECDSA = ec.ECDSA(hashes.SHA256())


class Ballot(Struct, frozen=True, kw_only=True):
    """A ballot as posted. `commitment` is optional: a client that sends it learns of a mismatch."""

    key: Annotated[bytes, Meta(min_length=65, max_length=65)]
    credential: Annotated[bytes, Meta(max_length=256)]
    seq: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    choices: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=1000)]
    salt: Annotated[bytes, Meta(min_length=16, max_length=16)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    commitment: bytes | None = None


class Opening(Struct, frozen=True):
    """What opens a commitment: the salt (16 bytes) and the choices, ascending."""

    salt: Annotated[bytes, Meta(min_length=16, max_length=16)]
    choices: tuple[str, ...]


class BallotRules(Struct, frozen=True):
    """What a ballot may name, precomputed from the manifest and the shortlist."""

    ids: frozenset[str]
    min_choices: int
    max_choices: int


_opening_encoder = msgspec.json.Encoder()
_opening_decoder = msgspec.json.Decoder(Opening)


def encode_opening(salt: bytes, choices: Sequence[str]) -> bytes:
    """The opening record: JSON, stored and served as these bytes.

    The choices are in the commitment's order, so that a commitment has one opening only: whoever
    serves another order of the same choices is found out at once, not when a result is certified.
    """
    return _opening_encoder.encode(Opening(salt=salt, choices=tuple(sorted(choices))))


def decode_opening(record: bytes) -> Opening:
    """The opening in a record; raises one of `UNREADABLE_JSON`."""
    return _opening_decoder.decode(record)


def commitment(salt: bytes, choices: Sequence[str]) -> bytes:
    """32 bytes that bind the choices without showing them."""
    return sha256(b"huimin/choices/v1\0" + salt + "\n".join(sorted(choices)).encode()).digest()


def signed_message(edition: str, seq: int, commitment_: bytes) -> bytes:
    """The bytes that the voter's key signs."""
    return b"huimin/ballot/v1\0" + edition.encode() + b"\0" + seq.to_bytes(4) + commitment_


def check_choices(rules: BallotRules, choices: Sequence[str]) -> None:
    """Raise unless the choices are allowed as they are; nothing is ever trimmed."""
    unique = set(choices)
    if not unique <= rules.ids:
        unknown = min(unique - rules.ids)
        raise UnknownInitiative(f"{unknown!r} is not on the shortlist")
    if len(unique) < len(choices):
        repeated = next(id_ for id_ in choices if choices.count(id_) > 1)
        raise RepeatedInitiative(f"{repeated!r} is named more than once")
    if len(choices) > rules.max_choices:
        raise TooManyChoices(f"{len(choices)} named, at most {rules.max_choices} allowed")
    if len(choices) < rules.min_choices:
        raise TooFewChoices(f"{len(choices)} named, at least {rules.min_choices} needed")


def committed(ballot: Ballot) -> bytes:
    """The ballot's commitment; raises `BadCommitment` if the one that it states is another."""
    computed = commitment(ballot.salt, ballot.choices)
    if ballot.commitment is not None and ballot.commitment != computed:
        raise BadCommitment("the commitment sent is not that of the salt and choices sent")
    return computed


def verify_ballot_signature(key: bytes, message: bytes, signature: bytes) -> None:
    """Raise `BadKey` or `BadBallotSignature` unless `key` signed `message`."""
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, key)
    except ValueError as error:
        raise BadKey("the key is not an uncompressed point on P-256") from error
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        public.verify(der, message, _ECDSA)
    except InvalidSignature as error:
        raise BadBallotSignature("the key did not sign this edition, seq and choices") from error


def voter_key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The 65-byte uncompressed point of a voter's key."""
    numbers = key.public_key().public_numbers()
    return b"\x04" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)


def sign_ballot(
    key: ec.EllipticCurvePrivateKey,
    edition: str,
    *,
    credential: bytes,
    seq: int,
    choices: Sequence[str],
    salt: bytes,
) -> Ballot:
    """A ballot ready to post; `salt` must be 16 fresh random bytes."""
    commitment_ = commitment(salt, choices)
    r, s = decode_dss_signature(key.sign(signed_message(edition, seq, commitment_), _ECDSA))
    return Ballot(
        key=voter_key_bytes(key),
        credential=credential,
        seq=seq,
        choices=tuple(choices),
        salt=salt,
        signature=r.to_bytes(32) + s.to_bytes(32),
        commitment=commitment_,
    )
