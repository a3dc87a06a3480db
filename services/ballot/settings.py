"""Settings of the ballot service; see `shared.service.settings` for how they are read."""

from typing import Annotated

from msgspec import Meta

from shared.service.pages import PublicUrl, PublicUrls
from shared.service.settings import Port, ServiceSettings


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Environment variables `HUIMIN_BALLOT_*`, in the order of the fields.

    `log_origin` is the prefix of all log origins of this service, without a schema;
    `log_key_seed` the base64 of the 32-byte Ed25519 seed that signs checkpoints. `announcers` is a
    directory of officers' public keys (`*.pub`) who may announce editions; `checkpoint_copies` is a
    directory, best on another disk, to which published checkpoints are copied. `registrar_url`,
    `tally_url` and `notify_url` are where browsers reach these services; empty: where they reach
    the ballot service.
    """

    log_origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,120}$")]
    log_key_seed: str
    announcers: str
    checkpoint_copies: str
    port: Port = 8080
    queue_limit: Annotated[int, Meta(ge=1)] = 4096
    registrar_url: PublicUrl = ""
    tally_url: PublicUrl = ""
    notify_url: PublicUrl = ""


def public_urls(settings: Settings) -> PublicUrls:
    """Where browsers reach the services."""
    return PublicUrls(
        registrar=settings.registrar_url,
        tally=settings.tally_url,
        notify=settings.notify_url,
    )
