"""One wait for a stream where there are proxies."""

from __future__ import annotations

import pytest

from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_UNREACHABLE,
    ERR_IO_PENDING,
    ERR_PROXY_AUTH_REQUESTED,
    ERR_PROXY_AUTH_UNSUPPORTED,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
    ERR_TUNNEL_CONNECTION_FAILED,
    ERR_UNEXPECTED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.ssl_info import SSLInfo
from netstack_sync.http.proxy_stream_request import ProxyStreamRequest
from netstack_sync.http.proxy_way import ProxyWay
from netstack_sync.http.stream_request import group_id_for
from netstack_sync.loop.completion import Task
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import ScriptedProxies, chain_of, server_of, use_proxies
from tests.support.scripted_stack import NEVER, ScriptedStack, request_info


class Wait:
    """A request for a stream, and what became of it."""

    def __init__(self, stack: ScriptedStack, proxies: ScriptedProxies, url: str = "http://a.test/") -> None:
        info = request_info(url)
        self.way = ProxyWay(proxies, proxies, info.url, info.tls, stack.log())
        self.request = ProxyStreamRequest(stack.pools, info, stack.log(), self.way, stack.clock)
        self.done = RecordedCompletion()
        self.first_result = self.request.start(self.done)
        assert not self.done.is_called, "never from inside the call"

    @property
    def result(self) -> int:
        return self.done.result if self.done.is_called else self.first_result


def routes(stack: ScriptedStack) -> list[str]:
    """Through whom connections were asked for."""
    return [str(group.proxy.chain) if group.proxy is not None else "direct" for group in stack.requested_groups]


def test_the_stream_comes_through_the_proxy(stack: ScriptedStack) -> None:
    """Its group is that of the route, for the origin that the request is for."""
    proxies = use_proxies(stack, "http://p:80", "direct")
    stack.connection()
    wait = Wait(stack, proxies)
    stack.run()
    assert wait.result == OK and wait.done.is_called == stack.is_async
    stream = wait.request.finish(OK)
    assert stream is wait.request.stream
    assert stream is not None and stream.route is wait.way.route is not None
    assert stack.requested_groups == [group_id_for(request_info(), stream.route)]
    assert wait.request.error_detail == "" and wait.request.ssl_info is None
    wait.request.cancel()
    stream.close(not_reusable=True)


@pytest.mark.parametrize("url", ["http://a.test/", "https://a.test/"])
def test_the_next_way_is_tried(stack: ScriptedStack, url: str) -> None:
    """Row 179, ReconsiderProxyAfterFailedConnection: without a connection the request has not been seen by anybody."""
    proxies = use_proxies(stack, "http://p:80", "socks5://s:1", "direct")
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    stack.failed_connection(ERR_PROXY_CONNECTION_FAILED)
    stack.connection()
    wait = Wait(stack, proxies, url)
    stack.run()
    assert wait.result == OK and routes(stack) == ["http://p:80", "socks5://s:1", "direct"]
    assert wait.way.info is not None and wait.way.info.retry_info is not None and len(wait.way.info.retry_info) == 2
    stream = wait.request.stream
    assert stream is not None and stream.route is None
    stream.close(not_reusable=True)


def test_no_way_is_left(stack: ScriptedStack) -> None:
    """Row 179: the last one's error, in the words of its connection."""
    stack.failed_ssl_info = SSLInfo("TLSv1.3", "cipher", "", (b"leaf",))
    for error in (ERR_ADDRESS_UNREACHABLE, ERR_PROXY_CONNECTION_FAILED):
        stack.failed_connection(error)
    wait = Wait(stack, use_proxies(stack, "http://p:80", "http://q:80"))
    stack.run()
    assert wait.result == ERR_PROXY_CONNECTION_FAILED and wait.request.stream is None
    assert wait.request.error_detail == "scripted failure" and wait.request.ssl_info is stack.failed_ssl_info
    wait.request.cancel()


@pytest.mark.parametrize(
    "error, told, is_forgotten",
    [
        (ERR_TUNNEL_CONNECTION_FAILED, ERR_TUNNEL_CONNECTION_FAILED, False),
        (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, ERR_ADDRESS_UNREACHABLE, False),
        (ERR_PROXY_AUTH_REQUESTED, ERR_PROXY_AUTH_REQUESTED, True),
        (ERR_PROXY_AUTH_UNSUPPORTED, ERR_PROXY_AUTH_UNSUPPORTED, True),
    ],
)
def test_the_proxy_refuses(stack: ScriptedStack, error: int, told: int, is_forgotten: bool) -> None:
    """Rows 170, ConnectStatus100…505, and 176, ErrorResponseToHttpsConnect: no other way is tried. Who gave
    credentials that were not taken is to be asked again.
    """
    proxies = use_proxies(stack, "socks5://p:80", "direct")
    stack.failed_connection(error)
    wait = Wait(stack, proxies, "https://a.test/")
    stack.run()
    assert wait.result == told and routes(stack) == ["socks5://p:80"]
    assert proxies.forgotten == ([server_of("socks5://p:80")] if is_forgotten else [])


def test_no_way_is_found(stack: ScriptedStack) -> None:
    """No connection is asked for."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.result = ERR_UNEXPECTED
    wait = Wait(stack, proxies)
    stack.run()
    assert wait.result == ERR_UNEXPECTED and not stack.requested_groups
    assert wait.request.error_detail == "no script" and wait.request.ssl_info is None and wait.request.stream is None
    wait.request.cancel()


def test_while_it_waits(stack: ScriptedStack) -> None:
    """It tells what for, takes another priority along, and ends in either wait."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.is_late, tasks = True, list[Task]()
    proxies.post = tasks.append
    stack.failed_connection(NEVER)
    wait = Wait(stack, proxies)
    request = wait.request
    assert (request.load_state, request.connecting_since) == (LoadState.RESOLVING_PROXY_FOR_URL, 100.0)
    request.set_priority(RequestPriority.HIGHEST)
    for _ in range(2):
        tasks.pop()()
    assert wait.first_result == ERR_IO_PENDING
    (group,) = stack.pools.groups()
    assert group.top_priority is RequestPriority.HIGHEST
    request.set_priority(RequestPriority.LOWEST)
    assert (request.load_state, request.connecting_since) == (LoadState.CONNECTING, 100.0)
    request.cancel()
    request.cancel()
    other = Wait(stack, proxies)
    other.request.cancel()
    tasks.pop()()
    stack.run()
    assert not wait.done.is_called and not other.done.is_called


def test_each_route_has_its_own_connections(stack: ScriptedStack) -> None:
    """Row 178, GroupIdForDirect, HTTPProxy and SOCKSConnections: none is shared with another proxy, or with none."""
    ways = ["direct", "http://p:80", "https://p:80", "http://p:81", "socks5://p:80", "socks5://s:1 http://p:80"]
    for way in ways:
        stack.connection()
        wait = Wait(stack, use_proxies(stack, way))
        stack.run()
        stream = wait.request.stream
        assert stream is not None and not stream.is_connection_reused
        assert (stream.route.chain if stream.route is not None else chain_of("direct")) == chain_of(way)
        stream.close(not_reusable=True)
    assert len(set(stack.requested_groups)) == len(ways)
