"""Connections in advance through proxies."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_CONTEXT_SHUT_DOWN, ERR_PAC_SCRIPT_FAILED
from netstack_sync.http.proxy_preconnect import ProxyPreconnect
from netstack_sync.http.proxy_way import ProxyWay
from netstack_sync.http.stream_request import group_id_for
from netstack_sync.pool.group_id import GroupId
from netstack_sync.proxy.config import ProxyConfig
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import chain_of, use_proxies
from tests.support.scripted_socket import Pause
from tests.support.scripted_stack import ScriptedStack, request_info


@pytest.mark.parametrize("url", ["http://a.test/x", "https://a.test/x"])
def test_they_are_those_of_the_requests(stack: ScriptedStack, url: str) -> None:
    """Row 80, PreconnectJobsTakenByNormalRequests: the proxy is found for the URL, and its requests use them."""
    proxies, info = use_proxies(stack, "http://p:80"), request_info(url)
    stack.connection(Pause())
    stack.session.preconnect(info.url, info.tls, 1, proxy=ProxyConfig(source="own"))
    stack.run()
    (group,) = stack.requested_groups
    assert group.proxy is not None and group.proxy.chain == chain_of("http://p:80")
    assert group == group_id_for(info, group.proxy) and proxies.asked == [(ProxyConfig(source="own"), url)]
    transaction = stack.transaction()
    transaction.start(info, RecordedCompletion())
    stack.run()
    assert (stack.pools.sockets_opened, stack.pools.sockets_reused) == (1, 1)
    transaction.close()


def test_without_a_way_there_are_none(stack: ScriptedStack) -> None:
    """Nobody is told: the requests will see for themselves."""
    proxies, info = use_proxies(stack, "http://p:80"), request_info()
    proxies.result = ERR_PAC_SCRIPT_FAILED
    stack.session.preconnect(info.url, info.tls, 1)
    stack.run()
    assert not stack.requested_groups


def test_settings_without_proxies(stack: ScriptedStack) -> None:
    """As without any."""
    proxies, info = use_proxies(stack), request_info()
    stack.connection(Pause())
    stack.session.preconnect(info.url, info.tls, 1)
    stack.run()
    assert stack.requested_groups == [group_id_for(info)] and not proxies.asked


def test_shutting_down_meanwhile(stack: ScriptedStack) -> None:
    """Nothing is opened any more."""
    proxies, info = use_proxies(stack, "http://p:80"), request_info()
    proxies.is_late = True
    stack.session.preconnect(info.url, info.tls, 1)
    stack.session.shut_down(ERR_CONTEXT_SHUT_DOWN)
    stack.run()
    assert not stack.requested_groups


def test_its_owner_hears_of_the_end_once(stack: ScriptedStack) -> None:
    """Ended or through, it is dropped."""
    proxies, info, ended = use_proxies(stack, "http://p:80"), request_info(), list[ProxyPreconnect]()
    proxies.is_late = True
    preconnect = ProxyPreconnect(stack.pools, GroupId(info.url.origin, None), 1, stack.log(), ended.append)
    preconnect.cancel()
    assert not ended, "it has not begun"
    preconnect.start(ProxyWay(proxies, proxies, info.url, info.tls, stack.log()))
    preconnect.cancel()
    preconnect.cancel()
    stack.run()
    assert ended == [preconnect] and not stack.requested_groups
