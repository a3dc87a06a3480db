"""Settings of the tally service; see `shared.service.settings` for how they are read."""

from typing import Annotated

from msgspec import Meta, Struct


class Settings(Struct, frozen=True, kw_only=True):
    """Environment variables `HUIMIN_TALLY_*`, in the order of the fields.

    `log_url` is the base URL of the ballot service whose logs are counted. `log_origin` (the prefix
    of all its log origins, without a schema) and `log_key` (base64 of its 32-byte Ed25519 public
    key) are all that the tally trusts.
    """

    database_url: str
    nats_url: str
    nats_nkey_seed: str
    log_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")]
    log_origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,120}\Z")]
    log_key: str
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8090
    log_level: str = "info"
