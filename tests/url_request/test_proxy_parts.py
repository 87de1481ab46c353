"""What a context has for proxies, put together."""

from __future__ import annotations

import pytest

from netstack_sync.base.clock import SystemWallClock
from netstack_sync.base.net_errors import ERR_IO_PENDING, OK
from netstack_sync.base.proxy_chain import DIRECT, ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.proxy.config import DIRECT_CONFIG, SYSTEM_CONFIG, ProxyConfig, ProxyRules
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request import proxy_parts
from netstack_sync.url_request.proxy_identities import ProxyIdentities
from netstack_sync.url_request.proxy_parts import ProxyParts
from netstack_sync.url_request.proxy_services import ProxyServices
from tests.support.loops import RecordedCompletion
from tests.support.resolver import ScriptedResolver
from tests.support.scripted_stack import ScriptedStack
from tests.support.url_requests import context_over

URL = Url.parse("http://a.test/")
CHAIN = ProxyChain((ProxyServer(ProxyScheme.HTTP, "p.test", 1),))
RULES = ProxyConfig(rules=ProxyRules(single=(CHAIN,)))


def make(stack: ScriptedStack, config: ProxyConfig) -> ProxyServices:
    parts = ProxyParts(context_over(stack), ScriptedResolver(), TlsConfig(TrustConfig()), SystemWallClock())
    return ProxyServices(config, parts.make_service, ProxyIdentities(None, stack.workers), parts.engine)


def chain_for(stack: ScriptedStack, services: ProxyServices) -> ProxyChain:
    """What the session's settings say."""
    service, done = services.service_for(None), RecordedCompletion()
    assert service is not None
    request = service.create_request(URL, stack.log())
    result = request.start(done)
    stack.run_workers()
    assert (done.result if result == ERR_IO_PENDING else result) == OK and request.info is not None
    return request.info.chain


def test_settings_that_were_given(stack: ScriptedStack) -> None:
    """They are what they are."""
    services = make(stack, RULES)
    services.start()
    assert chain_for(stack, services) == CHAIN
    services.shut_down()
    assert make(stack, DIRECT_CONFIG).is_direct


def test_settings_of_the_system(stack: ScriptedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read on a worker, from the start; a change counts once it was seen."""
    known = [RULES, DIRECT_CONFIG]
    monkeypatch.setattr(proxy_parts, "read_system_config", lambda _: known.pop(0))
    services = make(stack, SYSTEM_CONFIG)
    services.start()
    assert chain_for(stack, services) == CHAIN
    stack.advance(60.0)
    assert chain_for(stack, services) in (CHAIN, DIRECT)
    assert chain_for(stack, services) == DIRECT
    services.shut_down()


def test_script_goes_to_the_engine(stack: ScriptedStack) -> None:
    """Of the same context; without the extra it would say so, and what cannot be heard is passed over."""
    services = make(stack, ProxyConfig(pac_script="FindProxyForURL is nothing"))
    service, done = services.service_for(None), RecordedCompletion()
    assert service is not None
    assert service.create_request(URL, stack.log()).start(done) == ERR_IO_PENDING
    services.shut_down()
