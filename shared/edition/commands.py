"""What officers may ask of an edition, and how they sign it.

A command is JSON with the tag `command`. Officers sign its exact bytes (Ed25519); those bytes are
embedded in the event and never re-encoded. Every command names the log by its origin and the log
size that it expects, so one prepared for another log, for an earlier state, or carried out already
is refused (`decider.py`).
"""

from collections.abc import Sequence
from typing import Annotated, Literal, get_args

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from msgspec import Meta, Struct

from shared.edition.errors import (
    UNREADABLE_JSON,
    BadCommand,
    SignatureMissing,
    SignatureWrong,
)
from shared.edition.manifest import (
    Count,
    EditionId,
    EligibilityMode,
    Initiative,
    InitiativeId,
    Manifest,
    OfficerId,
    Sha256,
    Text,
)


class BaseCommand(Struct, frozen=True, kw_only=True, tag_field="command", tag=True):
    """What every command carries: the edition, its log's origin, the log size it was made for."""

    edition: EditionId
    origin: Annotated[str, Meta(max_length=200)]
    expected_size: Count


class AnnounceEdition(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Begin an edition under this manifest; its officers sign."""

    manifest: Manifest


class PublishShortlist(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Publish what people can choose from, in this order."""

    initiatives: Annotated[tuple[Initiative, ...], Meta(min_length=1, max_length=500)]


class CommitRoll(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Fix who may vote (size and Merkle root of the roll) and the key that signs credentials."""

    size: Count
    root: Sha256
    issuer_key: Annotated[bytes, Meta(max_length=1024)]
    mode: EligibilityMode


class OpenVoting(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Accept ballots from now on."""


class CloseVoting(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Accept no more ballots."""


class ChannelIssuance(Struct, frozen=True, kw_only=True):
    """Credentials issued to people identified in one way, and the root over their references."""

    channel: Literal["phone", "counter"]
    issued: Count
    root: Sha256


class ReportIssuance(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Say how many credentials the registrar issued, and the root over their roll references.

    `channels` says the same apart for each way in which people were identified.
    """

    issued: Count
    root: Sha256
    channels: Annotated[tuple[ChannelIssuance, ...], Meta(max_length=2)] = ()


class DrawTieSeed(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Record twenty digits thrown in public, for the tied set, under the log root before this."""

    seed: Annotated[str, Meta(pattern=r"^[0-9]{20}\Z")]
    tied: tuple[InitiativeId, ...]
    root: Sha256


class CertifyResult(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Certify the chosen ones in order, the counts, and the log state that was counted."""

    winners: tuple[InitiativeId, ...]
    counts: dict[InitiativeId, Count]
    size: Count
    root: Sha256
    openings_root: Sha256


class ReportProgress(BaseCommand, frozen=True, kw_only=True, tag=True):
    """Tell people how one of the chosen initiatives is coming along."""

    initiative: InitiativeId
    report: Text


Command = (
    AnnounceEdition
    | PublishShortlist
    | CommitRoll
    | OpenVoting
    | CloseVoting
    | ReportIssuance
    | DrawTieSeed
    | CertifyResult
    | ReportProgress
)

COMMAND_NAMES: tuple[str, ...] = tuple(kind.__name__ for kind in get_args(Command))

_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_encoder = msgspec.json.Encoder()


class OfficerSignature(Struct, frozen=True):
    """An officer's Ed25519 signature (64 bytes) over the exact command bytes."""

    officer: OfficerId
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


class SignedCommand(Struct, frozen=True):
    """What is posted: the exact command bytes and the signatures over them."""

    command: Annotated[bytes, Meta(max_length=65_535)]
    signatures: Annotated[tuple[OfficerSignature, ...], Meta(max_length=32)]

    def decoded(self) -> Command:
        """The command in these bytes; raises `BadCommand` when they are none."""
        return decode_command(self.command)


def encode_command(command: Command) -> bytes:
    """The bytes that officers sign."""
    return _encoder.encode(command)


def decode_command(data: bytes) -> Command:
    """The command in `data`; raises `BadCommand` saying which field is wrong."""
    try:
        return _decoder.decode(data)
    except UNREADABLE_JSON as error:
        raise BadCommand(f"{error}") from error


def sign_command(command: bytes, officer: str, key: Ed25519PrivateKey) -> OfficerSignature:
    """One officer's signature over the exact bytes."""
    return OfficerSignature(officer=officer, signature=key.sign(command))


def check_signatures(
    manifest: Manifest, name: str, command: bytes, signatures: Sequence[OfficerSignature]
) -> None:
    """Raise unless enough different officers of `manifest` signed these exact bytes.

    `SignatureWrong` for a signature that does not verify or an officer whom the manifest does not
    name, `SignatureMissing` when there are too few.
    """
    keys = {officer.id: officer.key for officer in manifest.officers}
    signed = set()
    for given in signatures:
        key = keys.get(given.officer)
        if key is None:
            raise SignatureWrong(f"the manifest names no officer {given.officer!r}")
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(given.signature, command)
        except InvalidSignature as error:
            raise SignatureWrong(
                f"the signature of {given.officer!r} does not fit these bytes"
            ) from error
        signed.add(given.officer)
    needed = manifest.signatures_needed(name)
    if len(signed) < needed:
        raise SignatureMissing(f"{name} needs {needed} officers and {len(signed)} signed")
