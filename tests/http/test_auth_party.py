"""What a head asks, and what is answered; the decisions are the controller's."""

from __future__ import annotations

import pytest

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.auth.identity import AuthIdentity, password_identity
from netstack_sync.auth.security_service import SecurityService
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.origin import SchemeHostPort
from netstack_sync.http.auth_party import PROXY, SERVER, AuthParty, AuthTarget
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload, IterableSource, WorkerUpload
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.wire.http1_response import ResponseHead, ResponseHeadParser
from tests.support.digest_server import fields_of
from tests.support.loops import RecordedCompletion
from tests.support.scripted_stack import ScriptedStack, request_info
from tests.support.security import FakeSecurity, header

ME = AuthIdentity("me", "p", ("digest", "basic"))
DIGEST = 'Digest realm="r", nonce="n", qop="auth, auth-int"'
ORIGIN = SchemeHostPort("http", "x", 80)
FIELD = {SERVER: "WWW-Authenticate", PROXY: "Proxy-Authenticate"}


def head_of(target: AuthTarget, *fields: str) -> ResponseHead:
    head = ResponseHeadParser().receive("\r\n".join([f"HTTP/1.1 {target.status} No", *fields, "", ""]).encode())
    assert head is not None
    return head


def party_of(
    stack: ScriptedStack, target: AuthTarget, info: HttpRequestInfo | None = None, me: AuthIdentity = ME
) -> AuthParty:
    return AuthParty(target, info or request_info(), me, ORIGIN, "/", HttpAuthCache(), None, stack.log())


@pytest.mark.parametrize("target", [SERVER, PROXY], ids=lambda target: target.name)
def test_each_side_has_its_own_fields(stack: ScriptedStack, target: AuthTarget) -> None:
    """What the other one's say is nobody's answer; the next nonce comes in its own, too."""
    other = PROXY if target is SERVER else SERVER
    for wrong in (head_of(target, f"{FIELD[other]}: {DIGEST}"), head_of(target)):
        party = party_of(stack, target)
        assert not party.on_challenge(wrong) and party.authorization() is None
        assert not party.can_meet(wrong)
        party.cancel()
    party = party_of(stack, target)
    assert party.on_challenge(head_of(target, f"{FIELD[target]}: {DIGEST}"))
    assert fields_of(party.authorization() or "")["nonce"] == "n"
    party.on_accepted(head_of(target, f'{other.info}: nextnonce="wrong"', f'{target.info}: nextnonce="m"'))
    assert fields_of(party.authorization() or "")["nonce"] == "m"
    assert not party.binds_connection and party.generate_token(None, lambda _: None) == OK
    party.on_new_connection()
    assert party.error_detail == ""
    party.cancel()


@pytest.mark.parametrize("target, words", [(SERVER, None), (PROXY, "Basic bWU6cA==")], ids=["server", "proxy"])
def test_what_is_said_before_anybody_asks(stack: ScriptedStack, target: AuthTarget, words: str | None) -> None:
    """To a server the request says it by itself."""
    party = party_of(stack, target, me=password_identity("me", "p"))
    assert party.authorization() == words
    party.cancel()


def test_a_challenge_to_somebody_else(stack: ScriptedStack) -> None:
    """It refuses nothing that this identity has said, since it has said nothing."""
    party = party_of(stack, SERVER)
    assert party.can_meet(head_of(SERVER, f"{FIELD[SERVER]}: {DIGEST}"))
    assert party.authorization() is not None
    party.cancel()


@pytest.mark.parametrize("target", [SERVER, PROXY], ids=lambda target: target.name)
def test_what_is_signed(stack: ScriptedStack, target: AuthTarget) -> None:
    """The path, to a proxy as well, and a body that is in memory."""
    info = request_info("http://u:p@a.test/x?y#z", "POST", upload=BytesUpload(b"hello"))
    party = party_of(stack, target, info)
    assert party.on_challenge(head_of(target, f'{FIELD[target]}: Digest realm="r", nonce="n", qop="auth-int"'))
    fields = fields_of(party.authorization() or "")
    assert (fields["uri"], fields["qop"]) == ("/x?y", "auth-int")
    party.cancel()


def test_no_handshake_with_who_keeps_no_connection(stack: ScriptedStack) -> None:
    """HTTP/1.0 knows it only where it says so: no token would be for the same connection."""
    head = ResponseHeadParser().receive(b"HTTP/1.0 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n")
    party = party_of(stack, PROXY)
    assert head is not None and not party.on_challenge(head)
    party.cancel()


@pytest.mark.parametrize("target", [SERVER, PROXY], ids=lambda target: target.name)
def test_the_log(stack: ScriptedStack, target: AuthTarget) -> None:
    """Each side has a source of its own, which the request's names."""
    party_of(stack, target).cancel()
    begun = stack.recorded.params_of(NetLogEventType.AUTH_CONTROLLER, NetLogEventPhase.BEGIN)
    assert begun == [{"target": target.name, "url": "http://x/"}] * stack.is_async


def test_a_connection_that_is_logged_in(stack: ScriptedStack) -> None:
    """Row 171: nothing more is said over it, unless it is asked again; another one starts anew."""
    login = AuthIdentity("me", "p", ("ntlm",))
    security = SecurityService(stack.workers, FakeSecurity(ntlm=[b"one"]))
    party = AuthParty(PROXY, request_info(), login, ORIGIN, "/", HttpAuthCache(), security, stack.log())
    asking, fine = head_of(PROXY, "Proxy-Authenticate: NTLM"), head_of(PROXY)
    for _ in range(2):
        done = RecordedCompletion()
        assert party.on_challenge(asking) and party.binds_connection
        assert party.generate_token(None, done) == ERR_IO_PENDING
        stack.run_workers()
        assert done.result == OK and party.authorization() == header("NTLM", b"one")
        party.on_accepted(fine)
        assert party.authorization() is None and party.binds_connection
    party.on_new_connection()
    assert party.authorization() is None and not party.binds_connection
    party.cancel()


def test_a_body_that_cannot_be_read_twice_is_not_signed(stack: ScriptedStack) -> None:
    """Nobody answers then."""
    upload = WorkerUpload(IterableSource(iter([b"hello"])), 5, stack.workers)
    party = party_of(stack, SERVER, request_info(method="POST", upload=upload))
    assert not party.on_challenge(head_of(SERVER, 'WWW-Authenticate: Digest realm="r", nonce="n", qop=auth-int'))
    party.cancel()


def test_no_body_is_signed_as_an_empty_one(stack: ScriptedStack) -> None:
    """RFC 7616 §3.4.3."""
    party = party_of(stack, SERVER)
    assert party.on_challenge(head_of(SERVER, 'WWW-Authenticate: Digest realm="r", nonce="n", qop=auth-int'))
    assert fields_of(party.authorization() or "")["qop"] == "auth-int"
    party.cancel()
