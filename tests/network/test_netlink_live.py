"""The notifier against the real kernel: what `ip` does in a network namespace, and which signals come of it."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync.network import netlink_linux
from netstack_sync.network.change_notifier import NetworkChangeNotifier
from netstack_sync.network.connection_type import ConnectionType
from tests.support.netlink import NEWADDR, address_message
from tests.support.netns import NetworkNamespace, network_namespace
from tests.support.network import NetworkDriver, driven_network
from tests.support.subprocesses import expect_line, running_python
from tests.support.workers import ScriptedWorkers

pytestmark = pytest.mark.netns


class Machine:
    """A notifier that lives in a namespace, and observes itself; its loop and clock are the test's."""

    def __init__(self, namespace: NetworkNamespace, driver: NetworkDriver) -> None:
        self.namespace = namespace
        self.driver = driver
        self.told: list[str] = []
        self.is_ready = False
        self.notifier = NetworkChangeNotifier(driver.thread, ScriptedWorkers(driver.thread.task_runner), {"ignored0"})
        self.notifier.add_observer(self)

    def sees(self, *commands: str, expected: list[str]) -> None:
        """After these commands of `ip` it is told this and nothing else."""
        for command in commands:
            self.namespace.ip(command)
        # Addresses are told before the command ends, the state of a carrier somewhat later.
        self.driver.run_until(lambda: len(self.told) >= len(expected))
        self.driver.run_until_idle()
        told, self.told = self.told, []
        assert told == expected

    def after(self, delay_s: float) -> list[str]:
        """What it is told until then."""
        self.driver.advance(delay_s)
        told, self.told = self.told, []
        return told

    @property
    def socket(self) -> socket.socket:
        """The watcher's."""
        (found,) = self.driver.thread.sockets._sockets
        return found

    def on_ready(self) -> None:
        self.is_ready = True

    def on_ip_address_changed(self) -> None:
        self.told.append("IP")

    def on_connection_type_changed(self, kind: ConnectionType) -> None:
        self.told.append(f"type {kind.name}")

    def on_dns_changed(self) -> None:
        self.told.append("DNS")

    def on_network_changed(self, kind: ConnectionType) -> None:
        self.told.append(f"network {kind.name}")


@pytest.fixture
def namespace() -> Iterator[NetworkNamespace]:
    """With a pair of interfaces, of which the far one is up: what happens to it happens to our carrier."""
    with network_namespace() as namespace:
        namespace.ip("link add wire0 type veth peer name wire1")
        for name in ("wire0", "wire1"):
            namespace.ip(f"link set dev {name} addrgenmode none")
        namespace.ip("link set wire1 up")
        yield namespace


@pytest.fixture
def machine(namespace: NetworkNamespace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    open_socket = netlink_linux._open_socket
    monkeypatch.setattr(netlink_linux, "_open_socket", lambda: namespace.run(open_socket))
    with driven_network() as driver:
        machine = Machine(namespace, driver)
        machine.notifier.start(machine.on_ready)
        driver.run_until(lambda: machine.is_ready)
        assert machine.notifier.is_offline
        yield machine
        machine.notifier.stop()


@pytest.fixture
def online(machine: Machine) -> Machine:
    """On wire0, with 192.0.2.1."""
    machine.sees("addr add 192.0.2.1/24 dev wire0", expected=["IP"])
    machine.sees("link set wire0 up", expected=["type ETHERNET"])
    assert machine.after(2.0) == ["network ETHERNET"] and not machine.notifier.is_offline
    return machine


def test_addresses(online: Machine) -> None:
    """Row 232: new, the same again, another lifetime only, deprecated, gone."""
    online.sees("addr add 192.0.2.7/24 dev wire0", expected=["IP"])
    online.sees("addr replace 192.0.2.7/24 dev wire0", expected=[])
    online.sees("addr change 192.0.2.7/24 dev wire0 valid_lft 900 preferred_lft 800", expected=["IP"])
    online.sees("addr change 192.0.2.7/24 dev wire0 valid_lft 700 preferred_lft 600", expected=[])
    online.sees("addr change 192.0.2.7/24 dev wire0 valid_lft 700 preferred_lft 0", expected=["IP"])
    online.sees("addr del 192.0.2.7/24 dev wire0", expected=["IP"])
    assert online.after(2.0) == ["network NONE", "network ETHERNET"]


def test_ipv6_address(online: Machine) -> None:
    """One signal, when duplicate address detection is through; none for link-local ones."""
    online.sees("addr add fe80::7/64 dev wire0 nodad", expected=[])
    online.sees("addr add 2001:db8::7/64 dev wire0", expected=["IP"])
    online.sees("addr del 2001:db8::7/64 dev wire0", expected=["IP"])


def test_carrier(online: Machine) -> None:
    """The cable is pulled out at the other end, and put in again."""
    online.sees("link set wire1 down", expected=["type NONE"])
    assert online.notifier.is_offline and online.after(0.5) == ["network NONE"]
    online.sees("link set wire1 up", expected=["type ETHERNET"])
    assert not online.notifier.is_offline and online.after(1.5) == ["network ETHERNET"]


def test_removed_interface(online: Machine) -> None:
    """Its addresses go with it."""
    online.sees("link del wire0", expected=["IP", "type NONE"])
    assert online.after(2.0) == ["network NONE"]


def test_interfaces_that_do_not_matter(online: Machine) -> None:
    """Row 232 (IgnoreInterface): an ignored one; a container's; and a port that joins a bridge and leaves it."""
    online.sees(
        "link add ignored0 type veth peer name ignored1",
        "addr add 203.0.113.1/24 dev ignored0",
        "link set ignored0 up",
        "link set ignored1 up",
        "link add veth7 type veth peer name veth8",
        "link set veth7 up",
        "link set veth8 up",
        "link del veth7",
        "link add bridge0 type bridge",
        "link set wire0 master bridge0",
        "link set wire0 nomaster",
        "link del bridge0",
        expected=[],
    )
    assert online.after(10.0) == []


def test_tunnel(online: Machine) -> None:
    """Row 232 (TunnelInterface): one whose name begins with tun changes the routes, not the type."""
    online.sees("link add tun0 type veth peer name far0", "link set far0 up", expected=[])
    online.sees("link set tun0 up", expected=["IP"])
    online.sees("link del tun0", expected=["IP"])


def test_a_program_that_pretends_to_be_the_kernel(online: Machine) -> None:
    """Root may send to our socket; it is not believed."""
    port = online.socket.getsockname()[0]
    forged = address_message(NEWADDR, 2, "203.0.113.7")

    def forge() -> None:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
            sock.sendto(forged, (port, 0))

    online.namespace.run(forge)
    online.sees(expected=[])


def test_overrun(online: Machine) -> None:
    """The kernel had more to say than the socket holds: what differs in the end is told, once."""
    online.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    commands = [f"addr add 192.0.2.{last}/24 dev wire0" for last in range(100, 120)]
    online.sees(*commands, expected=[])
    assert not len(online.driver.thread.sockets)
    online.driver.advance(1.0)
    online.sees(expected=["IP"])
    assert online.after(2.0) == ["network NONE", "network ETHERNET"]
    online.sees("addr del 192.0.2.119/24 dev wire0", expected=["IP"])


_WATCH = """
    import argparse, sys
    from netstack_sync.cli.net_watcher import add_net_watcher_parser, run
    parser = add_net_watcher_parser(argparse.ArgumentParser().add_subparsers())
    try:
        run(parser.parse_args(["--json", "--ignore-netlink-interfaces=ignored0,other0"]))
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_the_command(namespace: NetworkNamespace, tmp_path: Path) -> None:
    """Initial type, each signal as a line of JSON, the end with Ctrl-C; in a process of its own."""
    with running_python(_WATCH, wrapper=namespace.wrapper(tmp_path)) as process:
        assert process.stdout is not None

        def told() -> tuple[str, str | None]:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            return line["event"], line.get("connection_type")

        assert told() == ("InitialConnectionType", "NONE")
        namespace.ip("link add ignored0 type veth peer name ignored1")
        namespace.ip("addr add 203.0.113.1/24 dev ignored0")
        namespace.ip("addr add 192.0.2.1/24 dev wire0")
        assert told() == ("OnIPAddressChanged", None)
        namespace.ip("link set wire0 up")
        assert told() == ("OnConnectionTypeChanged", "ETHERNET")
        assert told() == ("OnNetworkChanged", "ETHERNET")
        process.send_signal(signal.SIGINT)
        assert expect_line(process, "interrupted") == ""
