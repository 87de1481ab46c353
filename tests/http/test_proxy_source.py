"""The interface of who knows the proxies."""

from __future__ import annotations

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.http.proxy_source import OnIdentity, ProxyResolution, ProxyResolver, ProxySource
from netstack_sync.proxy.config import ProxyConfig
from tests.support.scripted_proxies import use_proxies
from tests.support.scripted_stack import ScriptedStack, request_info


def test_what_a_source_is_asked_for(stack: ScriptedStack) -> None:
    """The request's settings choose the service, which is asked for the request's URL."""
    scripted = use_proxies(stack, "http://p:80")
    source: ProxySource = scripted
    resolver: ProxyResolver | None = source.service_for(ProxyConfig(source="mine"))
    assert resolver is not None and not source.is_direct
    resolution: ProxyResolution = resolver.create_request(request_info().url, stack.log())
    info = resolution.info
    assert info is not None and [str(chain) for chain in info.chains] == ["http://p:80"]
    assert scripted.asked == [(ProxyConfig(source="mine"), "http://a.test/")]


def test_what_an_asker_may_hear() -> None:
    """Somebody, nobody, or an error."""
    heard: list[AuthIdentity | int | None] = []
    on_identity: OnIdentity = heard.append
    on_identity(None)
    on_identity(-1)
    assert heard == [None, -1]
