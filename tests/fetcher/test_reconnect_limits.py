"""The limits of connecting, where one request needs several connections."""

from __future__ import annotations

import threading

import pytest

from netstack_sync import DigestAuth, Limits, PoolTimeout, Session, Timeout
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from netstack_sync.testing.fault_recipes import stall_before_headers
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.waiting import wait_until

LIMIT_S = 20.0  # only a hang gets here


def test_after_a_challenge_they_count_anew(server: EmbeddedServer) -> None:
    """The place of the connection that the challenge has cost goes to somebody else, who keeps it."""
    others_wait = threading.Event()

    def challenge(request: ReceivedRequest) -> Answer:
        assert others_wait.wait(LIMIT_S)
        headers = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"', "Connection": "close"}
        return Answer(401, headers=headers)

    server.route("/login", challenge)
    server.route("/slow", Answer(fault=stall_before_headers()))
    with Session(limits=Limits(per_host=1)) as session:
        limit = Timeout(total=None, connect=None, read=None, pool=0.2)
        login = session.submit("GET", server.url("/login"), auth=DigestAuth("u", "p"), timeout=limit)
        slow = session.submit("GET", server.url("/slow"), timeout=LIMIT_S)
        wait_until(lambda: session.stats().requests_waiting == 1)
        others_wait.set()
        with pytest.raises(PoolTimeout):
            login.result(LIMIT_S)
        slow.cancel()
