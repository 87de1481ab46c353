"""Which ways there are for one exchange, and which of them it goes."""

from __future__ import annotations

import pytest

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.load_state import LoadState
from netstack_sync.base.net_errors import (
    ERR_ADDRESS_UNREACHABLE,
    ERR_FAILED,
    ERR_IO_PENDING,
    ERR_MANDATORY_PROXY_CONFIGURATION_FAILED,
    ERR_NO_SUPPORTED_PROXIES,
    ERR_PAC_SCRIPT_FAILED,
    ERR_PROXY_CONNECTION_FAILED,
    ERR_SOCKS_CONNECTION_HOST_UNREACHABLE,
    ERR_SSL_PROTOCOL_ERROR,
    ERR_TUNNEL_CONNECTION_FAILED,
    OK,
)
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.http.proxy_way import ProxyWay
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType
from netstack_sync.loop.completion import Task
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.sockets.tls_config import ClientCertificate, TlsConfig
from tests.support.loops import RecordedCompletion
from tests.support.scripted_proxies import ScriptedProxies, server_of, use_proxies
from tests.support.scripted_stack import ScriptedStack, request_info

ME, YOU = AuthIdentity("me", "p", ("basic",)), AuthIdentity("you", "q", ("basic",))


def way_of(stack: ScriptedStack, proxies: ScriptedProxies, tls: TlsConfig | None = None) -> ProxyWay:
    info = request_info()
    return ProxyWay(proxies, proxies, info.url, tls or info.tls, stack.log())


def found(stack: ScriptedStack, way: ProxyWay) -> int:
    done = RecordedCompletion()
    result = way.find(done)
    assert not done.is_called, "never from inside the call"
    stack.run()
    return done.result if result == ERR_IO_PENDING else result


def load_state(way: ProxyWay) -> LoadState:
    return way.load_state


def test_the_first_way_is_gone_as_whom_it_wants(stack: ScriptedStack) -> None:
    """Rule R1: the identity of each proxy is part of the route."""
    proxies = use_proxies(stack, "socks5://s:1080 http://p:80", "direct")
    proxies.identities = {server_of("socks5://s:1080"): ME, server_of("http://p:80"): YOU}
    way = way_of(stack, proxies)
    assert way.route is None and found(stack, way) == OK and way.route is not None
    assert [(str(hop.server), hop.identity, hop.tls) for hop in way.route.hops] == [
        ("socks5://s:1080", ME, None),
        ("http://p:80", YOU, None),
    ]
    if stack.is_async:
        event = NetLogEventType.HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED
        (params,) = stack.recorded.params_of(event, NetLogEventPhase.NONE)
        assert params == {"proxy_chain": "socks5://s:1080 -> http://p:80"}


def test_a_direct_way_has_no_route(stack: ScriptedStack) -> None:
    """Its connections are those of requests without proxies."""
    way = way_of(stack, use_proxies(stack, "direct"))
    assert found(stack, way) == OK and way.route is None and way.info is not None and way.info.chain.is_direct


def test_it_is_found_once(stack: ScriptedStack) -> None:
    """Later connections of an exchange go where the first one went, until the network is another one."""
    proxies = use_proxies(stack, "http://p:80")
    way = way_of(stack, proxies)
    assert found(stack, way) == OK
    assert way.find(lambda _: None) == OK and len(proxies.asked) == 1
    way.forget()
    assert way.route is None
    assert found(stack, way) == OK and way.route is not None and len(proxies.asked) == 2


def test_the_next_way(stack: ScriptedStack) -> None:
    """Row 179, ReconsiderProxyAfterFailedConnection: one after the other, then the error of the last."""
    proxies = use_proxies(stack, "http://p:80", "http://q:80", "direct")
    proxies.identities = {server_of("http://q:80"): YOU}
    way = way_of(stack, proxies)
    assert found(stack, way) == OK
    assert way.fall_back(ERR_PROXY_CONNECTION_FAILED, 100.0) == OK
    assert found(stack, way) == OK and way.route is not None and len(proxies.asked) == 1
    assert [(str(hop.server), hop.identity) for hop in way.route.hops] == [("http://q:80", YOU)]
    assert way.fall_back(ERR_PROXY_CONNECTION_FAILED, 100.0) == OK
    assert found(stack, way) == OK and way.route is None
    assert way.fall_back(ERR_ADDRESS_UNREACHABLE, 100.0) == ERR_ADDRESS_UNREACHABLE
    bad = way.info.retry_info if way.info is not None else None
    assert bad is not None and [str(chain) for chain, _ in bad.items()] == ["http://p:80", "http://q:80"]
    if stack.is_async:
        fallbacks = stack.recorded.params_of(NetLogEventType.PROXY_LIST_FALLBACK, NetLogEventPhase.NONE)
        assert fallbacks == [
            {"bad_proxy_chain": f"http://{name}:80", "net_error": ERR_PROXY_CONNECTION_FAILED} for name in "pq"
        ]


def test_what_is_the_servers_fault(stack: ScriptedStack) -> None:
    """The next way is tried, and nothing is held against the one before it."""
    way = way_of(stack, use_proxies(stack, "http://p:80", "direct"))
    assert found(stack, way) == OK
    assert way.fall_back(ERR_SSL_PROTOCOL_ERROR, 100.0, is_server_s=True) == OK
    assert way.info is not None and way.info.chain.is_direct and way.info.retry_info is None


@pytest.mark.parametrize(
    "error, told",
    [
        (ERR_TUNNEL_CONNECTION_FAILED, ERR_TUNNEL_CONNECTION_FAILED),
        (ERR_SOCKS_CONNECTION_HOST_UNREACHABLE, ERR_ADDRESS_UNREACHABLE),
    ],
)
def test_errors_that_end_it(stack: ScriptedStack, error: int, told: int) -> None:
    """Whatever other ways there are."""
    way = way_of(stack, use_proxies(stack, "http://p:80", "direct"))
    assert way.fall_back(ERR_PROXY_CONNECTION_FAILED, 100.0) == ERR_PROXY_CONNECTION_FAILED, "nothing is known yet"
    assert found(stack, way) == OK
    assert way.fall_back(error, 100.0) == told
    assert way.info is not None and len(way.info.chains) == 2


@pytest.mark.parametrize(
    "config, error",
    [
        (ProxyConfig(), ERR_NO_SUPPORTED_PROXIES),
        (ProxyConfig(pac_url="http://wpad/", pac_mandatory=True), ERR_MANDATORY_PROXY_CONFIGURATION_FAILED),
    ],
)
def test_no_way(stack: ScriptedStack, config: ProxyConfig, error: int) -> None:
    """Row 179, NoSupportedProxies."""
    proxies = use_proxies(stack)
    proxies.config = config
    way = way_of(stack, proxies)
    assert found(stack, way) == error and way.error_detail == "the proxy settings leave no way to a.test"


def test_the_settings_fail(stack: ScriptedStack) -> None:
    """Row 179, ProxyResolutionFailsSync and Async: with the service's words."""
    proxies = use_proxies(stack, "direct")
    proxies.result = ERR_PAC_SCRIPT_FAILED
    way = way_of(stack, proxies)
    assert found(stack, way) == ERR_PAC_SCRIPT_FAILED and way.error_detail == "no script"


def test_nobody_knows_as_whom(stack: ScriptedStack) -> None:
    """The error of who was asked ends it, with his words."""
    proxies = use_proxies(stack, "http://p:80 http://q:80")
    proxies.identities = {server_of("http://q:80"): ERR_FAILED}
    way = way_of(stack, proxies)
    assert found(stack, way) == ERR_FAILED and way.error_detail == "nobody knows http://q:80"


@pytest.mark.parametrize("url, is_secured", [("https://p:443", True), ("http://p:80", False), ("socks5://p:1", False)])
def test_tls_to_the_proxy(stack: ScriptedStack, url: str, is_secured: bool) -> None:
    """Rules R5 and R18: only an https proxy has it, on the terms of the request, without the certificate for its
    server.
    """
    tls = TlsConfig(TrustConfig(ca_file="ca.pem"), ClientCertificate("me.pem"))
    plain = tls.replaced(client_certificate=None)
    for given in (tls, plain):
        way = way_of(stack, use_proxies(stack, url), given)
        assert found(stack, way) == OK and way.route is not None
        assert way.route.last.tls == (plain if is_secured else None)


def test_who_hears_of_the_end(stack: ScriptedStack) -> None:
    """The service of a success, with what failed before; the source of a refusal by anybody on the way."""
    proxies = use_proxies(stack, "socks5://s:1 http://p:80")
    way = way_of(stack, proxies)
    way.report_success()
    way.on_refused()
    assert not proxies.reported and not proxies.forgotten
    assert found(stack, way) == OK
    way.report_success()
    way.on_refused()
    assert proxies.reported == [way.info]
    assert proxies.forgotten == [server_of("socks5://s:1"), server_of("http://p:80")]


def test_what_is_waited_for(stack: ScriptedStack) -> None:
    """The settings, then who knows as whom; giving up ends either, and whoever answers then is passed over."""
    proxies = use_proxies(stack, "http://p:80")
    proxies.is_late = True
    way, done = way_of(stack, proxies), RecordedCompletion()
    assert load_state(way) == LoadState.IDLE
    assert way.find(done) == ERR_IO_PENDING and load_state(way) == LoadState.RESOLVING_PROXY_FOR_URL
    way.cancel()
    way.cancel()
    stack.run()
    assert not done.is_called and load_state(way) == LoadState.IDLE

    tasks: list[Task] = []
    proxies.post = tasks.append
    way = way_of(stack, proxies)
    assert way.find(done) == ERR_IO_PENDING
    tasks.pop()()
    assert load_state(way) == LoadState.WAITING_FOR_DELEGATE
    way.cancel()
    tasks.pop()()
    assert not done.is_called and way.route is None
