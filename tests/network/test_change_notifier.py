"""NetworkChangeNotifier: what observers are told, and when."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from netstack_sync.network import dns_config_watcher, polling_tracker
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from netstack_sync.network.connection_type import ConnectionType
from netstack_sync.workers.dns_config import ConfigFile
from tests.support.netlink import (
    DELADDR,
    DELLINK,
    ERROR,
    NEWADDR,
    NEWLINK,
    NO_ARP,
    TEMPORARY,
    UP,
    FakeKernel,
    address_message,
    done,
    fake_kernel,
    link_message,
    message,
)
from tests.support.network import NetworkDriver, driven_network
from tests.support.workers import ScriptedWorkers

ETH, WIFI, TUN = 2, 3, 4
CABLE_OUT = link_message(NEWLINK, ETH, "eth0", UP)
CABLE_IN = link_message(NEWLINK, ETH, "eth0")


class Observer:
    """Notes what it is told; may do something when told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.then: Callable[[], None] | None = None

    def on_ip_address_changed(self) -> None:
        self._note("IP")

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        self._note(f"type {kind.name}")

    def on_dns_changed(self) -> None:
        self._note("DNS")

    def on_network_changed(self, kind: ConnectionType) -> None:
        self._note(f"network {kind.name}")

    def take(self) -> list[str]:
        """What it was told since the last time."""
        told, self.told = self.told, []
        return told

    def _note(self, event: str) -> None:
        self.told.append(event)
        if self.then is not None:
            self.then()


class Machine:
    """A notifier with one observer, on a machine whose kernel, workers and files the test plays."""

    def __init__(self, driver: NetworkDriver, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.driver = driver
        self.kernel = kernel
        self.workers = ScriptedWorkers(driver.thread.task_runner)
        self.addresses = frozenset({"10.0.0.1"})
        self.resolv_conf = b"old"
        monkeypatch.setattr(polling_tracker, "list_local_addresses", lambda: self.addresses)
        monkeypatch.setattr(dns_config_watcher, "read_dns_config", lambda _known: (ConfigFile(self.resolv_conf),))
        self.notifier = NetworkChangeNotifier(driver.thread, self.workers, frozenset({"docker0"}))
        self.observer = Observer()
        self.ready = 0
        """How often the state at the start was said to be known."""
        self.notifier.add_observer(self.observer)

    def start(self, *at_start: bytes) -> None:
        """Starts the notifier, which costs no job; the kernel answers both requests with these messages."""
        was_ready = self.ready
        self.notifier.start(self._on_ready)
        assert not self.workers.jobs and self.ready == was_ready
        self.says(*at_start, done())
        self.says(done())

    def says(self, *messages: bytes) -> list[str]:
        """One datagram of the kernel's; what the observer is told at once."""
        self.kernel.say(*messages)
        self.driver.run_until_idle()
        return self.observer.take()

    def after(self, delay_s: float) -> list[str]:
        """What the observer is told until then."""
        self.driver.advance(delay_s)
        return self.observer.take()

    def work(self) -> list[str]:
        """The workers do all jobs; what the observer is told of it."""
        while self.workers.jobs:
            self.workers.run_next()
        self.driver.run_until_idle()
        return self.observer.take()

    def _on_ready(self) -> None:
        self.ready += 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with fake_kernel() as kernel, driven_network() as driver:
        machine = Machine(driver, kernel, monkeypatch)
        yield machine
        machine.notifier.stop()
        machine.notifier.stop()
        assert len(driver.thread.timers) == 0 and len(driver.thread.pump) == 0


@pytest.fixture
def online(machine: Machine) -> Machine:
    """On Ethernet with one address."""
    machine.start(CABLE_IN, address_message(NEWADDR, ETH, "10.0.0.1"))
    return machine


def test_the_state_at_the_start_is_no_change(machine: Machine) -> None:
    """The type is UNKNOWN until the kernel has told all; then it is known, and nobody is told but who asked for it."""
    machine.notifier.start(machine._on_ready)
    machine.says(CABLE_IN, address_message(NEWADDR, ETH, "10.0.0.1"), done())
    assert machine.after(10.0) == [] and machine.ready == 0
    assert repr(machine.notifier) == "<NetworkChangeNotifier running UNKNOWN observers=1>"
    machine.says(done())
    assert machine.notifier.connection_type == ConnectionType.ETHERNET and machine.ready == 1
    assert machine.after(10.0) == [] and machine.ready == 1
    machine.notifier.stop()
    assert repr(machine.notifier) == "<NetworkChangeNotifier stopped ETHERNET observers=1>"


def test_another_address(online: Machine) -> None:
    """Told at once, and two seconds later as a change of network, NONE first; a duplicate is nothing."""
    another = address_message(NEWADDR, ETH, "10.0.0.2")
    assert online.says(another) == ["IP"]
    assert online.says(another) == []
    assert online.after(1.9) == []
    assert online.after(0.2) == ["network NONE", "network ETHERNET"]
    assert online.says(address_message(DELADDR, ETH, "10.0.0.2")) == ["IP"]


def test_the_cable_is_pulled_out_and_put_in(online: Machine) -> None:
    """Offline and online again; the address stays in the kernel's tables all the time."""
    assert not online.notifier.is_offline
    assert online.says(CABLE_OUT) == ["type NONE"] and online.notifier.is_offline
    assert online.after(0.5) == ["network NONE"]
    assert online.says(CABLE_IN) == ["type ETHERNET"] and not online.notifier.is_offline
    assert online.after(1.4) == [] and online.after(0.2) == ["network ETHERNET"]


def test_another_type(online: Machine) -> None:
    """From the cable to the air: addresses first, then the type."""
    wireless = [link_message(NEWLINK, WIFI, "wlan0"), address_message(NEWADDR, WIFI, "10.0.7.1")]
    assert online.says(*wireless, CABLE_OUT) == ["IP", "type WIFI"]
    assert online.after(0.5) == ["network NONE", "network WIFI"]


def test_a_tunnel_comes_and_goes(online: Machine) -> None:
    """It takes routes with it: as if addresses had changed; the type is that of the network below."""
    assert online.says(link_message(NEWLINK, TUN, "tun0", hardware_type=NO_ARP)) == ["IP"]
    assert online.says(link_message(DELLINK, TUN, "tun0", hardware_type=NO_ARP)) == ["IP"]
    assert online.notifier.connection_type == ConnectionType.ETHERNET


def test_what_harms_no_connection(online: Machine) -> None:
    """Ignored interfaces, temporary addresses, and links that come and go without being of another type."""
    assert online.says(link_message(NEWLINK, 7, "docker0"), address_message(NEWADDR, 7, "172.17.0.1")) == []
    assert online.says(address_message(NEWADDR, ETH, "2001:db8::1", flags=TEMPORARY)) == []
    assert online.says(link_message(NEWLINK, 8, "veth8", is_virtual=True)) == []
    assert online.after(10.0) == []


def test_lost_addresses(online: Machine) -> None:
    """Those that went with the latest change, also such as are no change by themselves."""
    online.says(
        address_message(NEWADDR, ETH, "10.0.0.2"), address_message(NEWADDR, ETH, "2001:db8::1", flags=TEMPORARY)
    )
    assert online.says(address_message(DELADDR, ETH, "10.0.0.2")) == ["IP"]
    assert online.notifier.has_lost("10.0.0.2") and not online.notifier.has_lost("10.0.0.1")
    unplugged = [address_message(DELADDR, ETH, address) for address in ("10.0.0.1", "2001:db8::1")]
    assert online.says(*unplugged, CABLE_OUT) == ["IP", "type NONE"]
    assert online.notifier.has_lost("10.0.0.1") and online.notifier.has_lost("2001:db8::1")
    assert not online.notifier.has_lost("10.0.0.2")
    online.notifier.stop()
    online.start(CABLE_IN)
    assert not online.notifier.has_lost("10.0.0.1")


def test_lost_messages(online: Machine) -> None:
    """Only what differs in the end is told, whatever was in between."""
    online.kernel.lose_messages()
    assert online.after(0.0) == [] and online.after(1.0) == []
    online.says(CABLE_IN, address_message(NEWADDR, ETH, "10.0.0.1"), done())
    assert online.says(done()) == [] and online.ready == 1
    online.kernel.lose_messages()
    assert online.after(0.0) == [] and online.after(1.0) == []
    online.says(CABLE_IN, address_message(NEWADDR, ETH, "10.0.0.9"), done())
    assert online.says(done()) == ["IP"] and online.notifier.connection_type == ConnectionType.ETHERNET


def test_the_dns_configuration(online: Machine) -> None:
    """Looked at every fifteen seconds."""
    assert online.after(15.0) == [] and online.work() == []
    online.resolv_conf = b"new"
    assert online.after(15.0) == [] and online.work() == ["DNS"]


def test_the_dns_configuration_after_a_change_of_network(online: Machine) -> None:
    """Looked at when the change has settled, but not when there is no network."""
    online.after(15.0)
    online.work()
    online.resolv_conf = b"new"
    online.says(CABLE_OUT)
    assert online.after(0.5) == ["network NONE"] and not online.workers.jobs
    online.says(CABLE_IN)
    assert online.after(1.5) == ["network ETHERNET"] and online.work() == ["DNS"]


def test_without_netlink_addresses_are_polled(machine: Machine) -> None:
    """The first look is what others are compared with; the type stays UNKNOWN, so that nobody is offline."""
    machine.kernel.is_forbidden = True
    machine.notifier.start(machine._on_ready)
    assert machine.after(9.9) == [] and not machine.workers.jobs
    machine.after(0.2)
    assert machine.work() == [] and machine.ready == 1
    machine.after(10.0)
    assert machine.work() == []
    machine.addresses = frozenset()
    machine.after(10.0)
    assert machine.work() == ["IP"] and not machine.notifier.is_offline
    assert not machine.notifier.has_lost("10.0.0.1")
    machine.after(1.9)
    assert machine.after(0.2) == ["network NONE", "network UNKNOWN"]


def test_without_linux_addresses_are_polled(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is opened."""
    monkeypatch.setattr(sys, "platform", "darwin")
    machine.notifier.start()
    machine.after(10.0)
    assert machine.work() == [] and machine.kernel.opened == 0
    assert machine.notifier.connection_type == ConnectionType.UNKNOWN


@pytest.mark.parametrize("is_offline", [False, True])
def test_netlink_fails_later(online: Machine, is_offline: bool) -> None:
    """Nobody stays offline for that; then addresses are polled, without a false change at the first look."""
    if is_offline:
        online.says(CABLE_OUT)
        online.after(0.5)
    online.kernel.lose_messages()
    online.after(0.0)
    online.kernel.is_forbidden = True
    assert online.after(1.0) == ["type UNKNOWN"] and not online.notifier.is_offline
    assert online.after(1.5) == (["network UNKNOWN"] if is_offline else ["network NONE", "network UNKNOWN"])
    online.after(10.0)
    assert online.work() == [] and online.ready == 1
    online.addresses = frozenset({"10.0.0.2"})
    online.after(10.0)
    assert online.work() == ["IP"] and not online.notifier.has_lost("10.0.0.1")


def test_the_kernel_refuses_to_tell_at_the_start(machine: Machine) -> None:
    """As without netlink: UNKNOWN it was and stays."""
    machine.notifier.start()
    assert machine.says(message(ERROR, b"\xff" * 20)) == []
    machine.after(10.0)
    assert machine.work() == []
    machine.addresses = frozenset()
    machine.after(10.0)
    assert machine.work() == ["IP"]


def test_observers_may_leave_inside_a_callback(online: Machine) -> None:
    """Themselves and others, who are then not told any more; strangers may be removed."""
    first, second, third = online.observer, Observer(), Observer()
    online.notifier.add_observer(second)
    online.notifier.add_observer(third)

    def leave() -> None:
        online.notifier.remove_observer(first)
        online.notifier.remove_observer(second)

    first.then = leave
    assert online.says(address_message(NEWADDR, ETH, "10.0.0.2")) == ["IP"]
    assert second.told == [] and third.told == ["IP"]
    online.driver.advance(2.0)
    assert first.told == [] and third.told == ["IP", "network NONE", "network ETHERNET"]
    online.notifier.remove_observer(first)


def test_stop_inside_a_callback(online: Machine) -> None:
    """Nobody is told anything after it, not even of the same event."""
    second = Observer()
    online.notifier.add_observer(second)
    online.observer.then = online.notifier.stop
    wireless = [link_message(NEWLINK, WIFI, "wlan0"), address_message(NEWADDR, WIFI, "10.0.7.1")]
    assert online.says(*wireless, CABLE_OUT) == ["IP"] and second.told == []
    assert online.after(30.0) == [] and not online.workers.jobs and second.told == []


def test_stop_when_the_old_network_is_given_up(online: Machine) -> None:
    """The new one is not announced any more."""
    online.says(address_message(NEWADDR, ETH, "10.0.0.2"))
    online.observer.then = online.notifier.stop
    assert online.after(2.0) == ["network NONE"]


def test_stop_while_workers_are_busy(online: Machine) -> None:
    """Their replies are dropped."""
    online.after(15.0)
    online.work()
    online.resolv_conf = b"new"
    online.after(15.0)
    online.notifier.stop()
    assert online.work() == [] and not len(online.driver.thread.sockets)


def test_start_again(online: Machine) -> None:
    """From scratch: what happened meanwhile is no change."""
    online.says(address_message(NEWADDR, ETH, "10.0.0.2"))
    online.notifier.stop()
    assert online.after(10.0) == []
    online.start(CABLE_OUT)
    assert online.ready == 2 and online.notifier.is_offline and online.after(10.0) == []
    assert online.says(CABLE_IN, address_message(NEWADDR, ETH, "10.0.0.1")) == ["IP", "type ETHERNET"]
    assert online.after(1.5) == ["network ETHERNET"]


def test_it_cannot_be_started_twice(online: Machine) -> None:
    """That would watch twice."""
    with pytest.raises(AssertionError, match="started already"):
        online.notifier.start()
