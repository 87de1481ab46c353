"""AddressTracker: the addresses and online links that rtnetlink has told of (Chromium's AddressTrackerLinux)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.interfaces import LocalAddress, NetworkState, common_connection_type
from netstack_sync.network.rtnetlink import (
    ADDRESS_DAD_FAILED,
    ADDRESS_OPTIMISTIC,
    ADDRESS_TEMPORARY,
    ADDRESS_TENTATIVE,
    AddressMessage,
    LinkMessage,
)

_TUNNEL_PREFIX: Final = "tun"  # drivers/net/tun.c
_INNER_PREFIXES: Final = (_TUNNEL_PREFIX, "vmnet")  # run over other links, or lead to virtual machines only

# systemd.net-naming-scheme(7), and wlan0 as ever. The kernel's old question for wireless interfaces
# (SIOCGIWNAME) is not answered for all of them any more.
_TYPES_BY_PREFIX: Final = (
    ("wl", ConnectionType.WIFI),
    ("ww", ConnectionType.UNKNOWN),  # cellular, of which generation nobody knows
    ("bnep", ConnectionType.BLUETOOTH),
)

# Duplicate address detection is not through, or found one: nothing can be sent from it.
_UNUSABLE: Final = ADDRESS_TENTATIVE | ADDRESS_OPTIMISTIC | ADDRESS_DAD_FAILED


class _OnlineLink(NamedTuple):
    name: str
    connection_type: ConnectionType


class AddressTracker:
    """Takes messages, gives states; does no I/O but `is_wireless`, which is asked about the name of a new link."""

    __slots__ = ("_addresses", "_ignored", "_ignored_names", "_is_wireless", "_online")

    def __init__(self, ignored_names: Collection[str], is_wireless: Callable[[str], bool]) -> None:
        self._ignored_names = ignored_names
        self._is_wireless = is_wireless
        self._ignored: set[int] = set()
        self._addresses: dict[tuple[int, str, int], LocalAddress] = {}
        self._online: dict[int, _OnlineLink] = {}

    def handle(self, message: AddressMessage | LinkMessage) -> bool:
        """Notes what one message says; False when it says nothing new."""
        if isinstance(message, AddressMessage):
            return self._handle_address(message)
        return self._handle_link(message)

    def state(self) -> NetworkState:
        """What the messages so far add up to.

        Quiet is what comes and goes without any harm to the connections of other addresses: temporary IPv6 addresses
        (RFC 8981), as in today's Chromium, and link-local ones, which come with every container.
        """
        addresses = [address for address in self._addresses.values() if address.interface not in self._ignored]
        quiet = frozenset([address for address in addresses if _is_quiet(address)])
        return NetworkState(
            frozenset(addresses) - quiet,
            frozenset([index for index, link in self._online.items() if link.name.startswith(_TUNNEL_PREFIX)]),
            self._connection_type(addresses),
            quiet,
        )

    def _handle_address(self, message: AddressMessage) -> bool:
        address = message.address
        if not address.is_usable:
            return False
        key = (address.interface, address.address, address.prefix_length)
        if message.is_removal or (address.is_ipv6 and address.flags & _UNUSABLE):
            return self._addresses.pop(key, None) is not None
        known = self._addresses.get(key)
        self._addresses[key] = address
        return known != address

    def _handle_link(self, message: LinkMessage) -> bool:
        index = message.interface
        was_ignored = index in self._ignored
        is_ignored = message.name in self._ignored_names and not message.is_removal
        if is_ignored:
            self._ignored.add(index)
        else:
            self._ignored.discard(index)
        known = self._online.get(index)
        if message.is_removal or is_ignored or not message.is_online:
            self._online.pop(index, None)
            return known is not None or was_ignored != is_ignored
        if known is not None and known.name == message.name:
            return False
        self._online[index] = _OnlineLink(message.name, self._type_of(message))
        return True

    def _type_of(self, link: LinkMessage) -> ConnectionType:
        for prefix, connection_type in _TYPES_BY_PREFIX:
            if link.name.startswith(prefix):
                return connection_type
        if not link.is_ethernet:
            return ConnectionType.UNKNOWN
        is_wireless = not link.is_virtual and self._is_wireless(link.name)
        return ConnectionType.WIFI if is_wireless else ConnectionType.ETHERNET

    def _connection_type(self, addresses: list[LocalAddress]) -> ConnectionType:
        """NONE only if no online link has any address: with no more than a tunnel, which Chromium counts for nothing,
        a machine is not offline.
        """
        links = [
            (address, self._online[address.interface]) for address in addresses if address.interface in self._online
        ]
        outer = [
            link for address, link in links if not (address.is_link_local or link.name.startswith(_INNER_PREFIXES))
        ]
        if links and not outer:
            return ConnectionType.UNKNOWN
        return common_connection_type([link.connection_type for link in outer])


def _is_quiet(address: LocalAddress) -> bool:
    return address.is_link_local or (address.is_ipv6 and bool(address.flags & ADDRESS_TEMPORARY))
