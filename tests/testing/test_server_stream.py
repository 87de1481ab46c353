"""The plain stream over an accepted socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogSourceType
from netstack_sync.log.net_log import NetLog
from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.server_stream import PlainStream


@pytest.fixture
def thread() -> Iterator[NetworkThread]:
    """A network thread that never runs: the stream is used from here."""
    thread = NetworkThread()
    yield thread
    thread.abandon_after_fork()  # gives back what it holds


@pytest.fixture
def net_log(thread: NetworkThread) -> NetLogWithSource:
    return NetLogWithSource.make(NetLog(thread.clock), NetLogSourceType.SOCKET)


def accepted_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection, the accepted one first."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=20)
        return listener.accept()[0], client


def test_end_is_fin_and_reading_goes_on(thread: NetworkThread, net_log: NetLogWithSource) -> None:
    """The client sees the end of the stream and may still send."""
    accepted, client = accepted_pair()
    stream = PlainStream(thread, accepted, net_log)
    assert stream.write(b"ab") == 2
    stream.end(has_goodbye=True)
    with client:
        assert (client.recv(10), client.recv(10)) == (b"ab", b"")
        client.sendall(b"late")
    accepted.setblocking(True)
    assert stream.read(10) == b"late"
    stream.close()
    stream.end(has_goodbye=True)  # too late, which is no error
    assert len(thread.sockets) == 0


def test_reset_is_rst(thread: NetworkThread, net_log: NetLogWithSource) -> None:
    """The client gets ECONNRESET."""
    accepted, client = accepted_pair()
    PlainStream(thread, accepted, net_log).reset()
    with client, pytest.raises(ConnectionResetError):
        client.recv(10)
    assert len(thread.sockets) == 0


def test_a_peer_that_has_gone_leaves_nothing_open(thread: NetworkThread, net_log: NetLogWithSource) -> None:
    """A connection that was reset in the backlog has no peer any more."""
    unconnected = socket.socket()
    with pytest.raises(OSError):
        PlainStream(thread, unconnected, net_log)
    assert unconnected.fileno() == -1 and len(thread.sockets) == 0
