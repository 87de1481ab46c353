"""AddressTracker: which messages change the state of the network, told with the kernel's own bytes."""

from __future__ import annotations

import pytest

from netstack_sync.network.address_tracker import AddressTracker
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.network.rtnetlink import DumpMessage, parse_messages
from tests.support.netlink import (
    DELADDR,
    DELLINK,
    DELROUTE,
    DEPRECATED,
    LOOPBACK,
    LOWER_UP,
    NEWADDR,
    NEWLINK,
    NO_ARP,
    ONLINE,
    PERMANENT,
    POINT_TO_POINT,
    RUNNING,
    TEMPORARY,
    TENTATIVE,
    UP,
    address_message,
    link_message,
)

ETH, WIFI, OTHER, TUN, ACCESS_POINT = 2, 3, 4, 123, 456


class Kernel:
    """Feeds one tracker with datagrams."""

    def __init__(self, *ignored: str) -> None:
        self.asked: list[str] = []
        self.tracker = AddressTracker(ignored, self._is_wireless)

    def says(self, *messages: bytes) -> bool:
        """Whether the tracker found any of it new."""
        is_news = False
        for message in parse_messages(b"".join(messages)):
            assert not isinstance(message, DumpMessage)
            is_news |= self.tracker.handle(message)
        return is_news

    @property
    def addresses(self) -> set[str]:
        """Those of the state."""
        return {address.address for address in self.tracker.state().addresses}

    @property
    def flags(self) -> dict[str, int]:
        """Of each address."""
        return {address.address: address.flags for address in self.tracker.state().addresses}

    @property
    def connection_type(self) -> str:
        """Its name."""
        return self.tracker.state().connection_type.name

    def _is_wireless(self, name: str) -> bool:
        self.asked.append(name)
        return name == "ra0"


def test_new_address() -> None:
    """Row 232 (NewAddress): IPv4 with its peer's address or without, and IPv6."""
    kernel = Kernel()
    assert kernel.says(address_message(NEWADDR, ETH, "10.0.0.1", flags=TEMPORARY))
    assert kernel.says(address_message(NEWADDR, ETH, "10.0.0.2", "192.168.0.1", flags=PERMANENT))
    assert kernel.says(address_message(NEWADDR, ETH, local="2001:db8::1"))
    assert kernel.flags == {"10.0.0.1": TEMPORARY, "192.168.0.1": PERMANENT, "2001:db8::1": 0}


def test_new_address_change() -> None:
    """Row 232 (NewAddressChange): flags or the length of the prefix, also twice in one datagram."""
    kernel = Kernel()
    temporary = address_message(NEWADDR, ETH, "10.0.0.1", flags=TEMPORARY)
    permanent = address_message(NEWADDR, ETH, "10.0.0.1", flags=PERMANENT)
    assert kernel.says(temporary)
    assert kernel.says(permanent) and kernel.flags == {"10.0.0.1": PERMANENT}
    assert kernel.says(temporary, permanent) and kernel.flags == {"10.0.0.1": PERMANENT}
    before = kernel.tracker.state()
    assert kernel.says(address_message(NEWADDR, ETH, "10.0.0.1", flags=PERMANENT, prefix_length=16))
    assert kernel.tracker.state() != before


def test_new_address_duplicate() -> None:
    """Row 232 (NewAddressDuplicate): no change, also when only the lifetime is another one."""
    kernel = Kernel()
    assert kernel.says(address_message(NEWADDR, ETH, "10.0.0.1", "10.0.0.1", preferred_s=600))
    before = kernel.tracker.state()
    assert not kernel.says(address_message(NEWADDR, ETH, "10.0.0.1", "10.0.0.1", preferred_s=500))
    assert kernel.tracker.state() == before


def test_one_address_on_two_interfaces() -> None:
    """They do not replace each other, as they do in Chromium."""
    kernel = Kernel()
    assert kernel.says(address_message(NEWADDR, ETH, "10.0.0.1"), address_message(NEWADDR, OTHER, "10.0.0.1"))
    assert not kernel.says(address_message(NEWADDR, ETH, "10.0.0.1"))
    assert kernel.says(address_message(DELADDR, ETH, "10.0.0.1")) and kernel.addresses == {"10.0.0.1"}


def test_delete_address() -> None:
    """Row 232 (DeleteAddress): what is not known is no change."""
    kernel = Kernel()
    kernel.says(address_message(NEWADDR, ETH, "10.0.0.1"), address_message(NEWADDR, ETH, "10.0.0.2", "10.0.0.3"))
    assert kernel.says(address_message(DELADDR, ETH, local="10.0.0.1")) and kernel.addresses == {"10.0.0.3"}
    assert not kernel.says(address_message(DELADDR, ETH, "10.0.0.3", "10.0.0.2"))
    assert kernel.says(address_message(DELADDR, ETH, "10.0.0.3")) and kernel.addresses == set()


def test_deprecated_lifetime() -> None:
    """Row 232 (DeprecatedLifetime): no preferred lifetime is a change once, with the flag or without."""
    kernel = Kernel()
    kernel.says(address_message(NEWADDR, ETH, local="2001:db8::1"))
    assert kernel.says(address_message(NEWADDR, ETH, local="2001:db8::1", preferred_s=0))
    assert kernel.flags == {"2001:db8::1": DEPRECATED}
    assert not kernel.says(address_message(NEWADDR, ETH, local="2001:db8::1", preferred_s=0, flags=DEPRECATED))
    assert not kernel.says(address_message(NEWADDR, ETH, local="2001:db8::1", preferred_s=0))
    assert kernel.flags == {"2001:db8::1": DEPRECATED}


def test_ignored_message() -> None:
    """Row 232 (IgnoredMessage): another family, no address, another type; what follows counts."""
    kernel = Kernel()
    assert not kernel.says(
        address_message(NEWADDR, ETH, "2001:db8::1", "10.0.0.1", family=0),
        address_message(NEWADDR, ETH),
        address_message(DELROUTE, ETH, "2001:db8::1"),
    )
    assert kernel.says(address_message(NEWADDR, 0, "10.0.0.1", prefix_length=0, preferred_s=0))
    assert kernel.addresses == {"10.0.0.1"}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::"])
def test_addresses_that_lead_nowhere(address: str) -> None:
    """Nobody else is reached from the loopback."""
    assert not Kernel().says(address_message(NEWADDR, 1, address))


@pytest.mark.parametrize(
    "flag", [TENTATIVE, TENTATIVE | 0x04, 0x04, 0x08], ids=["tentative", "both", "optimistic", "failed"]
)
def test_an_address_counts_when_it_is_usable(flag: int) -> None:
    """A new IPv6 address is one change, when duplicate address detection is through, and gone if that is done again."""
    kernel = Kernel()
    assert not kernel.says(address_message(NEWADDR, ETH, "2001:db8::1", flags=flag))
    assert kernel.addresses == set()
    assert kernel.says(address_message(NEWADDR, ETH, "2001:db8::1")) and kernel.addresses == {"2001:db8::1"}
    assert kernel.says(address_message(NEWADDR, ETH, "2001:db8::1", flags=flag)) and kernel.addresses == set()


def test_temporary_and_link_local_addresses_are_quiet() -> None:
    """Connections go on when privacy extensions make a new address, and when a container starts or ends."""
    kernel = Kernel()
    kernel.says(link_message(NEWLINK, ETH, "eth0"), address_message(NEWADDR, ETH, "2001:db8::1"))
    before = kernel.tracker.state()
    kernel.says(address_message(NEWADDR, ETH, "2001:db8::77", flags=TEMPORARY))
    kernel.says(link_message(NEWLINK, OTHER, "veth1", is_virtual=True), address_message(NEWADDR, OTHER, "fe80::1"))
    after = kernel.tracker.state()
    assert {address.address for address in after.quiet_addresses} == {"2001:db8::77", "fe80::1"}
    assert after._replace(quiet_addresses=frozenset()) == before
    kernel.says(address_message(DELADDR, ETH, "2001:db8::77"), address_message(DELADDR, OTHER, "fe80::1"))
    assert kernel.tracker.state() == before


def test_add_interface() -> None:
    """Row 232 (AddInterface): not the loopback, none without a carrier, no deletion, none twice, no wireless event."""
    kernel = Kernel()
    assert not kernel.says(link_message(NEWLINK, ETH, "eth0", ONLINE | LOOPBACK))
    assert not kernel.says(link_message(NEWLINK, ETH, "eth0", UP | RUNNING))
    assert not kernel.says(link_message(DELLINK, ETH, "eth0"))
    assert kernel.says(link_message(NEWLINK, ETH, "eth0"))
    assert not kernel.says(link_message(NEWLINK, ETH, "eth0"))
    assert not kernel.says(link_message(NEWLINK, WIFI, "wlan0", is_wireless_event=True))
    assert kernel.says(link_message(NEWLINK, WIFI, "wlan0"))


def test_remove_interface() -> None:
    """Row 232 (RemoveInterface): it loses its carrier or is deleted, which is a change once."""
    kernel = Kernel()
    kernel.says(link_message(NEWLINK, ETH, "eth0"))
    assert kernel.says(link_message(NEWLINK, ETH, "eth0", UP | RUNNING))
    assert not kernel.says(link_message(NEWLINK, ETH, "eth0", UP | RUNNING))
    assert not kernel.says(link_message(DELLINK, ETH, "eth0", UP | RUNNING))
    kernel.says(link_message(NEWLINK, ETH, "eth0"))
    assert kernel.says(link_message(DELLINK, ETH, "eth0"))
    kernel.says(link_message(NEWLINK, WIFI, "wlan0"))
    assert not kernel.says(link_message(NEWLINK, WIFI, "wlan0", UP | LOWER_UP, is_wireless_event=True))
    assert kernel.says(link_message(NEWLINK, WIFI, "wlan0", UP | RUNNING))


def test_ignore_interface() -> None:
    """Row 232 (IgnoreInterface): neither its link nor its addresses, also those that were told before its name."""
    kernel = Kernel("uap0", "lxc0")
    before = kernel.tracker.state()
    kernel.says(address_message(NEWADDR, ACCESS_POINT, "10.0.0.1"))
    kernel.says(link_message(NEWLINK, ACCESS_POINT, "uap0"), address_message(NEWADDR, ACCESS_POINT, "10.0.0.2"))
    assert kernel.tracker.state() == before
    assert kernel.says(link_message(DELLINK, ACCESS_POINT, "uap0"))
    assert not kernel.says(link_message(DELLINK, ACCESS_POINT, "uap0"))


def test_ignore_interface_others_count() -> None:
    """Row 232 (IgnoreInterface_NonIgnoredInterface); and one that gets or loses an ignored name."""
    kernel = Kernel("uap0")
    assert kernel.says(address_message(NEWADDR, ETH, "10.0.0.1"), link_message(NEWLINK, ETH, "eth0"))
    assert (kernel.addresses, kernel.connection_type) == ({"10.0.0.1"}, "ETHERNET")
    assert kernel.says(link_message(NEWLINK, ETH, "uap0"))
    assert (kernel.addresses, kernel.connection_type) == (set(), "NONE")
    assert not kernel.says(link_message(NEWLINK, ETH, "uap0"))
    assert kernel.says(link_message(NEWLINK, ETH, "eth0"))
    assert (kernel.addresses, kernel.connection_type) == ({"10.0.0.1"}, "ETHERNET")


def test_tunnel_interface() -> None:
    """Row 232 (TunnelInterface): those whose name begins with tun, once each way."""
    kernel = Kernel()
    tun_up = link_message(NEWLINK, TUN, "tun0", ONLINE | POINT_TO_POINT, hardware_type=NO_ARP)
    kernel.says(link_message(NEWLINK, ETH, "eth0", ONLINE | POINT_TO_POINT))
    assert kernel.tracker.state().tunnels == frozenset()
    assert kernel.says(tun_up) and kernel.tracker.state().tunnels == {TUN}
    assert not kernel.says(tun_up)
    assert not kernel.says(link_message(DELLINK, 0, ""))
    assert kernel.says(link_message(DELLINK, TUN, "tun0")) and kernel.tracker.state().tunnels == frozenset()
    assert not kernel.says(link_message(DELLINK, TUN, "tun0"))


@pytest.mark.parametrize(
    "name, options, expected",
    [
        ("eth0", {}, "ETHERNET"),
        ("enp0s31f6", {}, "ETHERNET"),
        ("wlan0", {}, "WIFI"),
        ("wlp3s0", {}, "WIFI"),
        ("ra0", {}, "WIFI"),
        ("ra0", {"is_virtual": True}, "ETHERNET"),
        ("wwan0", {}, "UNKNOWN"),
        ("bnep0", {}, "BLUETOOTH"),
        ("ppp0", {"hardware_type": 512}, "UNKNOWN"),
        ("wg0", {"hardware_type": NO_ARP}, "UNKNOWN"),
        ("tun0", {"hardware_type": NO_ARP}, "UNKNOWN"),
        ("vmnet1", {}, "UNKNOWN"),
    ],
)
def test_connection_type_of_one_link(name: str, options: dict[str, int], expected: str) -> None:
    """By its name and kind; a tunnel alone does not make a machine offline."""
    kernel = Kernel()
    kernel.says(link_message(NEWLINK, ETH, name, **options), address_message(NEWADDR, ETH, "10.0.0.1"))  # type: ignore[arg-type]
    assert kernel.connection_type == expected


def test_connection_type_of_several_links() -> None:
    """Theirs if they agree; tunnels run over the others and do not count."""
    kernel = Kernel()
    assert kernel.connection_type == "NONE"
    kernel.says(address_message(NEWADDR, ETH, "10.0.0.1"))
    assert kernel.connection_type == "NONE"  # its link is down
    kernel.says(link_message(NEWLINK, ETH, "eth0"), link_message(NEWLINK, OTHER, "eth1"))
    kernel.says(address_message(NEWADDR, OTHER, "10.0.1.1"))
    assert kernel.connection_type == "ETHERNET"
    kernel.says(link_message(NEWLINK, TUN, "tun0", hardware_type=NO_ARP), address_message(NEWADDR, TUN, "10.8.0.2"))
    assert kernel.connection_type == "ETHERNET"
    kernel.says(link_message(NEWLINK, WIFI, "wlan0"))
    assert kernel.connection_type == "ETHERNET"  # it has no address
    kernel.says(address_message(NEWADDR, WIFI, "10.0.2.1"))
    assert kernel.connection_type == "UNKNOWN"
    kernel.says(address_message(DELADDR, ETH, "10.0.0.1"), link_message(NEWLINK, OTHER, "eth1", UP))
    assert kernel.connection_type == "WIFI"


def test_a_link_with_no_more_than_a_link_local_address() -> None:
    """Something is there; what, nobody knows."""
    kernel = Kernel()
    kernel.says(link_message(NEWLINK, ETH, "eth0"), address_message(NEWADDR, ETH, "fe80::1"))
    assert kernel.tracker.state().connection_type == ConnectionType.UNKNOWN
    kernel.says(address_message(NEWADDR, ETH, "2001:db8::1", flags=TEMPORARY))
    assert kernel.tracker.state().connection_type == ConnectionType.ETHERNET


def test_the_system_is_asked_once_about_a_link() -> None:
    """When it comes online, or under another name; never when its name or kind tells."""
    kernel = Kernel()
    kernel.says(link_message(NEWLINK, ETH, "eth0"), link_message(NEWLINK, ETH, "eth0"))
    kernel.says(link_message(NEWLINK, WIFI, "wlan0"), link_message(NEWLINK, OTHER, "veth0", is_virtual=True))
    kernel.says(link_message(NEWLINK, TUN, "tun0", hardware_type=NO_ARP), link_message(NEWLINK, 9, "eth9", UP))
    assert kernel.asked == ["eth0"]
    assert kernel.says(link_message(NEWLINK, ETH, "lan0")) and kernel.asked == ["eth0", "lan0"]
