"""NetlinkWatcher: the course of its dumps, what it does when messages are lost, and that it lets go."""

from __future__ import annotations

import errno
import fcntl
import socket
from collections.abc import Iterator

import pytest

from netstack_sync.network import netlink_linux
from netstack_sync.network.interfaces import NetworkState
from netstack_sync.network.netlink_linux import NetlinkWatcher
from tests.support.netlink import (
    DELADDR,
    ERROR,
    GETADDR,
    GETLINK,
    INTERRUPTED,
    NEWADDR,
    NEWLINK,
    FakeKernel,
    address_message,
    done,
    fake_kernel,
    link_message,
    message,
)
from tests.support.network import NetworkDriver, driven_network

ETH = 2


class Watching:
    """A watcher, and what it told."""

    def __init__(self, driver: NetworkDriver, kernel: FakeKernel) -> None:
        self.driver = driver
        self.kernel = kernel
        self.states: list[NetworkState] = []
        self.unavailable = 0
        self.watcher = NetlinkWatcher(driver.thread, ["docker0"], self.states.append, self._on_unavailable)

    def says(self, *messages: bytes, port: int = 0) -> None:
        """One datagram of the kernel's, which is handled."""
        self.kernel.say(*messages, port=port)
        self.driver.run_until_idle()

    def dumps(self, *addresses: str) -> None:
        """The kernel answers both requests: eth0 with these addresses."""
        self.says(*[address_message(NEWADDR, ETH, address) for address in addresses], done())
        self.says(link_message(NEWLINK, ETH, "eth0"))
        self.says(done())

    @property
    def addresses(self) -> list[list[str]]:
        """Those of each state told."""
        return [sorted([address.address for address in state.addresses]) for state in self.states]

    def _on_unavailable(self) -> None:
        self.unavailable += 1


@pytest.fixture
def watching() -> Iterator[Watching]:
    with fake_kernel() as kernel, driven_network() as driver:
        watching = Watching(driver, kernel)
        yield watching
        watching.watcher.stop()
        watching.watcher.stop()
        assert len(driver.thread.pump) == 0 and len(driver.thread.timers) == 0


def test_the_first_dump_is_one_state(watching: Watching) -> None:
    """Addresses, then links, one request after the other; nothing is told before both are over."""
    assert watching.watcher.start()
    assert watching.kernel.requests == [GETADDR] and len(watching.driver.thread.sockets) == 1
    watching.says(address_message(NEWADDR, ETH, "10.0.0.1"))
    watching.says(done())
    assert watching.kernel.requests == [GETADDR, GETLINK]
    watching.says(link_message(NEWLINK, ETH, "eth0"))
    assert watching.states == []
    watching.says(done())
    assert watching.addresses == [["10.0.0.1"]] and watching.states[0].connection_type.name == "ETHERNET"


def test_changes_are_told_as_they_come(watching: Watching) -> None:
    """Several at once are one state; what says nothing new, or says it to bridges, is none."""
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    watching.says(address_message(NEWADDR, ETH, "10.0.0.1"))
    watching.says(link_message(NEWLINK, ETH, "eth0", family=7))
    watching.kernel.say(address_message(NEWADDR, ETH, "10.0.0.2"))
    watching.says(address_message(DELADDR, ETH, "10.0.0.1"))
    assert watching.addresses == [["10.0.0.1"], ["10.0.0.2"]]


def test_ignored_interfaces(watching: Watching) -> None:
    """Their names are handed on."""
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    watching.says(link_message(NEWLINK, 5, "docker0"), address_message(NEWADDR, 5, "172.17.0.1"))
    assert watching.addresses[-1] == ["10.0.0.1"]


def test_only_the_kernel_is_believed(watching: Watching) -> None:
    """Any privileged program may send to our port."""
    watching.watcher.start()
    watching.says(address_message(NEWADDR, ETH, "203.0.113.7"), done(), port=4711)
    assert watching.kernel.requests == [GETADDR]
    watching.dumps("10.0.0.1")
    watching.says(address_message(NEWADDR, ETH, "203.0.113.7"), port=4711)
    assert watching.addresses == [["10.0.0.1"]]


def test_noise_is_ignored(watching: Watching) -> None:
    """Malformed datagrams, and ends of dumps that nobody asked for."""
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    watching.says(b"noise")
    watching.says(b"\xff" * 64)
    watching.says(done(), message(ERROR, b"\xff" * 20))
    assert watching.addresses == [["10.0.0.1"]] and not watching.unavailable


def test_lost_messages_are_made_up_for_by_another_dump(watching: Watching) -> None:
    """On a fresh socket, after a pause; the old state is replaced as a whole."""
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    watching.kernel.lose_messages()
    watching.says(address_message(NEWADDR, ETH, "10.0.0.9"))
    assert not len(watching.driver.thread.sockets) and len(watching.states) == 1
    watching.driver.advance(0.9)
    assert watching.kernel.opened == 1
    watching.driver.advance(0.2)
    assert watching.kernel.opened == 2 and watching.kernel.requests == [GETADDR, GETLINK, GETADDR]
    watching.dumps("10.0.0.2")
    assert watching.addresses == [["10.0.0.1"], ["10.0.0.2"]]


def test_messages_lost_within_a_dump(watching: Watching) -> None:
    """It begins again, and what came of it is forgotten."""
    watching.watcher.start()
    watching.says(address_message(NEWADDR, ETH, "10.0.0.9"))
    watching.kernel.lose_messages()
    watching.driver.run_until_idle()
    watching.driver.advance(1.0)
    watching.dumps("10.0.0.1")
    assert watching.addresses == [["10.0.0.1"]]


def test_an_interrupted_dump_is_done_again(watching: Watching) -> None:
    """Entries may be missing; the rest of the datagram is not even looked at."""
    watching.watcher.start()
    watching.says(done())
    watching.says(done(flags=INTERRUPTED), link_message(NEWLINK, ETH, "eth0"), done())
    assert not watching.states and not len(watching.driver.thread.sockets)
    watching.driver.advance(1.0)
    watching.dumps("10.0.0.1")
    assert watching.addresses == [["10.0.0.1"]] and not watching.unavailable


def test_no_netlink(watching: Watching) -> None:
    """Where the socket cannot be had, or no request be sent, start() says so and leaves nothing behind."""
    watching.kernel.is_forbidden = True
    assert not watching.watcher.start()
    watching.kernel.is_forbidden, watching.kernel.refuses_requests = False, True
    assert not watching.watcher.start()
    assert not len(watching.driver.thread.sockets) and not watching.unavailable


def test_a_socket_that_cannot_be_watched(watching: Watching) -> None:
    """The same when the loop has ended."""
    watching.driver.thread.pump.close()
    assert not watching.watcher.start() and not len(watching.driver.thread.sockets)


@pytest.mark.parametrize("refusal", [message(ERROR, b"\xff" * 20), done(result=-errno.EOPNOTSUPP)])
def test_the_kernel_refuses_to_dump(watching: Watching, refusal: bytes) -> None:
    """As newer Androids do: the watcher stops and says so."""
    watching.watcher.start()
    watching.says(refusal, link_message(NEWLINK, ETH, "eth0"))
    assert watching.unavailable == 1 and not len(watching.driver.thread.sockets) and not watching.states


def test_the_second_request_is_refused(watching: Watching) -> None:
    """The same when it cannot be sent."""
    watching.watcher.start()
    watching.kernel.refuses_requests = True
    watching.says(done())
    assert watching.unavailable == 1 and not len(watching.driver.thread.sockets)


def test_netlink_is_gone_after_messages_were_lost(watching: Watching) -> None:
    """The same when there is no new socket."""
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    watching.kernel.lose_messages()
    watching.driver.run_until_idle()
    watching.kernel.is_forbidden = True
    watching.driver.advance(1.0)
    assert watching.unavailable == 1 and len(watching.states) == 1


def test_stop_between_the_sockets(watching: Watching) -> None:
    """The pause after lost messages ends, too."""
    watching.watcher.start()
    watching.kernel.lose_messages()
    watching.driver.run_until_idle()
    watching.watcher.stop()
    watching.driver.advance(5.0)
    assert watching.kernel.opened == 1


def test_stop_inside_the_callback(watching: Watching) -> None:
    """The socket is closed at once."""
    watching.watcher = NetlinkWatcher(watching.driver.thread, (), lambda state: watching.watcher.stop(), pytest.fail)
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    assert not len(watching.driver.thread.sockets)


def test_a_flood_does_not_keep_the_thread(watching: Watching) -> None:
    """A turn of the loop reads some of it; other tasks have their turn in between."""
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    padding = message(1, bytes(8000))
    for number in range(2, 9):
        watching.kernel.say(address_message(NEWADDR, ETH, f"10.0.0.{number}"), padding)
    watching.driver.run_until_idle()
    assert 2 < len(watching.states) < 8 and len(watching.addresses[-1]) == 8


@pytest.mark.parametrize("answer, expected", [(b"", "WIFI"), (OSError(errno.EOPNOTSUPP, ""), "ETHERNET")])
def test_wireless_interfaces_are_asked_for(
    watching: Watching, monkeypatch: pytest.MonkeyPatch, answer: bytes | OSError, expected: str
) -> None:
    """With a request of the right size and name; what is no wireless interface refuses."""
    asked = []

    def ioctl(fd: int, request: int, argument: bytes) -> bytes:
        asked.append((request, argument))
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    watching.watcher.start()
    watching.dumps("10.0.0.1")
    assert asked == [(0x8B01, b"eth0".ljust(32, b"\0"))]
    assert watching.states[0].connection_type.name == expected


@pytest.fixture
def needs_netlink() -> None:
    try:
        netlink_linux._open_socket().close()
    except OSError as error:
        pytest.skip(f"no netlink here: {error}")


@pytest.mark.usefixtures("needs_netlink")
def test_the_real_kernel_answers() -> None:
    """Two watchers in one process, each with a port of its own (crbug.com/1224428), agree."""
    with driven_network() as driver:
        states: list[list[NetworkState]] = [[], []]
        watchers = [NetlinkWatcher(driver.thread, (), found.append, pytest.fail) for found in states]
        try:
            assert all([watcher.start() for watcher in watchers])
            driver.run_until(lambda: all(states))
        finally:
            for watcher in watchers:
                watcher.stop()
        assert states[0][0] == states[1][0]
        assert all(address.is_usable and address.interface for address in states[0][0].addresses)


@pytest.mark.usefixtures("needs_netlink")
def test_the_real_socket_does_not_block_and_is_not_inherited() -> None:
    """Nor is it left open when it cannot be bound."""
    with netlink_linux._open_socket() as sock:
        assert sock.family == socket.AF_NETLINK and not sock.getblocking() and not sock.get_inheritable()


def test_a_socket_that_cannot_be_bound_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some sandboxes allow the one and not the other."""
    opened: list[socket.socket] = []

    class Unbindable(socket.socket):
        def bind(self, address: object) -> None:
            opened.append(self)
            raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", lambda *_: Unbindable(socket.AF_UNIX, socket.SOCK_DGRAM))
    with pytest.raises(PermissionError):
        netlink_linux._open_socket()
    assert opened[0].fileno() == -1
