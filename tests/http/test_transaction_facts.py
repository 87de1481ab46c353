"""What is known of an exchange before, during and after it."""

from __future__ import annotations

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_CONNECTION_RESET, ERR_PAC_SCRIPT_FAILED
from netstack_sync.http.transaction_facts import TransactionFacts
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import use_proxies
from tests.support.scripted_socket import Pause, Read, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"


def facts_of(facts: TransactionFacts) -> tuple[LoadState, float | None, str, int, bool, bool]:
    return (
        facts.load_state,
        facts.connecting_since,
        facts.error_detail,
        facts.sent_bytes,
        facts.has_sent_bytes,
        facts.is_body_complete,
    )


def test_from_the_connection_to_the_end(stack: ScriptedStack) -> None:
    """Each state has its name, and bytes are counted on the present connection."""
    transaction = stack.transaction()
    assert facts_of(transaction) == (LoadState.IDLE, None, "", 0, False, False)
    stack.failed_connection(NEVER)
    transaction.start(request_info(), RecordedCompletion())
    assert facts_of(transaction) == (LoadState.CONNECTING, 100.0, "", 0, False, False)
    transaction.close()

    socket = stack.connection(Write(GET[:5]), Pause(), Write(GET[5:]), Pause())
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    stack.run()
    assert facts_of(transaction) == (LoadState.SENDING_REQUEST, None, "", 5, False, False)
    socket.resume()
    stack.run()
    assert facts_of(transaction) == (LoadState.WAITING_FOR_RESPONSE, None, "", len(GET), False, False)
    socket.resume()
    socket.extend(Read(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    stack.run()
    assert facts_of(transaction) == (LoadState.READING_RESPONSE, None, "", len(GET), True, True)
    assert transaction.ssl_info is None
    transaction.close()


def test_while_a_challenge_is_drained(stack: ScriptedStack) -> None:
    """It is the server that is waited for."""
    challenge = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\nContent-Length: 4\r\n\r\nwh'
    stack.connection(Write(GET), Read(challenge), Pause())
    info = request_info()
    info.auth = AuthIdentity("u", "p", ("digest",))
    transaction = stack.transaction()
    transaction.start(info, RecordedCompletion())
    stack.run()
    transaction.restart_with_auth(info, RecordedCompletion())
    stack.run()
    assert transaction.load_state == LoadState.READING_RESPONSE
    transaction.close()


def test_why_it_failed(stack: ScriptedStack) -> None:
    """In the words of the connection that was never there, or of the one that broke."""
    stack.failed_connection(ERR_CONNECTION_REFUSED)
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    stack.run()
    assert transaction.error_detail == "scripted failure" and transaction.ssl_info is stack.failed_ssl_info
    transaction.close()
    stack.connection(Write(GET), Read(b"no http"), Read(ERR_CONNECTION_RESET))
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    stack.run()
    assert transaction.sent_bytes == len(GET) and transaction.has_sent_bytes
    transaction.close()


def test_what_was_wrong_with_a_body(stack: ScriptedStack) -> None:
    """In the words of the stream that reads it."""
    stack.connection(Write(GET), Read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"))
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    stack.run()
    assert transaction.error_detail == "" and isinstance(transaction.read(lambda _: None), int)
    assert "chunk" in transaction.error_detail
    transaction.close()


def test_while_a_proxy_is_looked_for(stack: ScriptedStack) -> None:
    """That is told, and since when, for who limits the time to connect."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.is_late, proxies.result = True, ERR_PAC_SCRIPT_FAILED
    transaction = stack.transaction()
    transaction.start(request_info(), RecordedCompletion())
    assert facts_of(transaction) == (LoadState.RESOLVING_PROXY_FOR_URL, 100.0, "", 0, False, False)
    stack.run()
    assert facts_of(transaction) == (LoadState.IDLE, None, "no script", 0, False, False)
    transaction.close()
