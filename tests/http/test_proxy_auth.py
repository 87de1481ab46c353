"""Who answers a proxy that forwards requests."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.http.auth_party import PROXY
from netstack_sync.http.proxy_auth import make_proxy_party
from netstack_sync.pool.proxy_route import ProxyHop
from netstack_sync.wire.http1_response import ResponseHeadParser
from tests.support.digest_server import PLAIN_CHALLENGE
from tests.support.scripted_proxies import server_of
from tests.support.scripted_stack import ScriptedStack, request_info

P = server_of("http://p:80")


@pytest.mark.parametrize("sends_basic", [False, True])
def test_what_is_said_before_anybody_asks(stack: ScriptedStack, sends_basic: bool) -> None:
    """Basic, where the user has chosen it by the way he gave his password."""
    party = make_proxy_party(
        ProxyHop(P, password_identity("me", "p", sends_basic)), request_info(), stack.session, stack.log()
    )
    assert party is not None and party.target is PROXY
    assert party.authorization() == ("Basic bWU6cA==" if sends_basic else None)
    party.cancel()


def test_nobody(stack: ScriptedStack) -> None:
    """Without an identity, and where the caller answers for himself."""
    assert make_proxy_party(ProxyHop(P), request_info(), stack.session, stack.log()) is None
    own = request_info(headers=[("proxy-AUTHORIZATION", "mine")])
    assert make_proxy_party(ProxyHop(P, password_identity("me", "p")), own, stack.session, stack.log()) is None


def test_logins_are_remembered_for_the_proxy(stack: ScriptedStack) -> None:
    """R3 (CVE-2026-7168, CVE-2026-8927): for that one and that user, whatever server the request was for; also in
    privacy mode, which keeps things from servers.
    """
    me = AuthIdentity("me", "p", ("digest",))
    info = request_info("http://a.test/x")
    info.privacy_mode = True
    party = make_proxy_party(ProxyHop(P, me), info, stack.session, stack.log())
    head = ResponseHeadParser().receive(f"HTTP/1.1 407 No\r\nProxy-Authenticate: {PLAIN_CHALLENGE}\r\n\r\n".encode())
    assert party is not None and head is not None and party.on_challenge(head)
    party.on_accepted(head)
    party.cancel()
    cache = stack.session.proxy_auth
    assert cache.lookup_by_path(P.origin, me, "/") is not None
    assert cache.lookup_by_path(P.origin, password_identity("me", "p"), "/") is None
    for other in ("http://q:80", "https://p:80", "http://p:81"):
        assert cache.lookup_by_path(server_of(other).origin, me, "/") is None
    assert stack.session.auth_cache.lookup_by_path(P.origin, me, "/") is None
    again = make_proxy_party(ProxyHop(P, me), request_info("http://b.test/"), stack.session, stack.log())
    assert again is not None and str(again.authorization()).startswith("Digest ")
    again.cancel()
