"""What happened, as it stands in the log for ever.

An event is JSON with the tag `event`, written once; the bytes are the log entry (at most 65,535)
and are never re-encoded. Unknown fields are ignored by readers; a changed meaning is a new event
name. No event carries a name, a phone number, an identity number, an address or a trace id.

Officers' events embed the exact command bytes that were signed. Their other fields say the same in
the clear; the replay checks that the command decides to exactly that event.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from shared.edition.commands import ChannelIssuance, SignedCommand
from shared.edition.errors import EntryTooLarge
from shared.edition.manifest import (
    Count,
    EditionId,
    EligibilityMode,
    Initiative,
    InitiativeId,
    Manifest,
    Sha256,
    Text,
    Timestamp,
)

MAX_ENTRY = 65_535


class BallotCast(Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """A ballot was accepted. The choices are behind `commitment`; `hour` has no minutes."""

    edition: EditionId
    key: Annotated[bytes, Meta(min_length=65, max_length=65)]
    credential: Annotated[bytes, Meta(max_length=256)]
    seq: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    commitment: Sha256
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    hour: Timestamp


class OfficersEvent(Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """What every event carries that officers commanded."""

    edition: EditionId
    time: Timestamp
    signed: SignedCommand


class EditionAnnounced(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """The edition exists, under these rules."""

    manifest: Manifest


class ShortlistPublished(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """People will choose from these, in this order."""

    initiatives: tuple[Initiative, ...]


class RollCommitted(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """Who may vote is fixed, and the key that signs credentials (SPKI DER, and its SHA-256)."""

    size: Count
    root: Sha256
    issuer_key: bytes
    issuer_key_sha256: Sha256
    mode: EligibilityMode


class VotingOpened(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """Ballots are accepted from here."""


class VotingClosed(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """No ballot is accepted after this."""


class IssuanceReported(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """So many credentials were issued; root over the roll references that got one.

    `channels` says the same apart for each way in which people were identified.
    """

    issued: Count
    root: Sha256
    channels: tuple[ChannelIssuance, ...] = ()


class TieSeedDrawn(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """Twenty digits were thrown in public; they order the tied set under this log root."""

    seed: str
    tied: tuple[InitiativeId, ...]
    root: Sha256


class ResultCertified(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """The officers certify the result of counting `size` entries with this root.

    `openings_root` is the root of the Merkle tree (as of the log) over the openings, one for each
    of those entries, empty where the entry is no ballot.
    """

    winners: tuple[InitiativeId, ...]
    counts: dict[InitiativeId, Count]
    size: Count
    root: Sha256
    openings_root: Sha256


class ProgressReported(OfficersEvent, frozen=True, kw_only=True, tag=True):
    """How one of the chosen initiatives is coming along."""

    initiative: InitiativeId
    report: Text


Milestone = (
    EditionAnnounced
    | ShortlistPublished
    | RollCommitted
    | VotingOpened
    | VotingClosed
    | IssuanceReported
    | TieSeedDrawn
    | ResultCertified
    | ProgressReported
)
"""An event that officers commanded; the edition's state is a fold over these alone."""

Event = BallotCast | Milestone

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_encoder = msgspec.json.Encoder()


def encode_event(event: Event) -> bytes:
    """The log entry; raises `EntryTooLarge` above 65,535 bytes."""
    entry = _encoder.encode(event)
    if len(entry) > MAX_ENTRY:
        raise EntryTooLarge(f"{type(event).__name__} takes {len(entry)} bytes of {MAX_ENTRY}")
    return entry


def decode_event(entry: bytes) -> Event:
    """The event in a log entry; raises one of `UNREADABLE_JSON`."""
    return _decoder.decode(entry)
