"""The machine gets another address while requests run: every call ends, and old connections are not used again."""

from __future__ import annotations

import json
from typing import cast

import pytest

from tests.support.scripted_network import CLIENT_IPV4, DEVICE, ScriptedNetwork
from tests.support.subprocesses import expect_line, running_python
from tests.support.waiting import wait_until

pytestmark = pytest.mark.netns

_NEW_IPV4 = "192.0.2.9"
_TIMEOUT_S = 5.0
_AT_LAST_S = 15.0  # a hang would take longer

# Two connections of another.test idle while fifty requests share the six sockets that one host may have.
_FIFTY_REQUESTS = """
    import collections, json, sys, threading, time, netstack_sync
    session = netstack_sync.Session()
    for future in [session.submit("GET", "http://other.test/delay/0.2") for _ in range(2)]:
        assert future.result(timeout=20).ok
    assert session.stats().sockets_idle == 2

    begin = time.monotonic()
    futures = [session.submit("GET", "http://live.test/delay/0.5", timeout=float(sys.argv[1])) for _ in range(50)]
    while session.stats().sockets_active < 6:
        time.sleep(0.001)
    print("running", flush=True)
    outcomes = collections.Counter()
    for future in futures:
        try:
            future.result(timeout=60)
            outcomes["ok"] += 1
        except netstack_sync.NetError as error:
            outcomes[error.net_error.name] += 1
    print("outcomes", json.dumps([outcomes, time.monotonic() - begin]), flush=True)

    while True:  # the fifty may all have failed before the new address was there
        try:
            response = session.get("http://other.test/hello", timeout=5)
            break
        except netstack_sync.NetError:
            time.sleep(0.01)
    print("afterwards", json.dumps([response.status, response.connection_reused]), flush=True)
    session.close()
"""


def _outcomes(line: str) -> tuple[dict[str, int], float]:
    outcomes, took_s = cast("tuple[dict[str, int], float]", json.loads(line))
    return outcomes, took_s


def test_one_more_address(network: ScriptedNetwork) -> None:
    """Another network comes up, such as a VPN: what runs on the old one goes on, what idles there is closed."""
    with running_python(_FIFTY_REQUESTS, "20", wrapper=network.wrapper) as client:
        expect_line(client, "running")
        network.client.ip(f"addr add {_NEW_IPV4}/24 dev {DEVICE}")
        outcomes, took_s = _outcomes(expect_line(client, "outcomes"))
        print(f"{outcomes} after {took_s:.3f} s")
        assert sum(outcomes.values()) == 50 and outcomes.keys() <= {"ok", "ERR_NETWORK_CHANGED"}
        assert outcomes.get("ok", 0) >= 6 and took_s < _AT_LAST_S
        assert json.loads(expect_line(client, "afterwards")) == [200, False]


def test_another_address(network: ScriptedNetwork) -> None:
    """The old network is gone with its connections: no request outlives its deadline, and new ones find the way."""
    with running_python(_FIFTY_REQUESTS, str(_TIMEOUT_S), wrapper=network.wrapper) as client:
        expect_line(client, "running")
        network.client.ip(f"addr del {CLIENT_IPV4}/24 dev {DEVICE}")
        network.client.ip(f"addr add {_NEW_IPV4}/24 dev {DEVICE}")
        outcomes, took_s = _outcomes(expect_line(client, "outcomes"))
        print(f"{outcomes} after {took_s:.3f} s")
        assert sum(outcomes.values()) == 50 and took_s < _AT_LAST_S
        assert json.loads(expect_line(client, "afterwards")) == [200, False]
    wait_until(lambda: network.relay.connects[-1].source == _NEW_IPV4)
