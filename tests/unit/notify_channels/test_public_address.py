"""Which addresses a stranger's URL may lead us to."""

import socket

import pytest

from services.notify.channels.http import AddressRefused
from services.notify.channels.public_address import is_public, public_socket


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2400:3200::1", "2606:4700::"])
def test_public_addresses(address: str) -> None:
    """Public unicast addresses are public."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::8.8.8.8",
        "::ffff:8.8.8.8",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2001:0:1::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "fc00::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not(address: str) -> None:
    """Private, local, multicast, reserved and translated addresses are not public."""
    assert not is_public(address)


def test_a_socket_for_a_public_address() -> None:
    """A public address gets a socket, which is not connected yet."""
    with public_socket(
        (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("8.8.8.8", 443))
    ) as made:
        assert made.family is socket.AF_INET


def test_no_socket_for_a_private_one() -> None:
    """A private address gets none, and the refusal does not name it."""
    with pytest.raises(AddressRefused) as refused:
        public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 443)))
    assert "10.0.0.1" not in str(refused.value)
