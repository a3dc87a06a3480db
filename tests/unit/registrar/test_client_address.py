"""Blocks of client addresses: as coarse as they should be, and not to be made up."""

from typing import Any, cast

import pytest
from litestar.types import Scope

from shared.service.client_address import address_block, parse_networks

PROXIES = parse_networks("10.0.0.0/8, 127.0.0.1, ::1")


def block(peer: str | None, *forwarded: str) -> str:
    scope: dict[str, Any] = {
        "client": None if peer is None else (peer, 1234),
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }
    return address_block(cast("Scope", scope), PROXIES)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        (None, "local"),
        ("", "local"),
    ],
)
def test_a_client_is_known_by_its_block(peer: str | None, expected: str) -> None:
    """/24 and /48; a mapped address is the IPv4 one."""
    assert block(peer) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.0/24"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.0/24"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.0/24"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1, 10.9.9.9"], "198.51.100.0/24"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.0/24"),
        ("10.0.0.1", ["[2001:db8::1]"], "2001:db8::/48"),
        ("10.0.0.1", [], "10.0.0.0/24"),
        ("10.0.0.1", ["nonsense"], "10.0.0.0/24"),
        ("10.0.0.1", ["198.51.100.1, , 10.9.9.9"], "10.9.9.0/24"),
        ("10.0.0.1", [", ".join(["10.0.0.2"] * 1_000)], "10.0.0.0/24"),
    ],
)
def test_only_trusted_proxies_name_a_client(peer: str, forwarded: list[str], expected: str) -> None:
    """The nearest hop that is none of them is the client, whatever stands beyond it."""
    assert block(peer, *forwarded) == expected


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.example", "10.0.0.1/8"])
def test_networks_that_are_none(text: str) -> None:
    """A wrong list is refused rather than read in some way."""
    with pytest.raises(ValueError, match=r"."):
        parse_networks(text)


def test_no_networks() -> None:
    """An empty list trusts nobody."""
    assert parse_networks("") == ()
