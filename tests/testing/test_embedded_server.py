"""The embedded server's public face."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from netstack_sync.testing import embedded_server
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import (
    close_after_answer,
    reset_before_headers,
    reset_on_reuse,
    stall_before_headers,
    wrong_length,
)
from netstack_sync.testing.server_request import ReceivedRequest
from tests.testing.conftest import Dial

ReadAll = Callable[[socket.socket], bytes]

GET = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"


def test_it_listens_inside_the_with_block_only(read_all: ReadAll) -> None:
    """Afterwards the port is closed, stalled connections are, the thread is gone; close() may come twice."""
    threads = threading.active_count()
    with EmbeddedServer() as server:
        server.route("/x", Answer(fault=stall_before_headers()))
        client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        client.sendall(GET)
        assert server.wait_until(lambda: len(server.requests) == 1)
        assert repr(server) == f"<EmbeddedServer http://127.0.0.1:{server.port}/ 1 open>"
    with client:
        assert read_all(client) == b""
    server.close()
    assert threading.active_count() == threads
    assert (server.connections_opened, server.open_connections) == (1, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=20)
    server.reset_connections()  # nothing is left to do, which is no error


def test_a_server_that_was_not_started_says_so() -> None:
    """Closing it is no error."""
    server = EmbeddedServer()
    assert repr(server) == "<EmbeddedServer not started>"
    with pytest.raises(AssertionError, match="not started"):
        assert server.port
    with pytest.raises(AssertionError, match="no TLS"):
        assert server.ca_file
    server.close()


def test_urls_name_scheme_host_and_port() -> None:
    """IPv6 in brackets."""
    with EmbeddedServer() as plain, EmbeddedServer(tls=True, host="::1") as secure:
        assert plain.port != secure.port
        assert plain.url() == f"http://127.0.0.1:{plain.port}/"
        assert plain.url("/a?b", host="localhost") == f"http://localhost:{plain.port}/a?b"
        assert secure.url("/a") == f"https://[::1]:{secure.port}/a"
        assert Path(secure.ca_file).read_bytes() == secure.ca_pem
    assert not Path(secure.ca_file).exists()


def test_what_was_received_is_remembered(server: EmbeddedServer) -> None:
    """Method, target, headers, body and connection; within the limit that was set."""
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    client.request("POST", "/hello?q", body=b"abc", headers={"X-Y": "z"})
    client.getresponse().read()
    client.close()
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/hello?q", b"abc")
    assert (request.connection, request.ordinal, request.headers.get("x-y")) == (1, 1, "z")
    server.forget_requests()
    assert server.requests == []


def test_the_memory_for_requests_can_be_limited() -> None:
    """The last ones stay."""
    with EmbeddedServer(remembered=2) as server:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for number in range(3):
            client.request("GET", f"/status/20{number}")
            client.getresponse().read()
        client.close()
        assert [request.target for request in server.requests] == ["/status/201", "/status/202"]


def test_a_handler_runs_on_the_servers_thread(server: EmbeddedServer, dial: Dial, read_all: ReadAll) -> None:
    """It may use the server, even close it."""
    names: list[str] = []

    def handler(request: ReceivedRequest) -> Answer:
        names.append(threading.current_thread().name)
        server.close_idle_connections()
        with pytest.raises(AssertionError, match="wait for itself"):
            server.wait_until(lambda: True)
        if len(names) == 2:
            server.close()
        return Answer()

    server.route("/x", handler)
    client = dial()
    client.sendall(GET)
    assert client.recv(1000).startswith(b"HTTP/1.1 200")
    client.sendall(GET)
    assert read_all(client).startswith(b"HTTP/1.1 200")  # the server closes after the handler
    assert names == ["netstack-embedded-server"] * 2


def test_a_handler_may_reset_its_own_connection(server: EmbeddedServer, dial: Dial) -> None:
    """Its answer then goes nowhere."""

    def handler(request: ReceivedRequest) -> Answer:
        server.reset_connections()
        return Answer(fault=reset_before_headers())

    server.route("/x", handler)
    client = dial()
    client.sendall(GET)
    with pytest.raises(ConnectionResetError):
        client.recv(1000)
    assert server.wait_until(lambda: server.open_connections == 0)


def test_faults_show_themselves_to_a_plain_client(server: EmbeddedServer, dial: Dial, read_all: ReadAll) -> None:
    """FIN behind an answer that promised to stay; RST on reuse and in place of an answer; a lie about the length."""
    server.route("/x", Answer(body=b"a", fault=close_after_answer()))
    client = dial()
    client.sendall(GET)
    assert read_all(client) == b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"

    server.route("/x", Answer(body=b"a", fault=reset_on_reuse()))
    client = dial()
    client.sendall(GET)
    assert client.recv(1000).endswith(b"\r\n\r\na")
    client.sendall(GET)
    with pytest.raises(ConnectionResetError):
        client.recv(1000)

    server.route("/x", Answer(fault=reset_before_headers()))
    client = dial()
    client.sendall(GET)
    with pytest.raises(ConnectionResetError):
        client.recv(1000)

    server.route("/x", Answer(body=b"abc", fault=wrong_length(2)))
    response = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    response.request("GET", "/x")
    with pytest.raises(http.client.IncompleteRead):
        response.getresponse().read()
    response.close()


def test_connections_can_be_reset_from_outside(server: EmbeddedServer, dial: Dial) -> None:
    """All of them, whatever they do; they are gone when the call returns."""
    client = dial()
    assert server.wait_until(lambda: server.open_connections == 1)
    server.reset_connections()
    assert server.open_connections == 0
    with pytest.raises(ConnectionResetError):
        client.recv(10)


def test_many_clients_are_served_at_once(server: EmbeddedServer) -> None:
    """Sixteen threads, each with its connection."""
    bodies: list[bytes] = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        for number in range(50):
            connection.request("GET", f"/bytes/{number}")
            bodies.append(connection.getresponse().read())
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(body) for body in bodies) == sorted(list(range(50)) * 16)
    assert server.connections_opened == 16 and len(server.requests) == 800


_FORK = """
import os, socket
from netstack_sync.testing.embedded_server import EmbeddedServer
with EmbeddedServer(tls=True) as server:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    assert server.wait_until(lambda: server.open_connections == 1)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        server.close()  # the parent's: nothing happens
        assert os.path.exists(server.ca_file)
        os.close(writer)
        os.read(reader, 1)  # until the parent is done
        os._exit(0)
    server.reset_connections()
    try:
        print(client.recv(10))
    except ConnectionResetError:
        print("reset")
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0
    client.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_lets_go_of_the_servers_sockets() -> None:
    """Otherwise the parent's FIN and RST would wait for the child to end."""
    warnings_off = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _FORK]
    done = subprocess.run(warnings_off, capture_output=True, text=True, timeout=50)
    assert (done.stdout, done.stderr) == ("reset\n", "")


def test_after_fork_every_running_server_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child of the test above does, seen from inside."""
    server = EmbeddedServer()
    monkeypatch.setattr(embedded_server, "_running", {server})
    embedded_server._abandon_all()
    assert server._thread.is_abandoned and not embedded_server._running
