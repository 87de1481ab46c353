"""Who answers a server."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.http.auth_party import SERVER
from netstack_sync.http.server_auth import make_server_party
from netstack_sync.wire.http1_response import ResponseHeadParser
from tests.support.digest_server import PLAIN_CHALLENGE
from tests.support.scripted_stack import ScriptedStack, request_info


@pytest.mark.parametrize("has_header", [False, True])
def test_credentials_of_the_url(stack: ScriptedStack, has_header: bool) -> None:
    """Row 168, AuthIdentityInURL: unless a header of the caller's says something else."""
    headers = [("Authorization", "mine")] if has_header else None
    party = make_server_party(request_info("http://me:p@a.test/", headers=headers), stack.session, stack.log())
    assert (party is None) == has_header
    if party is not None:
        assert party.target is SERVER and party.authorization() is None, "build() says Basic for the URL"
        party.cancel()


def test_nobody(stack: ScriptedStack) -> None:
    """Without credentials, and in privacy mode (row 168, DoNotSendAuth)."""
    assert make_server_party(request_info(), stack.session, stack.log()) is None
    private = request_info("http://me:p@a.test/")
    private.privacy_mode = True
    assert make_server_party(private, stack.session, stack.log()) is None


def test_logins_are_remembered_for_servers(stack: ScriptedStack) -> None:
    """Under origin and path, and never for a proxy."""
    info = request_info("http://a.test/x")
    info.auth = me = password_identity("me", "p")
    party = make_server_party(info, stack.session, stack.log())
    head = ResponseHeadParser().receive(f"HTTP/1.1 401 No\r\nWWW-Authenticate: {PLAIN_CHALLENGE}\r\n\r\n".encode())
    assert party is not None and head is not None and party.on_challenge(head)
    party.on_accepted(head)
    origin = SchemeHostPort("http", "a.test", 80)
    assert stack.session.auth_cache.lookup_by_path(origin, me, "/y") is not None
    assert stack.session.proxy_auth.lookup_by_path(origin, me, "/y") is None
    party.cancel()
