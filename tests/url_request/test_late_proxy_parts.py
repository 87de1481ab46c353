"""What a context has for proxies is made when somebody goes through one."""

from __future__ import annotations

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.proxy.config import DIRECT_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.late_proxy_parts import LateProxyParts, load_proxy_rooms
from netstack_sync.url_request.proxy_identities import ProxyIdentities
from netstack_sync.url_request.proxy_services import ProxyServices
from tests.support.resolver import ScriptedResolver
from tests.support.scripted_stack import ScriptedStack
from tests.support.url_requests import context_over

RULES = ProxyConfig(rules=ProxyRules(single=(ProxyChain((ProxyServer(ProxyScheme.HTTP, "p.test", 1),)),)))


def make(stack: ScriptedStack) -> LateProxyParts:
    return LateProxyParts(context_over(stack), ScriptedResolver(), TlsConfig(TrustConfig()), SystemWallClock())


def test_a_context_that_goes_directly_has_none(stack: ScriptedStack) -> None:
    parts = make(stack)
    services = ProxyServices(DIRECT_CONFIG, parts.make_service, ProxyIdentities(None, stack.workers), parts)
    assert services.service_for(None) is None and services.service_for(DIRECT_CONFIG) is None
    services.abandon_after_fork()
    services.shut_down()
    assert parts._parts is None


def test_they_are_made_once(stack: ScriptedStack) -> None:
    load_proxy_rooms()
    parts = make(stack)
    services = ProxyServices(DIRECT_CONFIG, parts.make_service, ProxyIdentities(None, stack.workers), parts)
    assert services.service_for(RULES) is not None
    made = parts._parts
    assert made is not None and parts.make_service(RULES) is not None and parts._parts is made
    services.abandon_after_fork()
    services.shut_down()


def test_after_the_end_nothing_runs_that_is_made_late(stack: ScriptedStack) -> None:
    parts = make(stack)
    services = ProxyServices(DIRECT_CONFIG, parts.make_service, ProxyIdentities(None, stack.workers), parts)
    services.shut_down()
    assert services.service_for(RULES) is not None  # whose requests fail
