"""The first packet of a connection is lost: the pool does not wait for the system to send it again."""

from __future__ import annotations

import pytest

from tests.support.scripted_network import ScriptedNetwork
from tests.support.subprocesses import expect_line, running_python
from tests.support.tun_relay import first_connect

pytestmark = pytest.mark.netns

_RETRANSMIT_S = 1.0  # Linux sends a SYN again after so long

_FETCH = """
    import time, netstack_sync
    with netstack_sync.Session() as session:
        begin = time.monotonic()
        assert session.get("http://live.test/hello", timeout=20).ok
        print("took", time.monotonic() - begin, flush=True)
"""


def test_a_backup_socket_serves(network: ScriptedNetwork) -> None:
    """A second socket is opened a quarter of a second later, and serves before the SYN is sent again."""
    network.relay.loses = first_connect()
    with running_python(_FETCH, wrapper=network.wrapper) as client:
        took_s = float(expect_line(client, "took"))
    print(f"took {took_s:.3f} s")
    assert took_s < 0.9 * _RETRANSMIT_S
    assert network.relay.sockets_opened == 2
