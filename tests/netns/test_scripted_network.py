"""The scripted network itself: what the other tests of this folder rest on."""

from __future__ import annotations

import socket

import pytest

from tests.support.scripted_network import CLIENT_IPV4, CLIENT_IPV6, ScriptedNetwork
from tests.support.subprocesses import expect_line, finished_output, running_python

pytestmark = pytest.mark.netns

_FETCH = """
    import sys, netstack_sync
    with netstack_sync.Session() as session:
        for url in sys.argv[1:]:
            print("got", session.get(url, timeout=20).text.strip())
"""


def test_both_families_and_names(network: ScriptedNetwork) -> None:
    """A name leads to the server of its family; what does not exist is not found."""
    with running_python(_FETCH, "http://live.test/hello", "http://six.test/hello", wrapper=network.wrapper) as client:
        assert finished_output(client) == "got hello\ngot hello\n"
    assert len(network.ipv4.requests) == len(network.ipv6.requests) == 1
    assert [packet.source for packet in network.relay.connects] == [CLIENT_IPV4, CLIENT_IPV6]
    assert network.relay.sockets_opened == 2
    assert network.dns.queries["six.test", "AAAA"] == 1


def test_unknown_name(network: ScriptedNetwork) -> None:
    """The name server says so."""
    with running_python(_FETCH, "http://no.test/", wrapper=network.wrapper) as client:
        _, complaint = client.communicate(timeout=20)
    assert "NameNotResolved" in complaint and network.relay.connects == []


def test_delay(network: ScriptedNetwork) -> None:
    """There and back, twice: one for the connection, one for the answer."""
    network.relay.delay_s = 0.05
    program = """
        import time, netstack_sync
        with netstack_sync.Session() as session:
            begin = time.monotonic()
            session.get("http://live.test/hello")
            print("took", time.monotonic() - begin)
    """
    with running_python(program, wrapper=network.wrapper) as client:
        assert float(expect_line(client, "took")) >= 0.2


def test_nothing_else_is_reached(network: ScriptedNetwork) -> None:
    """Neither the machine's network nor its loopback."""
    with socket.create_server(("127.0.0.1", 0)) as outside:
        program = """
            import socket, sys
            for address in [("127.0.0.1", int(sys.argv[1])), ("198.51.100.1", 80)]:
                try:
                    socket.create_connection(address, timeout=5)
                except OSError as error:
                    print(type(error).__name__)
        """
        with running_python(program, str(outside.getsockname()[1]), wrapper=network.wrapper) as client:
            assert finished_output(client) == "ConnectionRefusedError\nOSError\n"
