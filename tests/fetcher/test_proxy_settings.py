"""The proxies of a session and of its requests, as the layers below have them."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import password_identity
from netstack_sync.base.proxy_chain import ProxyChain, ProxyScheme, ProxyServer
from netstack_sync.fetcher.proxy_settings import request_proxy, session_proxy, session_proxy_auth
from netstack_sync.proxy.config import DIRECT_CONFIG, SYSTEM_CONFIG

SERVER = ProxyServer(ProxyScheme.HTTP, "p", 1)
ENVIRONMENT = {"all_proxy": "http://p:1"}


def test_nothing_is_said() -> None:
    """For a session that is what the environment says; for a request, what the session does."""
    assert session_proxy(None, {}) is session_proxy(None, {"all_proxy": ""}) is None
    assert session_proxy(None, {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}) == DIRECT_CONFIG
    for environment in (ENVIRONMENT, {"ALL_PROXY": "http://p:1"}):
        found = session_proxy(None, environment)
        assert found is not None and found.rules.fallback == (ProxyChain((SERVER,)),)
    assert request_proxy(None, ENVIRONMENT) is None and session_proxy_auth(None) is None


@pytest.mark.parametrize("make", [session_proxy, request_proxy])
def test_something_is_said(make: object) -> None:
    """The same for both."""
    assert callable(make)
    assert make("http://p:1", {}).rules.single == (ProxyChain((SERVER,)),)
    assert make("direct", ENVIRONMENT) == DIRECT_CONFIG
    assert make("system", {}) is SYSTEM_CONFIG and make("system", ENVIRONMENT) == session_proxy(None, ENVIRONMENT)
    with pytest.raises(ValueError, match="proxy: "):
        make("ftp://h", {})


def test_logins() -> None:
    """Known, or to be asked for."""
    auth = session_proxy_auth(("u", "p"))
    assert auth is not None and auth.identity_of(SERVER) == password_identity("u", "p")
    with pytest.raises(ValueError, match="proxy_auth: "):
        session_proxy_auth(5)  # type: ignore[arg-type]
