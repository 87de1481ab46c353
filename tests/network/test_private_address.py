"""Private addresses are told from those of the network outside."""

from __future__ import annotations

import pytest

from netstack_sync.network.private_address import is_private


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.255",
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "::1",
        "::",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "::ffff:a00:1",
    ],
)
def test_addresses_of_this_machine_and_its_network(address: str) -> None:
    """Loopback, private, link-local, and mapped ones."""
    assert is_private(address)


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::2", "::ffff:8.8.8.8"]
)
def test_addresses_outside(address: str) -> None:
    """Everything else, those of documentation included."""
    assert not is_private(address)


def test_a_name_is_no_address() -> None:
    """The caller has connected, so it knows the address."""
    with pytest.raises(ValueError, match="localhost"):
        is_private("localhost")
