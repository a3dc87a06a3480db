"""Settings of the ballot service; see `shared.service.settings` for how they are read."""

from typing import Annotated

from msgspec import Meta, Struct


class Settings(Struct, frozen=True, kw_only=True):
    """Environment variables `HUIMIN_BALLOT_*`, in the order of the fields.

    `log_origin` is the prefix of all log origins of this service, without a schema;
    `log_key_seed` the base64 of the 32-byte Ed25519 seed that signs checkpoints. `announcers` is a
    directory of officers' public keys (`*.pub`) who may announce editions; `checkpoint_copies` is a
    directory, best on another disk, to which published checkpoints are copied.
    """

    database_url: str
    nats_url: str
    nats_nkey_seed: str
    log_origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,120}$")]
    log_key_seed: str
    announcers: str
    checkpoint_copies: str
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8080
    queue_limit: Annotated[int, Meta(ge=1)] = 4096
    log_level: str = "info"
