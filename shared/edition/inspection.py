"""Inspection: entries checked by themselves, without their order or what stands before them.

An entry must be an event; a ballot's credential, signature and, where it is there, opening must
hold under its edition's electorate. Many processes may share this work: an `Electorate` can be sent
to them. What the order of entries means is for `replay.py`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from shared.edition.ballot import (
    BallotRules,
    check_choices,
    commitment,
    decode_opening,
    encode_opening,
    signed_message,
    verify_ballot_signature,
)
from shared.edition.credential import (
    credential_message,
    load_issuer_spki,
    verify_credential,
)
from shared.edition.errors import UNREADABLE_JSON, LogViolation, Refusal
from shared.edition.events import BallotCast, Event, Milestone, decode_event
from shared.edition.state import EditionState
from shared.log.merkle import leaf_hash


class Electorate(Struct, frozen=True):
    """What it takes to check a ballot of one edition by itself."""

    edition: str
    rules: BallotRules
    issuer_key: bytes
    issuer: RSAPublicKey

    @classmethod
    def of(cls, state: EditionState) -> "Electorate | None":
        """The electorate of an edition whose roll is committed; None before that."""
        if state.roll is None:
            return None
        return _electorate(state.edition, state.ballot_rules, state.roll.issuer_key)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled without the key object, which cannot be: it is made from its bytes there."""
        return _electorate, (self.edition, self.rules, self.issuer_key)


class Inspected(NamedTuple):
    """An entry that is right by itself: its leaf hashes, and a ballot's essence or a milestone.

    `hour` is when a ballot was cast; None for a milestone.
    """

    leaf: bytes
    opening_leaf: bytes
    key: bytes
    seq: int
    choices: tuple[str, ...] | None
    milestone: Milestone | None
    hour: datetime | None


def check_ballot(
    electorate: Electorate, key: bytes, credential: bytes, seq: int, commitment_: bytes, sig: bytes
) -> None:
    """Raise a `Refusal` unless the issuer vouches for the key, and the key signed the rest."""
    check_credential(electorate, key, credential)
    verify_ballot_signature(key, signed_message(electorate.edition, seq, commitment_), sig)


def check_credential(electorate: Electorate, key: bytes, credential: bytes) -> None:
    """Raise a `Refusal` unless the issuer vouches for the key."""
    message = credential_message(electorate.edition, electorate.issuer_key, key)
    verify_credential(electorate.issuer, message, credential)


def inspect(index: int, entry: bytes, opening: bytes, electorate: Electorate | None) -> Inspected:
    """Check one entry, and its opening unless that is empty (sealed, or the entry is no ballot)."""
    (inspected,) = inspect_all(index, [entry], [opening], electorate)
    return inspected


def inspect_all(
    first: int,
    entries: Sequence[bytes],
    openings: Sequence[bytes],
    electorate: Electorate | None,
) -> list[Inspected]:
    """As `inspect`, for consecutive entries of which the first has index `first`.

    One kind of check is done for all of them before the next kind: with one kind of work in its
    caches, a processor takes a fifth less time than entry by entry. So the `LogViolation` raised is
    not always that of the lowest index.
    """
    events = [_decoded(index, entry) for index, entry in enumerate(entries, first)]
    _check_casts(first, events, electorate)
    choices = [
        _opened(index, event, opening, electorate)
        for index, (event, opening) in enumerate(zip(events, openings, strict=True), first)
    ]
    leaves, opening_leaves = map(leaf_hash, entries), map(leaf_hash, openings)
    return [
        Inspected(leaf, opening_leaf, event.key, event.seq, chosen, None, event.hour)
        if isinstance(event, BallotCast)
        else Inspected(leaf, opening_leaf, b"", 0, None, event, None)
        for event, chosen, leaf, opening_leaf in zip(
            events, choices, leaves, opening_leaves, strict=True
        )
    ]


def _decoded(index: int, entry: bytes) -> Event:
    try:
        return decode_event(entry)
    except UNREADABLE_JSON as error:
        raise LogViolation(index, "entry", f"it is no event: {error}") from error


def _check_casts(first: int, events: Sequence[Event], electorate: Electorate | None) -> None:
    casts = [(i, event) for i, event in enumerate(events, first) if isinstance(event, BallotCast)]
    if not casts:
        return
    if electorate is None:
        raise LogViolation(casts[0][0], "ballot", "it was cast before the roll was committed")
    for index, event in casts:
        _check_form(index, event, electorate)
    _check_each(casts, lambda cast: check_credential(electorate, cast.key, cast.credential))
    _check_each(casts, _check_signature)


def _check_each(
    casts: Sequence[tuple[int, BallotCast]], check: Callable[[BallotCast], None]
) -> None:
    for index, event in casts:
        try:
            check(event)
        except Refusal as error:
            raise LogViolation(index, "ballot", f"{error.slug}: {error.detail}") from error


def _check_signature(event: BallotCast) -> None:
    message = signed_message(event.edition, event.seq, event.commitment)
    verify_ballot_signature(event.key, message, event.signature)


def _check_form(index: int, event: BallotCast, electorate: Electorate) -> None:
    if event.edition != electorate.edition:
        raise LogViolation(index, "ballot", f"it is for another edition, {event.edition!r}")
    if event.hour.minute or event.hour.second or event.hour.microsecond:
        raise LogViolation(index, "ballot", "its time is finer than an hour")


def _opened(
    index: int, event: Event, opening: bytes, electorate: Electorate | None
) -> tuple[str, ...] | None:
    if not opening:
        return None
    if not isinstance(event, BallotCast) or electorate is None:
        raise LogViolation(index, "opening", "there is one and the entry is no ballot")
    return _check_opening(index, event, opening, electorate.rules)


def _check_opening(
    index: int, event: BallotCast, record: bytes, rules: BallotRules
) -> tuple[str, ...]:
    try:
        opening = decode_opening(record)
        check_choices(rules, opening.choices)
    except UNREADABLE_JSON as error:
        raise LogViolation(index, "opening", f"it cannot be read: {error}") from error
    except Refusal as error:
        raise LogViolation(index, "opening", f"{error.slug}: {error.detail}") from error
    if commitment(opening.salt, opening.choices) != event.commitment:
        raise LogViolation(index, "opening", "it does not open the commitment in the entry")
    if encode_opening(opening.salt, opening.choices) != record:
        # Base64 has spare bits: without this a changed byte could go unnoticed until the result
        # is certified, and then nobody could say where it is.
        raise LogViolation(index, "opening", "its bytes are not those that these choices have")
    return opening.choices


@lru_cache(maxsize=16)
def _electorate(edition: str, rules: BallotRules, issuer_key: bytes) -> Electorate:
    return Electorate(edition, rules, issuer_key, load_issuer_spki(issuer_key))
