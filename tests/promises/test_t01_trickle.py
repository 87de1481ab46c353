"""T1: a deadline is one, however slowly the body comes."""

from __future__ import annotations

import time

import pytest

import netstack_sync
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import trickle

_BODY = b"x" * 120
_SLOWLY = Answer(body=_BODY, fault=trickle(1, every_s=0.1))  # 12 seconds
_WELL_BEFORE_THE_END_S = 4.0


def test_fetch_ends_at_its_timeout(server: EmbeddedServer) -> None:
    """A body that trickles for 12 s ends at timeout=1.

    requests, urllib3, httpx, httpx2 and niquests wait 11.8 s and say "200 OK".
    """
    server.route("/slow", _SLOWLY)
    begin = time.monotonic()
    with pytest.raises(netstack_sync.DeadlineExceeded) as caught:
        netstack_sync.fetch(server.url("/slow"), timeout=1)
    assert 0.9 < time.monotonic() - begin < _WELL_BEFORE_THE_END_S
    assert caught.value.net_error.name == "ERR_TIMED_OUT"
    assert caught.value.may_have_been_sent
    assert server.wait_until(lambda: server.open_connections == 0), "the slot was not given back"


def test_stream_ends_at_its_timeout(server: EmbeddedServer) -> None:
    """With stream(timeout=1) the deadline holds for the body too; what came before it can be read.

    requests and httpx have no limit there but the pause between two bytes, which never comes.
    """
    server.route("/slow", _SLOWLY)
    begin = time.monotonic()
    with netstack_sync.Session() as session:
        with session.stream("GET", server.url("/slow"), timeout=1) as response:
            received = b""
            with pytest.raises(netstack_sync.DeadlineExceeded):
                for piece in response.iter_bytes():
                    received += piece
        assert 0.9 < time.monotonic() - begin < _WELL_BEFORE_THE_END_S
        assert 0 < len(received) < len(_BODY)
        assert session.get(server.url("/hello")).text == "hello\n"


def test_trickled_head_ends_at_its_timeout(server: EmbeddedServer) -> None:
    """The same for a head that comes byte by byte, which resets every read timeout of the peers."""
    server.route("/slow", Answer(body=_BODY, fault=trickle(1, every_s=0.1, with_head=True)))
    begin = time.monotonic()
    with pytest.raises(netstack_sync.DeadlineExceeded):
        netstack_sync.fetch(server.url("/slow"), timeout=1)
    assert time.monotonic() - begin < _WELL_BEFORE_THE_END_S
