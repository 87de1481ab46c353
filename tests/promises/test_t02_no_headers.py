"""T2: a server that says nothing costs one timeout, not one for each attempt."""

from __future__ import annotations

import time

import pytest

import netstack_sync
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_silent_server_costs_one_timeout(server: EmbeddedServer, method: str) -> None:
    """No headers within timeout=1 is the end, after one request. urllib3 takes 4.0 s: four attempts of 1 s."""
    server.route("/silent", Answer(fault=stall_before_headers()))
    begin = time.monotonic()
    with pytest.raises(netstack_sync.DeadlineExceeded) as caught:
        netstack_sync.fetch(server.url("/silent"), method, timeout=1)
    assert 0.9 < time.monotonic() - begin < 3.5
    assert caught.value.may_have_been_sent
    assert len(server.requests) == 1


def test_deadline_covers_redirects(server: EmbeddedServer) -> None:
    """A deadline is not begun anew with each hop, as the timeouts of requests and urllib3 are."""
    server.route("/round", Answer(302, headers={"Location": "/round"}, delay_s=0.15))
    begin = time.monotonic()
    with pytest.raises(netstack_sync.DeadlineExceeded):
        netstack_sync.fetch(server.url("/round"), timeout=1)
    assert time.monotonic() - begin < 2.9, "twenty redirects would take 3 s"


def test_silent_listener_costs_one_timeout_over_tls(tls_server: EmbeddedServer) -> None:
    """The same over TLS."""
    tls_server.route("/silent", Answer(fault=stall_before_headers()))
    with pytest.raises(netstack_sync.DeadlineExceeded):
        netstack_sync.fetch(tls_server.url("/silent"), timeout=1, verify=tls_server.ca_file)
    assert len(tls_server.requests) == 1
