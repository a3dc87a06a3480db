"""Receipts: what a voter or an officer gets for an entry, complete when the entry is committed."""

import msgspec

from services.ballot import store, tree
from services.ballot.edition import Edition
from services.ballot.store import Executor
from shared.edition.views import Receipt
from shared.log.tlog_proof import TlogProof

_encoder = msgspec.json.Encoder()


def encode_receipt(edition: str, entry: bytes, proof: TlogProof) -> bytes:
    """The receipt (JSON) of an entry."""
    return _encoder.encode(
        Receipt(edition=edition, index=proof.index, entry=entry, proof=proof.encode().decode())
    )


async def read_receipt(db: Executor, edition: Edition, index: int) -> bytes:
    """The receipt (JSON) of an entry as it was first given: for the checkpoint of its batch."""
    size, note = await store.checkpoint_covering(db, edition.name, index)
    path = await tree.inclusion_path(db, edition.name, index, size)
    [entry] = await store.entries(db, edition.name, index, index + 1)
    return encode_receipt(edition.name, entry, TlogProof(index, tuple(path), note))
