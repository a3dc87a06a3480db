"""What an edition is: its rules, its officers, its log and its shortlist, as announced and signed.

Pure data with the bounds that msgspec checks while decoding; rules that span several fields are in
`check_manifest` and `check_initiatives`. Nothing here knows how an edition proceeds: that is
`decider.py`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from shared.edition.errors import BadManifest, BadShortlist

EditionId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]
"""Used in URLs, NATS subjects and NUL-separated hash inputs, hence the narrow alphabet."""

InitiativeId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
"""Joined by LF in the commitment, hence no white space and ASCII only: byte order is id order."""

OfficerId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""An Ed25519 public key (RFC 8032), 32 bytes."""

Sha256 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""A number that survives JavaScript's JSON.parse."""

Timestamp = Annotated[datetime, Meta(tz=True)]

Disclosure = Literal["live", "at-close"]
EligibilityMode = Literal["roll", "phone"]

DOUBLE_SIGNED = ("OpenVoting", "CloseVoting", "DrawTieSeed", "CertifyResult")
"""Commands that need two officers unless the manifest says otherwise."""


class Text(Struct, frozen=True):
    """A short public text in Chinese and English; both are required."""

    zh: Annotated[str, Meta(min_length=1, max_length=2000)]
    en: Annotated[str, Meta(min_length=1, max_length=2000)]


class Officer(Struct, frozen=True):
    """One of those who run the edition; `id` names an office, never a person."""

    id: OfficerId
    key: PublicKey


class LogIdentity(Struct, frozen=True):
    """The transparency log that the edition is written to: origin (and key name), Ed25519 key."""

    origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,200}\Z")]
    key: PublicKey


class Manifest(Struct, frozen=True, kw_only=True):
    """The rules of one edition, fixed when it is announced.

    `signatures` maps a command's name to the number of officers who must sign it; a command that
    it does not name needs two officers if it is in `DOUBLE_SIGNED`, else one. `opens_at` and
    `closes_at` are what people are told; the vote is opened and closed by the officers' commands.
    """

    title: Text
    disclosure: Disclosure
    officers: Annotated[tuple[Officer, ...], Meta(min_length=1, max_length=32)]
    log: LogIdentity
    seats: Annotated[int, Meta(ge=1, le=1000)] = 10
    max_choices: Annotated[int, Meta(ge=1, le=1000)] = 10
    min_choices: Annotated[int, Meta(ge=1, le=1000)] = 1
    signatures: dict[str, Annotated[int, Meta(ge=1, le=32)]] = {}
    tie_rule: Literal["huimin/tie/v1"] = "huimin/tie/v1"
    opens_at: Timestamp | None = None
    closes_at: Timestamp | None = None
    demonstration: bool = False

    def signatures_needed(self, command: str) -> int:
        """How many different officers must sign the command with this name."""
        return self.signatures.get(command, 2 if command in DOUBLE_SIGNED else 1)


class Initiative(Struct, frozen=True):
    """One thing the city could do, as it stands on the ballot."""

    id: InitiativeId
    title: Text
    summary: Text
    department: Text


def is_edition_id(name: str) -> bool:
    """Whether an edition can be called that; what cannot is not looked for."""
    try:
        msgspec.convert(name, EditionId)
    except msgspec.ValidationError:
        return False
    return True


def check_manifest(manifest: Manifest, command_names: Sequence[str]) -> None:
    """Raise `BadManifest` unless the manifest can be carried out by the officers that it names."""
    _unique("officer", [officer.id for officer in manifest.officers], BadManifest)
    if len({officer.key for officer in manifest.officers}) < len(manifest.officers):
        raise BadManifest("two officers have the same key; give each officer a key of their own")
    if manifest.min_choices > manifest.max_choices:
        raise BadManifest(
            f"min_choices {manifest.min_choices} is above max_choices {manifest.max_choices}"
        )
    for name in manifest.signatures:
        if name not in command_names:
            raise BadManifest(f"signatures names {name!r}, which is no command")
    for name in command_names:
        if manifest.signatures_needed(name) > len(manifest.officers):
            raise BadManifest(
                f"{name} needs {manifest.signatures_needed(name)} officers and there are"
                f" {len(manifest.officers)}; name more officers or lower it in `signatures`"
            )
    if manifest.opens_at and manifest.closes_at and manifest.opens_at >= manifest.closes_at:
        raise BadManifest("closes_at is not after opens_at")


def check_initiatives(manifest: Manifest, initiatives: Sequence[Initiative]) -> None:
    """Raise `BadShortlist` unless people can vote on these initiatives under this manifest."""
    _unique("initiative", [initiative.id for initiative in initiatives], BadShortlist)
    if len(initiatives) < manifest.min_choices:
        raise BadShortlist(
            f"a ballot must name {manifest.min_choices} and only {len(initiatives)} are listed"
        )


def _unique(what: str, ids: Sequence[str], error: type[BadManifest] | type[BadShortlist]) -> None:
    repeated = [id_ for id_, times in Counter(ids).items() if times > 1]
    if repeated:
        raise error(f"{what} {repeated[0]!r} is listed more than once")
