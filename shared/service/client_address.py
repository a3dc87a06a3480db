"""Where a request comes from, as coarsely as counting needs it: a block of addresses.

An IPv4 client is known by its /24, an IPv6 client by its /48: one household or site has many
addresses, and a finer look would only make a person easier to find. Forwarded addresses are
believed only as far as proxies that the operator named wrote them (`X-Forwarded-For`, the de-facto
standard; RFC 7239's `Forwarded` is not read). Nothing here is stored or logged.
"""

from collections.abc import Iterator, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

from litestar.types import Scope

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

IPV4_PREFIX: Final = 24
IPV6_PREFIX: Final = 48
LOCAL: Final = "local"
"""The block of a client without an address: one on a Unix socket."""

_MAX_HOPS: Final = 20


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks in a comma separated list of addresses and CIDR blocks; raises `ValueError`."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def address_block(scope: Scope, trusted_proxies: Sequence[Network]) -> str:
    """The client's block in text: a.b.c.0/24 or x:y:z::/48.

    The client is the hop nearest to us that is not one of `trusted_proxies`; what lies beyond it is
    only what that client claims. A hop that is no address ends the search at the one before it.
    """
    client = scope["client"]
    peer = _address(client[0]) if client else None
    if peer is None:
        return LOCAL
    for hop in _forwarded(scope):
        if not _within(peer, trusted_proxies):
            break
        address = _address(hop)
        if address is None:
            break
        peer = address
    prefix = IPV4_PREFIX if isinstance(peer, IPv4Address) else IPV6_PREFIX
    return str(ip_network(f"{peer}/{prefix}", strict=False))


def _forwarded(scope: Scope) -> Iterator[str]:
    """What `X-Forwarded-For` names, nearest first, over all headers of that name."""
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = b",".join(lines).decode("latin-1").split(",")
    return (hop.strip() for hop in reversed(hops[-_MAX_HOPS:]))


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
