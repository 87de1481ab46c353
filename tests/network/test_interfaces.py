"""LocalAddress and the type of several interfaces."""

from __future__ import annotations

import itertools

import pytest

from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.interfaces import LocalAddress, common_connection_type


@pytest.mark.parametrize(
    "address, is_usable, is_link_local",
    [
        ("10.0.0.1", True, False),
        ("169.254.7.7", True, False),
        ("127.0.0.1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("::1", False, False),
        ("2001:db8::1", True, False),
        ("fe80::1", True, True),
        ("febf::1", True, True),
        ("fec0::1", True, False),
        ("fe8::1", True, False),
    ],
)
def test_kinds_of_addresses(address: str, is_usable: bool, is_link_local: bool) -> None:
    """Loopback and unspecified ones lead nowhere; fe80::/10 is the link's own."""
    local = LocalAddress(address)
    assert (local.is_usable, local.is_link_local) == (is_usable, is_link_local)
    assert local.is_ipv6 == (":" in address)


def test_common_connection_type() -> None:
    """Chromium's ConnectionTypeFromInterfaceList: none is NONE, one is its own, two agree or are UNKNOWN."""
    assert common_connection_type([]) == ConnectionType.NONE
    for one, other in itertools.product(ConnectionType, ConnectionType):
        assert common_connection_type([one]) == one
        assert common_connection_type([one, other]) == (one if one == other else ConnectionType.UNKNOWN)
