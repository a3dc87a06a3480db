"""What a voter keeps in one private file: all that is needed to go on after an interruption.

Each step saves what it is about to send before it sends it. How a credential is got is in
`issuance.py`, how ballots are cast in `casting.py`.

The file never says who the voter is: with key and blinding in it, a name or a number beside them
would tell whoever finds the file how that person voted.
"""

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Meta, Struct
from msgspec.structs import replace

from shared.client.atomic_file import write_atomically
from shared.client.errors import ClientError
from shared.edition.ballot import Ballot, voter_key_bytes
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.manifest import EditionId, Timestamp
from shared.edition.views import Receipt
from shared.eligibility.views import BlindedMessage, Challenge
from shared.log.errors import LogFormatError
from shared.log.note import Verifier

MAX_VOTER_FILE_BYTES: Final = 1_000_000
_CURVE: Final = ec.SECP256R1()


class UnusableVoterFile(ClientError):
    """The voter's file cannot be read or written, or is none."""


class Blinding(Struct, frozen=True, kw_only=True):
    """A voter's key on its way to be signed, under an issuer key (SPKI DER).

    `inverse` (big-endian) turns the answer into the credential. It is secret, and gone once that is
    done: with it, the registrar could tell whose credential it is.
    """

    issuer_key: Annotated[bytes, Meta(max_length=1000)]
    blinded_message: BlindedMessage
    inverse: Annotated[bytes, Meta(min_length=256, max_length=256)]

    def __repr__(self) -> str:
        """Without the inverse."""
        return "Blinding()"


class SentCode(Struct, frozen=True):
    """A challenge whose code was asked for; void after `until`, by the clock of this machine."""

    challenge: Challenge
    until: Timestamp


class VoterFile(Struct, frozen=True, kw_only=True):
    """What one voter keeps for one edition. `bytes` are base64 in the file.

    `vkey`: the key of the edition's log. `key`: the private key, a P-256 scalar of 32 bytes,
    big-endian; `point` its public key again, which browsers cannot compute (empty in older files):
    with it the file is a recovery card of the voting page, once there is a credential. `blinding`
    and `sent_code`: how far it is on the way to a credential.
    `credential`: the issuer's signature over the public key, empty until it was got.
    `seq`: that of the last ballot that was acknowledged or overtaken, 0 before the first.
    `pending`: a ballot that was perhaps sent and not acknowledged. `receipt`: the last one.
    """

    format: Literal["huimin/voter/v1"] = "huimin/voter/v1"
    edition: EditionId
    vkey: str
    key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    point: Annotated[bytes, Meta(max_length=65)] = b""
    blinding: Blinding | None = None
    sent_code: SentCode | None = None
    credential: Annotated[bytes, Meta(max_length=256)] = b""
    seq: Annotated[int, Meta(ge=0, le=2**32 - 2)] = 0
    pending: Ballot | None = None
    receipt: Receipt | None = None

    def __repr__(self) -> str:
        """Without the key and the choices, so that no traceback shows them."""
        return f"VoterFile(edition={self.edition!r}, seq={self.seq})"

    @property
    def private_key(self) -> ec.EllipticCurvePrivateKey:
        """The key that signs the ballots."""
        return ec.derive_private_key(int.from_bytes(self.key), _CURVE)

    @property
    def public_key(self) -> bytes:
        """The 65-byte point that a credential is issued for."""
        return voter_key_bytes(self.private_key)

    @property
    def verifier(self) -> Verifier:
        """What verifies the log."""
        return Verifier.parse(self.vkey)

    def with_credential(self, credential: bytes) -> "VoterFile":
        """The same voter once the credential was got; the way to it is forgotten."""
        return replace(self, credential=credential, blinding=None, sent_code=None)


def new_voter(edition: str, vkey: str) -> VoterFile:
    """A voter with a fresh key and without a credential; raises `BadKey` for a bad `vkey`."""
    Verifier.parse(vkey)
    key = ec.generate_private_key(_CURVE)
    scalar = key.private_numbers().private_value
    return VoterFile(
        edition=edition, vkey=vkey, key=scalar.to_bytes(32), point=voter_key_bytes(key)
    )


def load_voter(file: Path) -> VoterFile:
    """The voter in a file; raises `UnusableVoterFile`, which never says what the file holds."""
    try:
        with file.open("rb") as stream:
            voter = msgspec.json.decode(stream.read(MAX_VOTER_FILE_BYTES), type=VoterFile)
        _ = voter.verifier, voter.private_key  # unusable ones are found here rather than later
        if voter.point not in (b"", voter.public_key):
            raise ValueError("its point is not that of its key")
    except OSError as error:
        raise UnusableVoterFile(f"{file} cannot be read: {error.strerror}") from error
    except (LogFormatError, ValueError, *UNREADABLE_JSON) as error:
        raise UnusableVoterFile(f"{file} is no voter's file: {error}") from error
    return voter


def save_voter(file: Path, voter: VoterFile) -> None:
    """Write or replace the file, readable by its owner alone; raises `UnusableVoterFile`."""
    text = msgspec.json.format(msgspec.json.encode(voter)) + b"\n"
    try:
        write_atomically(file, text, mode=0o600)
    except OSError as error:
        raise UnusableVoterFile(f"{file} cannot be written: {error.strerror}") from error
