"""One wait for a stream."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import ERR_CONNECTION_REFUSED, ERR_IO_PENDING, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.stream_request import StreamRequest, group_id_for
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.pool.proxy_route import ProxyHop, ProxyRoute
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import server_of
from tests.support.scripted_socket import Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info


def start(stack: ScriptedStack, run: bool = True) -> tuple[StreamRequest, RecordedCompletion, int]:
    info, log = request_info(), stack.log()
    request = StreamRequest(ClientSocketHandle(stack.pool, group_id_for(info), info.priority, log), info, log)
    done = RecordedCompletion()
    result = request.start(done)
    if run:
        stack.run()
        result = done.result if done.is_called else result
    if result != ERR_IO_PENDING:
        request.finish(result)
    return request, done, result


def test_it_ends_with_a_stream(stack: ScriptedStack) -> None:
    """The stream is the owner's from then on: cancelling the request does not touch it."""
    socket = stack.connection()
    request, done, result = start(stack)
    assert result == OK and done.is_called == stack.is_async
    stream = request.stream
    assert stream is not None and not stream.is_connection_reused
    request.cancel()
    assert socket.is_open
    stream.close(not_reusable=True)
    assert not socket.is_open


def test_a_reused_connection_is_there_at_once(stack: ScriptedStack) -> None:
    """Nothing is posted for what is there already."""
    socket = stack.connection(Write(b"x"))
    handle = stack.handle(socket)
    socket.notify_writable(lambda: None)
    stack.run()
    socket.notify_writable(lambda: None)
    stack.run()
    assert socket.write(b"x") == 1
    handle.reset()
    request, done, result = start(stack, run=False)
    assert result == OK and not done.is_called
    assert request.stream is not None and request.stream.is_connection_reused
    request.stream.close(not_reusable=True)


def test_it_ends_with_the_connect_jobs_error(stack: ScriptedStack) -> None:
    """Rows 182, HttpSyncConnectError and HttpAsyncConnectError: with the words on what went wrong."""
    info = stack.failed_ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
    stack.failed_connection(ERR_CONNECTION_REFUSED)
    request, _, result = start(stack)
    assert result == ERR_CONNECTION_REFUSED and request.stream is None
    assert request.error_detail == "scripted failure" and request.ssl_info is info
    assert not request.has_reached_server
    request.cancel()
    if stack.is_async:
        (params,) = stack.recorded.params_of(NetLogEventType.HTTP_STREAM_REQUEST, NetLogEventPhase.END)
        assert params == {"net_error": ERR_CONNECTION_REFUSED}


@pytest.mark.parametrize("is_answered", [False, True], ids=["connecting", "answer on its way"])
def test_cancelled_while_it_waits(stack: ScriptedStack, is_answered: bool) -> None:
    """The callback never comes, also when the pool has answered and only the delivery is outstanding."""
    stack.failed_connection(NEVER)
    request, done, result = start(stack)
    assert result == ERR_IO_PENDING and not done.is_called
    if is_answered:
        stack.pool.flush_with_error(ERR_CONNECTION_REFUSED, close_reasons.NETWORK_CHANGED)
    request.cancel()
    request.cancel()
    stack.run()
    assert not done.is_called


def test_it_tells_what_it_waits_for(stack: ScriptedStack) -> None:
    """And can be moved in the queue meanwhile."""
    for _ in range(6):
        stack.failed_connection(NEVER)
    requests = [start(stack)[0] for _ in range(8)]
    assert requests[0].load_state == LoadState.CONNECTING and requests[0].connecting_since == 100.0
    assert requests[7].load_state == LoadState.WAITING_FOR_AVAILABLE_SOCKET and requests[7].connecting_since is None
    requests[7].set_priority(RequestPriority.HIGHEST)
    (group,) = stack.pool.groups()
    assert group.top_priority is RequestPriority.HIGHEST
    for request in requests:
        request.cancel()


def test_the_group_holds_what_makes_connections_differ() -> None:
    """Row 184, NetworkIsolation: TLS terms count for https only; partition and privacy mode always."""
    plain, secure = request_info("http://a.test/x"), request_info("https://a.test/x")
    assert group_id_for(plain).tls is None
    assert group_id_for(secure).tls == secure.tls
    assert group_id_for(plain) == group_id_for(request_info("http://u:p@A.test:80/y?z#f"))
    assert group_id_for(plain) != group_id_for(request_info("http://a.test:81/x"))
    secure.partition = "site"
    assert group_id_for(secure) != group_id_for(request_info("https://a.test/x"))
    plain.privacy_mode = True
    assert group_id_for(plain) != group_id_for(request_info("http://a.test/x"))


def test_a_connection_that_is_there(stack: ScriptedStack) -> None:
    """No socket is asked for; giving up before the stream is taken gives it back."""
    socket = stack.connection()
    handle = stack.handle(socket)
    request = StreamRequest(handle, request_info(), stack.log())
    assert request.start(lambda _: None) == OK and request.stream is None
    request.finish(OK)
    stream = request.stream
    assert stream is not None and len(stack.requested_groups) == 1
    stream.close(not_reusable=True)
    assert not socket.is_open


def test_only_some_identities_need_connections_of_their_own() -> None:
    """Rule R1."""
    request = request_info()
    plain = group_id_for(request)
    request.auth = AuthIdentity("me", "p", ("digest", "basic"))
    assert group_id_for(request) == plain
    request.auth = AuthIdentity("me", "p", ("ntlm",))
    assert group_id_for(request) == plain._replace(identity=request.auth)


def test_the_route_is_part_of_the_group() -> None:
    """Rule R1 (CVE-2026-3784): with as whom each proxy is spoken to; row 178, GroupIdForHTTPProxyConnections."""
    request, me = request_info(), AuthIdentity("me", "p", ("basic",))
    routes = [
        ProxyRoute((ProxyHop(server_of("http://p:80")),)),
        ProxyRoute((ProxyHop(server_of("http://p:80"), me),)),
        ProxyRoute((ProxyHop(server_of("https://p:80"), me),)),
        ProxyRoute((ProxyHop(server_of("https://p:80"), me, request.tls),)),
    ]
    groups = {group_id_for(request), *[group_id_for(request, route) for route in routes]}
    assert len(groups) == 5 and {group.origin for group in groups} == {request.url.origin}
