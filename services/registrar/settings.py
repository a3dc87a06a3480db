"""Settings of the registrar; see `shared.service.settings` for how they are read."""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from msgspec import Meta

from shared.edition.manifest import LogIdentity
from shared.log.encoding import parse_base64
from shared.log.errors import LogFormatError
from shared.service.client_address import Network, parse_networks
from shared.service.settings import BadSettings, Port, ServiceSettings

KEY_BYTES: Final = 32

Limit = Annotated[int, Meta(ge=1, le=2**31 - 1)]

T = TypeVar("T")


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """Environment variables `HUIMIN_REGISTRAR_*`, in the order of the fields.

    `key` (base64 of 32 bytes) is the secret from which everything here is derived: without it no
    person can be recognised and no phone read. `desk_token` is what the registrar's desk shows.
    `ballot_url` is the ballot service, and `log_origin` and `log_key` are those of its logs.
    `trusted_proxies` are networks whose `X-Forwarded-For` is believed. `phone_prefixes` (with +,
    separated by commas) are those that people may give in mode `phone`: messages abroad cost money,
    and there are numbers that share in it. The rest are caps: codes a person may ask for, codes
    sent to one phone, and requests from one block of addresses.
    """

    key: str
    desk_token: Annotated[str, Meta(min_length=32, max_length=512)]
    ballot_url: Annotated[str, Meta(pattern=r"^https?://[^\s]+\Z")]
    log_origin: Annotated[str, Meta(pattern=r"^[^\s+]{1,120}\Z")]
    log_key: str
    port: Port = 8100
    trusted_proxies: str = ""
    phone_prefixes: Annotated[str, Meta(pattern=r"^\+[0-9]{1,12}(,\+[0-9]{1,12})*\Z")] = "+86"
    proof_of_work: bool = False
    proof_of_work_cost: Annotated[int, Meta(ge=1, le=1_000_000)] = 5_000
    person_per_hour: Limit = 5
    person_per_day: Limit = 10
    phone_per_day: Limit = 12
    block_per_hour: Limit = 300
    edition_per_day: Limit = 100_000
    guesses_per_hour: Limit = 600
    counter_guesses_per_hour: Limit = 120
    waiting_codes: Limit = 2_000

    def __repr__(self) -> str:
        """Without the secrets."""
        return "Settings()"


def secret_key(settings: Settings) -> bytes:
    """The key's 32 bytes; raises `BadSettings`."""
    return _parsed("KEY", lambda: _key(settings.key))


def log_identity(settings: Settings) -> LogIdentity:
    """Prefix of the logs' origins, and their key; raises `BadSettings`."""
    key = _parsed("LOG_KEY", lambda: _key(settings.log_key))
    return LogIdentity(origin=settings.log_origin, key=key)


def trusted_proxies(settings: Settings) -> tuple[Network, ...]:
    """The networks of proxies that are believed; raises `BadSettings`."""
    return _parsed("TRUSTED_PROXIES", lambda: parse_networks(settings.trusted_proxies))


def _parsed(name: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except ValueError as error:
        raise BadSettings(f"HUIMIN_REGISTRAR_{name}: {error}") from None


def _key(encoded: str) -> bytes:
    try:
        key = parse_base64(encoded)
    except LogFormatError:
        raise ValueError("it is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"it must have {KEY_BYTES} bytes, not {len(key)}")
    return key
