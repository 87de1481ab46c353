"""TcpServer: accepts everything there is, and survives a process without descriptors."""

from __future__ import annotations

import errno
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from netstack_sync.sockets.tcp_server import TcpServer
from tests.support.network import NetworkDriver, driven_network


class Rig:
    """A server, what it accepted, and its clients."""

    def __init__(self, driver: NetworkDriver, stack: ExitStack, host: str = "127.0.0.1") -> None:
        self.driver = driver
        self._stack = stack
        self.accepted: list[socket.socket] = []
        self.server = TcpServer(driver.thread, self.on_accept, host)

    def on_accept(self, sock: socket.socket) -> None:
        """The server's callback."""
        self._stack.callback(sock.close)
        self.accepted.append(sock)

    def connect(self) -> socket.socket:
        """A client; the backlog takes it though nobody accepts."""
        client = self._stack.enter_context(socket.socket())
        client.connect(self.server.address.sockaddr)
        return client

    def until_accepted(self, count: int) -> None:
        """Runs until so many connections were handed over."""
        self.driver.run_until(lambda: len(self.accepted) == count)


@pytest.fixture
def rig() -> Iterator[Rig]:
    with driven_network() as driver, ExitStack() as stack:
        rig = Rig(driver, stack)
        yield rig
        rig.server.close()


class FailingListener(socket.socket):
    """accept() fails as told, then works."""

    errors: tuple[int, ...] = ()

    def accept(self) -> tuple[socket.socket, object]:
        """See socket.accept."""
        if self.errors:
            first, self.errors = self.errors[0], self.errors[1:]
            raise OSError(first, "as told")
        return super().accept()


def test_accepts_and_hands_over(rig: Rig) -> None:
    """Row 108: Accept, AcceptAsync; the socket does not block and is the callback's."""
    rig.server.start()
    client = rig.connect()
    rig.until_accepted(1)
    assert not rig.accepted[0].getblocking()
    client.sendall(b"hello")
    rig.accepted[0].setblocking(True)
    assert rig.accepted[0].recv(10) == b"hello"


def test_many_at_once(rig: Rig) -> None:
    """Row 108: Accept2Connections; those that came before the start as well."""
    for _ in range(5):
        rig.connect()
    rig.server.start()
    rig.until_accepted(5)


def test_ipv6() -> None:
    """A host with a colon is one of IPv6."""
    with driven_network() as driver, ExitStack() as stack:
        try:
            rig = Rig(driver, stack, "::1")
        except OSError:
            pytest.skip("no IPv6 here")
        assert str(rig.server.address).startswith("[::1]:")
        rig.server.close()


def test_closing(rig: Rig) -> None:
    """Nobody is accepted any more; idempotent."""
    rig.server.start()
    rig.connect()
    rig.server.close()
    rig.server.close()
    rig.driver.run_until_idle()
    assert rig.accepted == [] and len(rig.driver.thread.pump) == 0
    rig.server.on_fd_writable(0)


def test_a_callback_may_close_the_server(rig: Rig) -> None:
    """The connections behind the one that was accepted are left alone."""
    rig.connect()
    rig.connect()
    accepted: list[socket.socket] = []

    def accept_one(sock: socket.socket) -> None:
        accepted.append(sock)
        sock.close()
        server.close()

    server = TcpServer(rig.driver.thread, accept_one)
    with socket.socket() as first, socket.socket() as second:
        first.connect(server.address.sockaddr)
        second.connect(server.address.sockaddr)
        server.start()
        rig.driver.run_until(lambda: bool(accepted))
        rig.driver.run_until_idle()
    assert len(accepted) == 1


def test_no_descriptor_left(rig: Rig) -> None:
    """The loop does not spin: it looks again after a pause, and the connection is still there."""
    rig.server.start()
    rig.connect()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))  # whatever numbers are free below those in use
    try:
        rig.driver.run_until_idle()
        assert rig.accepted == [] and len(rig.driver.thread.pump) == 0, "not watched during the pause"
        rig.driver.advance(0.2)
        assert rig.accepted == []
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    rig.driver.advance(0.2)
    rig.until_accepted(1)


def test_a_connection_that_was_aborted_in_the_backlog(rig: Rig) -> None:
    """It is skipped; the next one is accepted in the same turn, without a pause."""
    rig.server.start()
    rig.connect()
    real = rig.server._socket
    failing = FailingListener(fileno=real.detach())
    failing.setblocking(False)
    failing.errors = (errno.ECONNABORTED,)
    rig.driver.thread.sockets.discard(real)
    rig.driver.thread.sockets.add(failing)
    rig.server._socket = failing
    rig.until_accepted(1)


def test_closing_during_the_pause(rig: Rig) -> None:
    """The pause ends with the server."""
    rig.server.start()
    real = rig.server._socket
    failing = FailingListener(fileno=real.detach())
    failing.errors = (errno.EMFILE,)
    rig.driver.thread.sockets.discard(real)
    rig.driver.thread.sockets.add(failing)
    rig.server._socket = failing
    rig.connect()
    rig.driver.run_until(lambda: len(rig.driver.thread.timers) == 1)
    rig.server.close()
    assert len(rig.driver.thread.timers) == 0
