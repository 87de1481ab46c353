"""Real proxies: every kind of them, with and without a login, before plain and TLS servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from netstack_sync import BasicAuth, DigestAuth, ProxyChain, ProxyError, Session
from netstack_sync.fetcher.proxy_values import ProxyAuthArgument
from tests.support.live_proxies import PASSWORD, USER, LiveProxies, live_proxies
from tests.support.live_servers import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.timeout(120)]

_PATH = "/5000.bin"
_USERINFO = f"{USER}:{PASSWORD}@"

OPEN = [
    ("squid", "http"),
    ("squid-tls", "https"),
    ("tinyproxy", "http"),
    ("dante", "socks4"),
    ("dante", "socks5"),
    ("dante", "socks5h"),
]
"""Name and scheme of those that ask nobody."""

CLOSED = [
    ("squid-basic", "http"),
    ("squid-basic-tls", "https"),
    ("squid-digest", "http"),
    ("squid-digest-tls", "https"),
    ("tinyproxy-basic", "http"),
    ("dante-login", "socks5"),
]
"""Those that let in who logs in."""

LOGINS: Mapping[str, ProxyAuthArgument] = {
    "url": None,
    "pair": (USER, PASSWORD),
    "basic": BasicAuth(USER, PASSWORD),
    "digest": DigestAuth(USER, PASSWORD),
    "asked": lambda _: (USER, PASSWORD),
    "wrong": (USER, "wrong"),
    "nobody": None,
}


@pytest.fixture(scope="module")
def proxies() -> Iterator[LiveProxies]:
    """The test is skipped when one of them is missing, unless NETSTACK_REQUIRE_LIVE=1."""
    with live_proxies() as started:
        yield started


def _is_let_in(name: str, login: str) -> bool:
    """A pair says the same by whatever the proxy asks for; a digest is none without a proxy that asks for one."""
    if login in ("url", "pair", "asked"):
        return True
    scheme = "digest" if "digest" in name else "basic"
    return login == scheme


def _sockets(name: str, target: str) -> int:
    """How many two requests take: tinyproxy keeps no connection over which it forwards."""
    return 2 if name.startswith("tinyproxy") and target == "http" else 1


def _session(proxies: LiveProxies, nginx_server: LiveServer) -> Session:
    return Session(extra_ca=[nginx_server.ca_file, proxies.ca_file], trust_env=False)


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("name, scheme", OPEN)
def test_proxies_that_ask_nobody(
    proxies: LiveProxies, nginx_server: LiveServer, name: str, scheme: str, target: str
) -> None:
    """The body is the server's, a second request takes the same connection, and the response names the proxy."""
    url, proxy = nginx_server.url(target, _PATH), proxies.url(name, scheme)
    with _session(proxies, nginx_server) as session:
        for _ in range(2):
            response = session.get(url, proxy=proxy)
            assert response.status == 200 and response.content == nginx_server.bodies[_PATH]
            assert str(proxies.ports[name]) in response.proxy_chain[0]
            assert (response.certificate is not None) == (target == "https")
        assert session.stats().sockets_opened == _sockets(name, target)


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("name, scheme", CLOSED)
def test_logins(
    proxies: LiveProxies, nginx_server: LiveServer, name: str, scheme: str, login: str, target: str
) -> None:
    """Who is not let in gets the proxy's answer from a proxy that forwards, and an error where there is no tunnel."""
    proxy = proxies.url(name, scheme, _USERINFO if login == "url" else "")
    url = nginx_server.url(target, _PATH)
    is_let_in = _is_let_in(name, login)
    with Session(
        extra_ca=[nginx_server.ca_file, proxies.ca_file], proxy=proxy, proxy_auth=LOGINS[login], trust_env=False
    ) as session:
        if is_let_in:
            for _ in range(2):
                assert session.get(url).content == nginx_server.bodies[_PATH]
            assert session.stats().sockets_opened == _sockets(name, target)
        elif target == "http" and scheme.startswith("http"):
            assert session.get(url).status in (401, 407)  # tinyproxy says 401 to a wrong password
        else:
            with pytest.raises(ProxyError):
                session.get(url)


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize(
    "first, second",
    [
        (("squid", "http"), ("dante", "socks5")),
        (("dante", "socks5"), ("tinyproxy", "http")),
        (("squid-tls", "https"), ("squid-tls", "https")),
        (("dante", "socks5"), ("squid-tls", "https")),
    ],
)
def test_chains_of_two(
    proxies: LiveProxies, nginx_server: LiveServer, first: tuple[str, str], second: tuple[str, str], target: str
) -> None:
    """Each speaks its own language."""
    chain = ProxyChain.from_urls(proxies.url(*first), proxies.url(*second))
    with _session(proxies, nginx_server) as session:
        response = session.get(nginx_server.url(target, _PATH), proxy=chain)
        assert response.content == nginx_server.bodies[_PATH]
        assert len(response.proxy_chain) == 2


def test_a_proxy_that_refuses_to_connect(proxies: LiveProxies, nginx_server: LiveServer) -> None:
    """Squid answers CONNECT to a port where nobody listens with a page of its own, of which nothing is seen."""
    with _session(proxies, nginx_server) as session, pytest.raises(ProxyError) as caught:
        session.get("https://localhost:1/", proxy=proxies.url("squid", "http"))
    assert caught.value.net_error == ("ERR_TUNNEL_CONNECTION_FAILED", -111)
    assert "503" in str(caught.value) and "<html" not in str(caught.value).lower()


def test_the_first_of_a_list_does_not_listen(proxies: LiveProxies, nginx_server: LiveServer) -> None:
    """The second one serves, also the next request, which does not try the first one again."""
    dead = "http://localhost:9"
    with Session(
        extra_ca=[nginx_server.ca_file], proxy=[dead, proxies.url("tinyproxy", "http")], trust_env=False
    ) as session:
        for scheme in ("http", "https"):
            assert session.get(nginx_server.url(scheme, _PATH)).content == nginx_server.bodies[_PATH]
        assert list(session.stats().bad_proxies) == [dead]


def test_bodies_go_through_logins(proxies: LiveProxies, nginx_server: LiveServer) -> None:
    """A body is sent again after the challenge: over another connection if it is large, since squid forgets to read
    the rest of one that it has answered early.
    """
    url = nginx_server.url("http", _PATH)
    for size in (1_000, 100_000, 1_000_000):
        with Session(
            proxy=proxies.url("squid-digest", "http"), proxy_auth=DigestAuth(USER, PASSWORD), trust_env=False
        ) as session:
            assert session.post(url, content=b"x" * size, timeout=30).status in (405, 413)  # nginx serves files
