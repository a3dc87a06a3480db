"""What the relay publishes and the tally consumes: runs of log entries, each up to a checkpoint.

NATS is a rebuildable copy of the log: one JetStream stream for each log, one message for each run.
A run ends exactly where a signed checkpoint ends, so whoever receives it can verify all of it.
"""

import msgspec
from msgspec import Struct


class Run(Struct, frozen=True):
    """Entries `start` .. up to the size in `checkpoint` (a signed note), in bundle framing.

    `openings` has one record for each entry, empty where the entry is no ballot or is sealed.
    """

    start: int
    entries: bytes
    openings: bytes
    checkpoint: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Run)


def encode_run(run: Run) -> bytes:
    """The message payload."""
    return _encoder.encode(run)


def decode_run(payload: bytes) -> Run:
    """The run in a payload; raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
    return _decoder.decode(payload)
