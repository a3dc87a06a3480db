"""Settings of the tally service; see `shared.service.settings` for how they are read."""

from typing import Annotated, Final

from msgspec import Meta

from shared.edition.manifest import LogIdentity
from shared.log.encoding import parse_base64
from shared.log.errors import LogFormatError
from shared.service.pages import PublicUrl, PublicUrls
from shared.service.settings import BadSettings, Port, ServiceSettings

KEY_BYTES: Final = 32


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Environment variables `HUIMIN_TALLY_*`, in the order of the fields.

    `log_url` is the base URL of the ballot service whose logs are counted. `log_origin` (the prefix
    of all its log origins, without a schema) and `log_key` (base64 of its 32-byte Ed25519 public
    key) are all that the tally trusts. `ballot_url`, `registrar_url` and `notify_url` are where
    browsers reach these services; empty: where they reach the tally.
    """

    log_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")]
    log_origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,120}\Z")]
    log_key: str
    port: Port = 8090
    ballot_url: PublicUrl = ""
    registrar_url: PublicUrl = ""
    notify_url: PublicUrl = ""


def public_urls(settings: Settings) -> PublicUrls:
    """Where browsers reach the services."""
    return PublicUrls(
        ballot=settings.ballot_url,
        registrar=settings.registrar_url,
        notify=settings.notify_url,
    )


def log_identity(settings: Settings) -> LogIdentity:
    """Prefix of the logs' origins, and their key; raises `BadSettings`."""
    try:
        return LogIdentity(origin=settings.log_origin, key=_key(settings.log_key))
    except LogFormatError as error:
        raise BadSettings(f"HUIMIN_TALLY_LOG_KEY: {error}") from error


def _key(encoded: str) -> bytes:
    key = parse_base64(encoded)
    if len(key) != KEY_BYTES:
        raise LogFormatError(f"an Ed25519 public key has {KEY_BYTES} bytes, not {len(key)}")
    return key
