"""What the network looks like from this machine at one moment, as values that can be compared."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from netstack_sync.network.connection_type import ConnectionType


class LocalAddress(NamedTuple):
    """One address of one interface; unequal when anything changed that connections may notice."""

    address: str
    prefix_length: int = 0
    interface: int = 0  # the system's number of it
    flags: int = 0  # IFA_F_... of Linux

    @property
    def is_ipv6(self) -> bool:
        """Whether it is no IPv4 address."""
        return ":" in self.address

    @property
    def is_usable(self) -> bool:
        """Whether other machines may be reached from it: no loopback address, and not all zeroes."""
        return not self.address.startswith("127.") and self.address not in ("::1", "::", "0.0.0.0")

    @property
    def is_link_local(self) -> bool:
        """Whether it is in fe80::/10, of which every interface has one, if it leads anywhere or not."""
        first, colon, _ = self.address.partition(":")
        return bool(colon) and len(first) == 4 and first.startswith(("fe8", "fe9", "fea", "feb"))


class NetworkState(NamedTuple):
    """What is compared to find out what changed."""

    addresses: frozenset[LocalAddress]
    tunnels: frozenset[int]
    """Interfaces of tunnels that are up: routes come and go with them."""
    connection_type: ConnectionType
    quiet_addresses: frozenset[LocalAddress] = frozenset()
    """Those that may come and go without being a change of the network."""


def common_connection_type(types: Collection[ConnectionType]) -> ConnectionType:
    """The type of a machine whose interfaces are of these types: theirs if they agree (network_change_notifier.cc)."""
    distinct = set(types)
    if not distinct:
        return ConnectionType.NONE
    return distinct.pop() if len(distinct) == 1 else ConnectionType.UNKNOWN
