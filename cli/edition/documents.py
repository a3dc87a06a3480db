"""What officers bring in files: the manifest, the shortlist, the issuer's public key.

Everything is checked here as far as it can be by itself, so that an officer learns of a mistake
before anything is signed.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import Struct

from shared.edition.commands import COMMAND_NAMES
from shared.edition.credential import BadIssuerKey, issuer_spki, load_issuer_spki
from shared.edition.errors import UNREADABLE_JSON, BadManifest, BadRoll, BadShortlist, Refusal
from shared.edition.manifest import (
    Disclosure,
    Initiative,
    LogIdentity,
    Manifest,
    Officer,
    Text,
    Timestamp,
    check_initiatives,
    check_manifest,
)
from shared.edition.officer_keys import BadOfficerKey, parse_public

MAX_DOCUMENT: Final = 1_000_000
COLUMNS: Final = (
    "id",
    "title_zh",
    "title_en",
    "summary_zh",
    "summary_en",
    "department_zh",
    "department_en",
)


class ManifestFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A manifest as its author writes it; see `Manifest` for what the fields mean.

    `officers` are paths of `.pub` files, seen from the manifest's directory. Everything that has a
    default here has the same one there.
    """

    title: Text
    disclosure: Disclosure
    officers: tuple[str, ...]
    seats: int = 10
    max_choices: int = 10
    min_choices: int = 1
    signatures: dict[str, int] = {}
    opens_at: Timestamp | None = None
    closes_at: Timestamp | None = None
    demonstration: bool = False


def read_manifest(file: Path, log: LogIdentity) -> Manifest:
    """The manifest of an edition that is written to `log`; raises `BadManifest`."""
    data = _read(file, BadManifest)
    decode = msgspec.toml.decode if file.suffix == ".toml" else msgspec.json.decode
    try:
        written = decode(data, type=ManifestFile)
    except UNREADABLE_JSON as error:
        raise BadManifest(f"{file}: {error}") from error
    manifest = Manifest(
        title=written.title,
        disclosure=written.disclosure,
        officers=tuple(_officer(file.parent / name) for name in written.officers),
        log=log,
        seats=written.seats,
        max_choices=written.max_choices,
        min_choices=written.min_choices,
        signatures=written.signatures,
        opens_at=written.opens_at,
        closes_at=written.closes_at,
        demonstration=written.demonstration,
    )
    check_manifest(manifest, COMMAND_NAMES)
    return manifest


def read_shortlist(file: Path, manifest: Manifest) -> tuple[Initiative, ...]:
    """The initiatives in a `.csv` with the columns `COLUMNS`, or in a JSON array.

    Raises `BadShortlist`.
    """
    data = _read(file, BadShortlist)
    try:
        if file.suffix == ".csv":
            initiatives = tuple(_initiatives(data))
        else:
            initiatives = msgspec.json.decode(data, type=tuple[Initiative, ...])
    except (csv.Error, *UNREADABLE_JSON) as error:
        raise BadShortlist(f"{file}: {error}") from error
    check_initiatives(manifest, initiatives)
    return initiatives


def read_issuer_key(file: Path) -> bytes:
    """The issuer's public key, in PEM or DER, as SPKI DER; raises `BadRoll`."""
    data = _read(file, BadRoll)
    try:
        if data.startswith(b"-----BEGIN"):
            data = _spki(data)
        load_issuer_spki(data)
    except BadIssuerKey as error:
        raise BadRoll(f"{file}: {error}") from error
    return data


def _read(file: Path, refusal: type[Refusal]) -> bytes:
    with file.open("rb") as stream:
        data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise refusal(f"{file} has more than {MAX_DOCUMENT} bytes")
    return data


def _officer(file: Path) -> Officer:
    try:
        return parse_public(_read(file, BadManifest).decode())
    except (BadOfficerKey, UnicodeDecodeError) as error:
        raise BadManifest(f"{file} is no officer's public key (.pub): {error}") from error


def _initiatives(data: bytes) -> Iterator[Initiative]:
    # Spreadsheets put a byte order mark before UTF-8.
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    if sorted(rows.fieldnames or ()) != sorted(COLUMNS):
        raise csv.Error(f"its first line must name the columns {','.join(COLUMNS)}")
    for row in rows:
        if None in row or None in row.values():
            raise csv.Error(f"line {rows.line_num} does not have {len(COLUMNS)} columns")
        try:
            yield _initiative(row)
        except msgspec.ValidationError as error:
            raise csv.Error(f"line {rows.line_num}: {error}") from error


def _initiative(row: dict[str, str]) -> Initiative:
    texts = {
        name: {"zh": row[f"{name}_zh"].strip(), "en": row[f"{name}_en"].strip()}
        for name in ("title", "summary", "department")
    }
    return msgspec.convert({"id": row["id"].strip(), **texts}, Initiative)


def _spki(pem: bytes) -> bytes:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadIssuerKey("it is no public key in PEM; never give a private one") from error
    if not isinstance(key, RSAPublicKey):
        raise BadIssuerKey("it is no RSA key")
    return issuer_spki(key)
