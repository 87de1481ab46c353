"""What the exchanges of one context share."""

from __future__ import annotations

import pytest

from netstack_sync.auth.cache import HttpAuthCache
from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_IO_PENDING, ERR_NETWORK_CHANGED, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.http.basic_stream import HttpBasicStream
from netstack_sync.http.network_session import HttpNetworkSession
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.pool import close_reasons
from netstack_sync.pool.group_id import GroupId
from netstack_sync.pool.handle import ClientSocketHandle
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.sockets.tls_config import TlsConfig
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import use_proxies
from tests.support.scripted_socket import PEER, Pause, Read, ScriptedSocket, Write
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n"
HEAD = b"GET / HTTP/1.1\r\n\r\n"
LENGTH_5 = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def answered(stack: ScriptedStack, *pieces: bytes) -> tuple[HttpBasicStream, ScriptedSocket]:
    """A stream whose head has arrived, and more to come after a pause."""
    socket = stack.connection(Write(HEAD), Read(pieces[0]), Pause(), *[Read(piece) for piece in pieces[1:]])
    stream = HttpBasicStream(stack.handle(socket), "GET", False)
    stream.send_request(HEAD, None, lambda _: None)
    stack.run()
    done = RecordedCompletion()
    assert stream.read_headers(done) == ERR_IO_PENDING
    stack.run()
    assert done.result == OK
    return stream, socket


def test_a_complete_stream_goes_back_at_once(stack: ScriptedStack) -> None:
    """Row 172, RecycleSocketAfterZeroContentLength: there is nothing to drain."""
    stream, socket = answered(stack, b"HTTP/1.1 204 No Content\r\n\r\n")
    stack.session.drain_or_close(stream)
    assert socket.is_open and not socket.read_sizes[2:] and len(stack.thread.timers) == 1, "only the pool's sweep"


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"]
)
def test_a_stream_without_a_future_is_closed_at_once(stack: ScriptedStack, head: bytes) -> None:
    """Draining would not save the connection."""
    stream, socket = answered(stack, head)
    stack.session.drain_or_close(stream)
    assert not socket.is_open


def test_a_small_rest_is_drained(stack: ScriptedStack) -> None:
    """Row 167, KeepAliveAfterUnreadBody: the connection is reused afterwards."""
    stream, socket = answered(stack, LENGTH_5, b"hello")
    stack.session.drain_or_close(stream)
    assert socket.is_open
    socket.resume()
    stack.run()
    assert socket.is_open and socket.is_done and stream.is_body_complete
    stack.handle(socket).reset()


def test_shutting_down_stops_the_drainers(stack: ScriptedStack) -> None:
    """Row 159, CancelledBySession; what waits for a socket fails with the given error."""
    stream, socket = answered(stack, LENGTH_5, b"hello")
    stack.session.drain_or_close(stream)
    stack.failed_connection(NEVER)
    transaction = stack.transaction()
    done = RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
    assert not done.is_called, "never from inside the call"
    stack.run()
    assert not socket.is_open and done.result == ERR_CONTEXT_SHUT_DOWN
    transaction.close()
    stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)


# --- connections in advance


@pytest.mark.parametrize("url", ["http://a.test/x", "https://a.test/x"])
def test_preconnected_sockets_are_those_of_the_requests(stack: ScriptedStack, url: str) -> None:
    """Row 80, PreconnectJobsTakenByNormalRequests: the group is the same, so that the next requests use them."""
    info = request_info(url)
    for _ in range(2):
        stack.connection(Pause())
    stack.session.preconnect(info.url, info.tls, 2)
    stack.run()
    assert stack.pool.sockets_opened == 2 and [len(group.idle) for group in stack.pool.groups()] == [2]
    transactions = [stack.transaction() for _ in range(2)]
    for transaction in transactions:
        transaction.start(info, RecordedCompletion())
    stack.run()
    assert (stack.pool.sockets_opened, stack.pool.sockets_reused) == (2, 2)
    for transaction in transactions:
        transaction.close()


def test_preconnected_sockets_are_kept_apart(stack: ScriptedStack) -> None:
    """By trust and partition, as those of requests."""
    url, other = Url.parse("https://a.test/"), TlsConfig(TrustConfig(verify=False))
    tls = TlsConfig(TrustConfig())
    for config, partition in ((tls, None), (other, None), (tls, "p")):
        stack.connection()
        stack.session.preconnect(url, config, 1, partition)
        stack.run()
    assert stack.requested_groups == [
        GroupId(url.origin, tls),
        GroupId(url.origin, other),
        GroupId(url.origin, tls, "p"),
    ]


# --- another network


def test_connections_of_the_old_network(stack: ScriptedStack) -> None:
    """Rows 92, CloseIdleSocketsOnIPAddressChange, and 71: idle ones go at once, those in use after their request."""
    idle, in_use = stack.connection(), stack.connection()
    handles = [stack.handle(socket) for socket in (idle, in_use)]
    handles[0].reset()
    stack.session.on_ip_address_changed(lambda _: True)
    assert not idle.is_open and in_use.is_connected(), "where it begins is not known"
    handles[1].reset()
    assert not in_use.is_open


@pytest.mark.parametrize("address, is_kept", [("10.0.0.1", False), ("10.0.0.2", True)])
def test_connections_from_addresses_that_are_gone(stack: ScriptedStack, address: str, is_kept: bool) -> None:
    """They are broken, so that nobody waits for what cannot come; their request is told why."""
    socket = stack.connection(Write(GET), Pause())
    socket.local_ip = address
    transaction = stack.transaction()
    done = RecordedCompletion()
    transaction.start(request_info(), done)
    stack.run()
    stack.session.on_ip_address_changed(lambda lost: lost == "10.0.0.1")
    stack.run()
    assert done.result == (ERR_IO_PENDING if is_kept else ERR_NETWORK_CHANGED)
    transaction.close()


def test_who_waits_is_told_to_ask_again(stack: ScriptedStack) -> None:
    """Row 72, AbortAllRequestsOnFlush: its connection was for the old network."""
    handle, done = waiting_handle(stack)
    stack.session.on_ip_address_changed(lambda _: False)
    assert not done.is_called, "never from inside the call"
    stack.run()
    assert done.result == ERR_NETWORK_CHANGED
    handle.reset()


def test_the_log_says_why_connections_went(stack: ScriptedStack) -> None:
    """In the words of the pool."""
    stack.handle(stack.connection()).reset()
    stack.session.on_ip_address_changed(lambda _: False)
    stack.handle(stack.connection()).reset()
    stack.session.on_trust_changed()
    if stack.is_async:
        reasons = stack.recorded.params_of(NetLogEventType.SOCKET_POOL_CLOSING_SOCKET, NetLogEventPhase.NONE)
        assert reasons == [{"reason": "Network changed"}, {"reason": "Trust or TLS configuration changed"}]


# --- an endpoint that is left alone


@pytest.mark.parametrize("is_avoided", [False, True])
def test_connections_to_an_endpoint_that_is_left_alone(stack: ScriptedStack, is_avoided: bool) -> None:
    """None serves another request: idle ones go at once, those in use when they come back."""
    idle, in_use = stack.connection(), stack.connection()
    handles = [stack.handle(socket) for socket in (idle, in_use)]
    handles[0].reset()
    stack.session.on_endpoint_avoided(PEER if is_avoided else PEER._replace(port=81))
    assert idle.is_open != is_avoided and in_use.is_open and in_use.is_connected()
    handles[1].reset()
    assert in_use.is_open != is_avoided
    if stack.is_async and is_avoided:
        (reason, _) = stack.recorded.params_of(NetLogEventType.SOCKET_POOL_CLOSING_SOCKET, NetLogEventPhase.NONE)
        assert reason == {"reason": close_reasons.ENDPOINT_AVOIDED}


# --- other terms


def test_connections_verified_under_other_terms(stack: ScriptedStack) -> None:
    """Row 89, RefreshGroupPreventsSocketReuse: those in use are not disturbed."""
    idle, in_use = stack.connection(), stack.connection(Write(GET), Read(LENGTH_5), Pause(), Read(b"hello"))
    handle = stack.handle(idle)
    transaction = stack.transaction()
    done = RecordedCompletion()
    assert transaction.start(request_info(), done) == ERR_IO_PENDING
    stack.run()
    handle.reset()
    stack.session.on_trust_changed()
    assert not idle.is_open and in_use.is_connected() and done.result == OK
    in_use.resume()
    data: list[bytes | int] = []
    assert transaction.read(data.append) in (b"hello", ERR_IO_PENDING)
    stack.run()
    assert data in ([], [b"hello"])
    transaction.close()
    assert not in_use.is_open


def test_who_waits_gets_a_connection_under_the_new_terms(stack: ScriptedStack) -> None:
    """Rows 89, RefreshGroupCreatesNewConnectJobs, and 184, SSLConfigChangedPendingConnect."""
    handle, done = waiting_handle(stack)
    stack.connection()
    stack.session.on_trust_changed()
    stack.run()
    assert done.result == OK and len(stack.requested_groups) == 2
    handle.reset()


def waiting_handle(stack: ScriptedStack) -> tuple[ClientSocketHandle, RecordedCompletion]:
    """A claim to a connection that does not come."""
    handle = ClientSocketHandle(
        stack.pool, GroupId(Url.parse("http://a.test/").origin, None), RequestPriority.MEDIUM, stack.log()
    )
    done = RecordedCompletion()
    stack.failed_connection(NEVER)
    assert handle.init(done) == ERR_IO_PENDING
    stack.run()
    return handle, done


# --- proxies


def test_whose_settings_count(stack: ScriptedStack) -> None:
    """The request's own, else the session's; none without anybody to ask."""
    assert stack.session.is_direct and stack.session.proxies_for(None) is None
    assert stack.session.proxies_for(ProxyConfig(source="own")) is None
    with pytest.raises(AssertionError, match="go around"):
        stack.session.proxies_for(ProxyConfig(auto_detect=True))
    proxies = use_proxies(stack, "http://p:80")
    assert not stack.session.is_direct and stack.session.proxies_for(None) is proxies
    proxies.ways = ()
    assert stack.session.proxies_for(None) is None


def test_logins_at_proxies_are_kept_apart(stack: ScriptedStack) -> None:
    """Rule R3: from those at servers; and shared with whoever opens tunnels."""
    assert stack.session.proxy_auth is not stack.session.auth_cache
    cache = HttpAuthCache()
    old = stack.session
    assert HttpNetworkSession(old.thread, old.pools, old.meter, old.net_log, proxy_auth=cache).proxy_auth is cache


def test_connections_in_advance_through_a_proxy(stack: ScriptedStack) -> None:
    """Once the way is found; not any more when all is over. More in test_proxy_preconnect.py."""
    proxies, info = use_proxies(stack, "http://p:80"), request_info()
    stack.connection(Pause())
    stack.session.preconnect(info.url, info.tls, 1)
    stack.run()
    assert stack.pools.sockets_opened == 1 and stack.requested_groups[0].proxy is not None
    proxies.is_late = True
    stack.session.preconnect(info.url, info.tls, 1)
    stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
    stack.run()
    assert stack.pools.sockets_opened == 1
