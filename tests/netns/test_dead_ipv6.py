"""A name with a dead IPv6 address and a live IPv4 one: the user notices next to nothing."""

from __future__ import annotations

import socket

import pytest

from tests.support.scripted_network import ScriptedNetwork
from tests.support.subprocesses import expect_line, running_python
from tests.support.tun_relay import ipv6

pytestmark = pytest.mark.netns

# The promise is 0.4 s on an idle machine: 0.3 s head start for IPv6, and the fetch. Connecting to one address
# after the other takes minutes.
_PROMPTLY_S = 1.0

_FETCH_TWICE = """
    import time, netstack_sync
    with netstack_sync.Session() as session:
        for name in ("first", "second"):
            begin = time.monotonic()
            response = session.get("http://dual.test/hello", headers={"Connection": "close"}, timeout=10)
            print(name, time.monotonic() - begin, flush=True)
            assert response.ok
"""


def test_live_ipv4_serves_in_place_of_dead_ipv6(network: ScriptedNetwork) -> None:
    """IPv6 is tried first, as its address is the better one, and IPv4 as soon as that takes too long."""
    network.relay.loses = ipv6
    with running_python(_FETCH_TWICE, wrapper=network.wrapper) as client:
        first_s = float(expect_line(client, "first"))
        second_s = float(expect_line(client, "second"))
    print(f"the first fetch took {first_s:.3f} s, the second {second_s:.3f} s")
    assert network.relay.connects[0].family == socket.AF_INET6
    assert first_s < _PROMPTLY_S and second_s < _PROMPTLY_S
    assert len(network.ipv4.requests) == 2 and network.ipv6.requests == []


def test_live_ipv6_needs_no_ipv4(network: ScriptedNetwork) -> None:
    """The better address serves while all is well."""
    with running_python(_FETCH_TWICE, wrapper=network.wrapper) as client:
        expect_line(client, "second")
    assert len(network.ipv6.requests) == 2 and network.ipv4.requests == []
    assert network.relay.connects[0].family == socket.AF_INET6
