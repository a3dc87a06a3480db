"""Receipts: what one proves, checked offline against the log's key.

A receipt proves that an entry stands at its index in the log that the key signed, and that the log
had at least the checkpoint's size. It does not show the choices, nor that no later ballot of the
same key counts instead; for the whole log there is the audit.
"""

import msgspec
from msgspec import Struct

from shared.client.errors import BadReceipt
from shared.edition.ballot import Ballot, committed
from shared.edition.commands import SignedCommand
from shared.edition.errors import UNREADABLE_JSON
from shared.edition.events import BallotCast, Event, decode_event
from shared.edition.views import Receipt
from shared.log.checkpoint import Checkpoint
from shared.log.errors import LogFormatError
from shared.log.note import Verifier
from shared.log.tlog_proof import TlogProof, verify

MAX_RECEIPT_BYTES = 1_000_000
"""Longest receipt that is read: an entry in base64, a path and a checkpoint stay far below."""

_decoder = msgspec.json.Decoder(Receipt)


class Proven(Struct, frozen=True):
    """What a verified receipt proves: this event stands at `index` of the log at `checkpoint`."""

    index: int
    event: Event
    checkpoint: Checkpoint


def decode_receipt(data: bytes) -> Receipt:
    """The receipt in a saved file or an answer; raises `BadReceipt`."""
    if len(data) > MAX_RECEIPT_BYTES:
        raise BadReceipt(f"{len(data)} bytes are over the limit of {MAX_RECEIPT_BYTES}")
    try:
        return _decoder.decode(data)
    except UNREADABLE_JSON as error:
        raise BadReceipt(f"it is no receipt: {error}") from error


def stated_origin(receipt: Receipt) -> str:
    """The origin of the log that the receipt is said to come from; raises `BadReceipt`."""
    try:
        checkpoint = TlogProof.decode(receipt.proof.encode()).checkpoint
    except ValueError as error:
        raise BadReceipt(f"its proof cannot be read: {error}") from error
    return checkpoint.partition(b"\n")[0].decode(errors="replace")


def verify_receipt(receipt: Receipt, verifier: Verifier) -> Proven:
    """What the receipt proves, if `verifier` is the log's key; raises `BadReceipt`."""
    try:
        proof = TlogProof.decode(receipt.proof.encode())
        checkpoint = verify(proof, receipt.entry, verifier)
    except (LogFormatError, UnicodeEncodeError) as error:
        raise BadReceipt(f"its proof fails: {error}") from error
    if receipt.index != proof.index:
        raise BadReceipt(f"it names index {receipt.index} and its proof {proof.index}")
    try:
        event = decode_event(receipt.entry)
    except UNREADABLE_JSON as error:
        raise BadReceipt(f"its entry is no event: {error}") from error
    if event.edition != receipt.edition:
        raise BadReceipt(f"it names edition {receipt.edition!r} and its entry {event.edition!r}")
    return Proven(proof.index, event, checkpoint)


def verify_ballot_receipt(
    receipt: Receipt, edition: str, ballot: Ballot, verifier: Verifier
) -> Proven:
    """As `verify_receipt`, and that the entry is exactly this ballot; raises `BadReceipt`.

    The signature may be another of the same key: ECDSA gives a new one each time a ballot is made.
    """
    proven = verify_receipt(receipt, verifier)
    event = proven.event
    if not isinstance(event, BallotCast):
        raise BadReceipt(f"its entry is no ballot but {type(event).__name__}")
    for what, stated, mine in (
        ("edition", event.edition, edition),
        ("key", event.key, ballot.key),
        ("seq", event.seq, ballot.seq),
        ("commitment", event.commitment, committed(ballot)),
        ("credential", event.credential, ballot.credential),
    ):
        if stated != mine:
            raise BadReceipt(f"its entry has another {what} than the ballot that was sent")
    return proven


def verify_command_receipt(receipt: Receipt, signed: SignedCommand, verifier: Verifier) -> Proven:
    """As `verify_receipt`, and that the event embeds these command bytes; raises `BadReceipt`."""
    proven = verify_receipt(receipt, verifier)
    if isinstance(proven.event, BallotCast) or proven.event.signed.command != signed.command:
        raise BadReceipt("its entry is not the event of the command that was sent")
    return proven
