"""The server's half on its thread: waits, accepting when descriptors run out."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from netstack_sync.loop.network_thread import NetworkThread
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.server_host import StateWaiter
from tests.testing.conftest import Dial


def test_a_wait_ends_when_it_holds(server: EmbeddedServer, dial: Dial) -> None:
    """At once, or with the connection that makes it hold."""
    assert server.wait_until(lambda: server.connections_opened == 0)
    dial()
    dial()
    assert server.wait_until(lambda: server.open_connections == 2)


def test_a_wait_ends_when_time_is_up(server: EmbeddedServer) -> None:
    """The answer is False."""
    assert not server.wait_until(lambda: False, timeout_s=0.01)


def test_a_predicate_that_raises_raises_in_the_waiting_thread(server: EmbeddedServer) -> None:
    """It would wait for ever otherwise."""
    with pytest.raises(ZeroDivisionError):
        server.wait_until(lambda: 1 // server.open_connections == 1)


def test_a_wait_ends_with_the_server() -> None:
    """A pending one, and one that comes too late for the listener but not for the thread."""
    notified: list[str] = []
    with EmbeddedServer() as server:
        host = server._running_host
        pending = StateWaiter(lambda: False, lambda: notified.append("pending"))
        late = StateWaiter(lambda: False, lambda: notified.append("late"))
        server._thread.post(lambda: host.add_waiter(pending, 60.0))
        server._thread.post(host.close)
        server._thread.post(lambda: host.add_waiter(late, 60.0))
    assert notified == ["pending", "late"]
    assert not server.wait_until(lambda: False)
    assert server.wait_until(lambda: True)


def test_idle_and_busy_connections_are_told_apart(server: EmbeddedServer, dial: Dial) -> None:
    """Only the idle one is closed."""
    idle, busy = dial(), dial()
    assert server.wait_until(lambda: server.open_connections == 2)
    busy.sendall(b"GET /hel")
    idle.sendall(b"GET /hello HTTP/1.1\r\n\r\n")
    assert idle.recv(1000).startswith(b"HTTP/1.1 200")
    busy.sendall(b"lo")
    # The server has read "GET /hel" by now: it came before the request that was answered.
    server.close_idle_connections()
    assert idle.recv(1000) == b""
    busy.sendall(b" HTTP/1.1\r\n\r\n")
    assert busy.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_connection_that_is_gone_when_it_is_accepted_is_forgotten(
    server: EmbeddedServer, dial: Dial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On some systems accept() gives a socket whose peer has reset it: it has no peer name."""
    gone = socket.socket()
    server._run(lambda: server._running_host._on_accept(gone))
    assert gone.fileno() == -1 and server.connections_opened == 0


_EMFILE = """
import resource, socket, sys, threading
accepts, polls = [], []

def profile(frame, event, argument):
    name = getattr(argument, "__name__", "")
    if event == "c_exception" and name == "_accept":
        accepts.append(1)
    if event == "c_call" and name in ("poll", "select"):
        polls.append(1)

threading.setprofile(profile)
from netstack_sync.testing.embedded_server import EmbeddedServer
with EmbeddedServer() as server:
    assert server.wait_until(lambda: True)  # this thread's signal needs its descriptor now
    client = socket.socket()
    probe = socket.socket()
    limit = probe.fileno()
    probe.close()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    client.connect(("127.0.0.1", server.port))
    polls.clear()
    assert not server.wait_until(lambda: len(accepts) > 100, timeout_s=1.0)
    assert not server.connections_opened and len(accepts) >= 2, accepts
    assert len(polls) < 50, len(polls)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    client.sendall(b"GET /hello HTTP/1.1\\r\\n\\r\\n")
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    client.close()
print("served after all")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are not limited there")
def test_without_descriptors_the_listener_rests() -> None:
    """EMFILE: the connection waits in the backlog, the loop does not spin, and later it is served."""
    done = subprocess.run([sys.executable, "-c", _EMFILE], capture_output=True, text=True, timeout=50)
    assert (done.stdout, done.stderr) == ("served after all\n", "")


def test_the_listener_says_where_it_listens() -> None:
    """Before the loop runs, so that a port that is taken is noticed at once."""
    with EmbeddedServer() as server, pytest.raises(OSError):
        EmbeddedServer(port=server.port).start()
    assert isinstance(server._thread, NetworkThread)
