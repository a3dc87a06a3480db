"""Which addresses a stranger's URL may lead us to: public unicast ones, none of our own network.

The rule is applied to the address that a socket is about to connect to, not to a name or to an
answer of DNS, so that it makes no difference how a URL spells its host or how often it resolves.
"""

import socket
from ipaddress import IPv4Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp import AddrInfoType

from services.notify.channels.http import AddressRefused

_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_EMBEDDING: Final = (
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address in disguise
    IPv6Network("3fff::/20"),  # documentation
)
_PROTOCOL_ASSIGNMENTS: Final = ip_network("192.0.0.0/24")


def is_public(address: str) -> bool:
    """Whether an IP address in text is public unicast; raises `ValueError` if it is none."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not parsed.is_multicast and parsed not in _PROTOCOL_ASSIGNMENTS
    # Outside 2000::/3 are the mapped, translated (NAT64), local and multicast addresses.
    return (
        parsed in _GLOBAL_UNICAST
        and parsed.is_global
        and not any(parsed in network for network in _EMBEDDING)
    )


def public_socket(address: AddrInfoType) -> socket.socket:
    """A socket for `address`; raises `AddressRefused` for one that is not public."""
    family, kind, protocol, _name, (host, *_rest) = address
    if not is_public(str(host)):
        raise AddressRefused("the host's address is not public")
    return socket.socket(family, kind, protocol)
