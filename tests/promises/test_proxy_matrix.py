"""Who is told what on the way through proxies: every kind of proxy and login, with recorders on both sides."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from netstack_sync import (
    AnyAuth,
    DigestAuth,
    DnsSettings,
    NegotiateAuth,
    NetError,
    NtlmAuth,
    PacScript,
    ProxyError,
    Response,
    Session,
)
from netstack_sync.fetcher.proxy_values import ProxyArgument, ProxyAuthArgument
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.server_request import ReceivedRequest
from tests.support.digest_server import DigestServer
from tests.support.proxy_matrix import (
    AUTHORITY,
    COOKIE,
    FIRST,
    ONE,
    SECOND,
    SERVER,
    TWO,
    Sites,
    Way,
    can_log_in,
    running_sites,
    said_in,
    times_said,
    way_through,
)
from tests.support.recording_proxy import RecordingProxy, recording_proxy

SINGLE: list[tuple[str, ...]] = [("http",), ("https",), ("socks4",), ("socks4a",), ("socks5",), ("socks5h",)]
CHAINS: list[tuple[str, ...]] = [
    ("http", "http"),
    ("http", "https"),
    ("http", "socks5"),
    ("https", "http"),
    ("https", "https"),
    ("https", "socks4a"),
    ("socks4", "http"),
    ("socks4a", "https"),
    ("socks5", "http"),
    ("socks5", "socks4"),
    ("socks5", "socks5"),
]
LOGINS = ["none", "tuple", "basic", "digest", "mapping", "function"]
WAYS = [(way, login) for way in SINGLE + CHAINS for login in LOGINS] + [(way, "url") for way in SINGLE]
WORDS = {"http": "PROXY", "https": "HTTPS", "socks4a": "SOCKS4", "socks5": "SOCKS5"}
"""Of scripts."""


ALL_HERE = DnsSettings(host_resolver_rules="MAP * 127.0.0.1")


@pytest.fixture(scope="module")
def servers() -> Iterator[Sites]:
    with running_sites() as sites:
        for home, away in ((sites.plain, sites.secure), (sites.secure, sites.plain)):
            home.route("/other-scheme", Answer(302, {"Location": away.url("/hello", TWO)}))
            home.route("/other-host", Answer(307, {"Location": home.url("/hello", TWO)}))
            home.route("/407", Answer(407, {"Proxy-Authenticate": 'Basic realm="proxy"'}, b"log in!"))
            home.route("/407-digest", Answer(407, {"Proxy-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}))
        yield sites


@pytest.fixture
def sites(servers: Sites, no_complaints: None) -> Sites:
    servers.forget()
    return servers


def ask(session: Session, url: str, proxy: ProxyArgument = None) -> Response:
    """With what only the server may know."""
    return session.get(url, auth=SERVER, headers={"Cookie": COOKIE}, proxy=proxy)


def host_of(request: ReceivedRequest) -> str:
    host = request.headers.get("host")
    assert host is not None
    return host


# --- the matrix


@pytest.mark.parametrize("schemes, login", WAYS, ids=["-".join([*schemes, login]) for schemes, login in WAYS])
@pytest.mark.parametrize("target", ["http", "https"])
def test_every_cell(target: str, schemes: tuple[str, ...], login: str, sites: Sites) -> None:
    """R17 and R18 (CVE-2026-6253, httpx2's wss through SOCKS): the URL's scheme alone decides about TLS, names are for
    the proxy, and nobody learns a secret that is not his; also over redirects to another scheme and another host.
    """
    home = sites.of(target)
    with way_through(schemes, login) as way:
        with way.session() as session:
            if not way.is_possible:
                with pytest.raises(ProxyError, match=r"ERR_PROXY_AUTH_UNSUPPORTED.*pass a tuple or BasicAuth"):
                    ask(session, home.url("/hello", ONE))
                assert not sites.received and not way.last.passed_on
            else:
                for path in ("/hello", "/other-host", "/other-scheme"):
                    assert ask(session, home.url(path, ONE)).content == b"hello\n"
        assert_proxies_were_told_theirs(way, target)
        if way.is_possible:
            assert_tls_is_of_the_scheme(way, sites)
            assert_servers_were_told_theirs(way, sites, target)
            assert_names_went_to_the_proxy(way)


def assert_tls_is_of_the_scheme(way: Way, sites: Sites) -> None:
    """Whatever the proxy is spoken to in."""
    seen = set()
    for connection in way.last.connections:
        ports = {port for _, port in connection.destinations}
        if ports == {sites.secure.port}:
            assert connection.passed_on.startswith(b"\x16\x03") and b"GET /" not in connection.passed_on
        else:
            assert ports <= {sites.plain.port} and connection.passed_on.startswith((b"GET /", b"")[not ports])
        seen |= ports
    assert seen == {sites.plain.port, sites.secure.port}


def assert_servers_were_told_theirs(way: Way, sites: Sites, target: str) -> None:
    """Nothing of the proxies' reaches a server, and nothing of the first server's the second."""
    for data in (sites.received, way.last.passed_on):
        assert said_in(data, *FIRST, *SECOND) == [] and b"proxy-auth" not in data.lower()
    assert said_in(sites.received, *SERVER, COOKIE), "what is sent would be found"
    other = "https" if target == "http" else "http"
    for scheme, hosts in ((target, [ONE, ONE, ONE, TWO]), (other, [TWO])):
        server = sites.of(scheme)
        assert sorted([host_of(each) for each in server.requests]) == [f"{host}:{server.port}" for host in hosts]
    for request in (*sites.plain.requests, *sites.secure.requests):
        is_first = host_of(request).startswith(ONE)
        assert (request.headers.get("authorization") is not None) == is_first
        assert (request.headers.get("cookie") == COOKIE) == is_first


def assert_proxies_were_told_theirs(way: Way, target: str) -> None:
    """Not what is for the server, unless it is forwarded; and not what is for the other proxy."""
    if target == "https":
        for proxy in way.proxies:
            assert said_in(proxy.received, *SERVER, COOKIE) == []
    first, last = way.proxies[0], way.last
    if way.login == "none":
        assert all([said_in(proxy.received, *FIRST, *SECOND) == [] for proxy in way.proxies])
    elif way.login == "digest":
        assert all([said_in(proxy.received, FIRST[1]) == [] for proxy in way.proxies])
    else:
        assert said_in(first.received, FIRST[0]), "what is sent would be found"
    if not way.is_possible or first is last or way.login not in ("mapping", "function"):
        return
    assert said_in(last.received, *FIRST) == []
    for connection in first.connections:
        assert said_in(bytes(connection.handshake), *SECOND) == []
    if way.schemes[1] == "https":
        assert said_in(first.received, *SECOND) == []


def assert_names_went_to_the_proxy(way: Way) -> None:
    """Nobody here looks them up, but for SOCKS4."""
    hosts = {host for host, _ in way.last.destinations}
    is_told_addresses = way.schemes[-1] == "socks4"
    assert hosts == ({"127.0.0.1"} if is_told_addresses else {ONE, TWO})
    assert ({ONE, TWO} <= set(way.looked_up)) == is_told_addresses
    if len(way.proxies) > 1:
        name = "127.0.0.1" if way.schemes[0] == "socks4" else "localhost"
        assert set(way.proxies[0].destinations) == {(name, way.last.port)}


# --- other words to servers and proxies


@pytest.mark.parametrize("schemes", SINGLE + CHAINS, ids="-".join)
@pytest.mark.parametrize("target", ["http", "https"])
def test_own_words_to_proxies(target: str, schemes: tuple[str, ...], sites: Sites) -> None:
    """R5 and R18 (CVE-2026-6253): a Proxy-Authorization of the caller's goes to who forwards the request, and nowhere
    else: into no tunnel, to no server, nor along with a redirect to whom it was not said.
    """
    with way_through(schemes, "none") as way, way.session() as session:
        headers = {"Proxy-Authorization": f"Basic {b64encode(':'.join(FIRST).encode()).decode()}"}
        for path in ("/hello", "/other-host", "/other-scheme"):
            assert session.get(sites.of(target).url(path, ONE), headers=headers).content == b"hello\n"
    assert said_in(sites.received + way.last.passed_on, *FIRST) == [] and b"proxy-" not in sites.received.lower()
    is_told = target == "http" and way.forwards
    assert bool(said_in(way.last.received, FIRST[1])) == is_told
    for proxy in way.proxies[:-1]:
        for connection in proxy.connections:
            assert said_in(bytes(connection.handshake), *FIRST) == []
    for request in way.last.requests:
        assert request.method != "CONNECT" or request.headers.get("proxy-authorization") is None


@pytest.mark.parametrize("schemes", SINGLE + CHAINS, ids="-".join)
@pytest.mark.parametrize("target", ["http", "https"])
def test_user_in_the_url(target: str, schemes: tuple[str, ...], sites: Sites) -> None:
    """R18 (CVE-2026-6253): the whole URL that a proxy is sent is without it; who may read the header reads it there."""
    user = ":".join([quote(part, "") for part in SERVER])
    url = sites.of(target).url("/hello", ONE).replace("://", f"://{user}@")
    with way_through(schemes, "none") as way, way.session() as session:
        assert session.get(url).content == b"hello\n"
    [request] = sites.of(target).requests
    assert request.headers.get("authorization") == f"Basic {b64encode(':'.join(SERVER).encode()).decode()}"
    for proxy in way.proxies:
        assert f"@{ONE}".encode() not in proxy.received and quote(SERVER[0], "").encode() not in proxy.received
        assert all([request.headers.get_all("authorization") == [] or target == "http" for request in proxy.requests])
        assert target == "http" or said_in(proxy.received, *SERVER) == []


@pytest.mark.parametrize("schemes", [way for way in SINGLE + CHAINS if can_log_in(way, "digest")], ids="-".join)
@pytest.mark.parametrize("target", ["http", "https"])
def test_digest_for_both(target: str, schemes: tuple[str, ...], sites: Sites) -> None:
    """R3 (CVE-2026-11856): the proxy and the server ask, each gets its own answer, and nobody a password."""
    judge, home = DigestServer(*SERVER), sites.of(target)
    home.route("/digest", judge)
    with way_through(schemes, "digest") as way, way.session() as session:
        for _ in range(2):
            assert session.get(home.url("/digest", ONE), auth=DigestAuth(*SERVER)).content == b"welcome"
    assert [bool(seen) for seen in judge.seen] == [False, True, True]
    assert said_in(sites.received + way.last.passed_on, *FIRST, SERVER[1]) == []
    for proxy in way.proxies:
        assert said_in(proxy.received, FIRST[1], SERVER[1]) == []
        assert target == "http" or said_in(proxy.received, SERVER[0]) == []


@pytest.mark.parametrize("kind", ["socks4", "socks4a", "socks5"])
def test_accounts_of_windows_are_not_for_socks(kind: str, sites: Sites) -> None:
    """R18: who chose NTLM or Kerberos did not mean a password in the open; who left it open did."""
    pytest.importorskip("spnego")
    user, password = "corp-user", "corp-password"
    url = sites.plain.url("/hello", ONE)
    with recording_proxy(login=(user, password)) as proxy:
        for account in (NtlmAuth(user, password), NegotiateAuth(user, password)):
            with (
                Session(proxy=proxy.url(kind), proxy_auth=account, dns=ALL_HERE, trust_env=False) as session,
                pytest.raises(ProxyError, match=r"ERR_PROXY_AUTH_UNSUPPORTED.*pass a tuple or BasicAuth"),
            ):
                session.get(url)
        assert proxy.received == b""
        auth = AnyAuth(user, password)
        with Session(proxy=proxy.url(kind), proxy_auth=auth, dns=ALL_HERE, trust_env=False) as session:
            assert session.get(url).ok
        assert [each.login for each in proxy.connections if each.login] == [
            (user, password if kind == "socks5" else "")
        ]


# --- more than one way


LEADS = [("http", "http"), ("http", "https"), ("http", "socks5"), ("https", "http"), ("socks5", "http"),
         ("socks4a", "https"), ("socks5", "socks5")]  # fmt: skip


TOLD = ["mapping", "function", "digest"]
"""How it is said who asks the first of the two."""


def leads(*told: str) -> pytest.MarkDecorator:
    """Of all pairs; SOCKS knows no digest."""
    cells = [(kinds, says_so) for kinds in LEADS for says_so in told]
    cells = [cell for cell in cells if cell[1] != "digest" or not cell[0][0].startswith("socks")]
    return pytest.mark.parametrize("kinds, says_so", cells, ids=["-".join([*x, y]) for x, y in cells])


def with_login(proxy: RecordingProxy, kind: str, login: tuple[str, str]) -> str:
    """The URL of the proxy with credentials in it."""
    return proxy.url(kind).replace("://", "://{}:{}@".format(*[quote(part, "") for part in login]))


def auth_for(proxy: RecordingProxy, kind: str, says_so: str) -> ProxyAuthArgument:
    """For this proxy alone."""
    name = proxy.url(kind)
    if says_so == "function":
        return lambda url: FIRST if url == name else None
    return {name: DigestAuth(*FIRST) if says_so == "digest" else FIRST} if says_so != "url" else None


@leads("url", *TOLD)
@pytest.mark.parametrize("target", ["http", "https"])
def test_redirect_to_another_proxy(kinds: tuple[str, str], target: str, says_so: str, sites: Sites) -> None:
    """R18 (CVE-2026-6253): the second one is told nothing that is for the first, though it asks."""
    home, other = sites.of(target), "https" if target == "http" else "http"
    with (
        recording_proxy(tls=kinds[0] == "https", login=FIRST) as first,
        recording_proxy(tls=kinds[1] == "https", login=SECOND) as second,
    ):
        if says_so == "digest":
            first.gate, second.gate = DigestServer(*FIRST, realm="proxy"), DigestServer(*SECOND, realm="proxy")
        own = with_login(first, kinds[0], FIRST) if says_so == "url" else first.url(kinds[0])
        proxies, auth = {target: own, other: second.url(kinds[1])}, auth_for(first, kinds[0], says_so)
        with Session(proxy=proxies, proxy_auth=auth, verify=AUTHORITY, trust_env=False) as session:
            if other == "http" and kinds[1].startswith("http"):
                assert ask(session, home.url("/other-scheme", ONE)).status_code == 407
            else:
                with pytest.raises(ProxyError, match="ERR_PROXY_AUTH_REQUESTED"):
                    ask(session, home.url("/other-scheme", ONE))
        assert not sites.of(other).requests and len(home.requests) == 1
        assert first.connections and second.connections
        for data in (second.received, sites.received, first.passed_on):
            assert said_in(data, *FIRST) == []
        assert said_in(second.received, *SERVER, COOKIE) == []
        assert b"proxy-authorization" not in second.received.lower()


REFUSALS = {"http": b"", "https": b"", "socks4a": b"\0\x5b" + bytes(6), "socks5": b"\5\1\0\1" + bytes(6)}
"""After the login; what has the next one of a list tried."""


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("kinds", LEADS, ids="-".join)
def test_list_with_fallback(kinds: tuple[str, str], target: str, sites: Sites) -> None:
    """R18 (CVE-2026-6253): the second one is not told what the first was told, nor the other way round."""
    with (
        recording_proxy(tls=kinds[0] == "https", login=FIRST) as first,
        recording_proxy(tls=kinds[1] == "https", login=SECOND) as second,
    ):
        first.refusal = REFUSALS[kinds[0]]
        proxies = [with_login(first, kinds[0], FIRST), with_login(second, kinds[1], SECOND)]
        with Session(proxy=proxies, verify=AUTHORITY, trust_env=False) as session:
            if target == "http" and kinds[0].startswith("http"):  # it may have done what it was asked for
                with pytest.raises(NetError, match="ERR_CONNECTION_RESET"):
                    ask(session, sites.plain.url("/hello", ONE))
                proxies.reverse()
                assert ask(session, sites.plain.url("/hello", ONE), proxy=proxies).content == b"hello\n"
            else:
                for _ in range(2):
                    assert ask(session, sites.of(target).url("/hello", ONE)).content == b"hello\n"
        assert said_in(first.received, *FIRST) and said_in(second.received, SECOND[0])
        assert said_in(first.received, *SECOND) == said_in(second.received, *FIRST) == []
        assert said_in(sites.received + second.passed_on, *FIRST, *SECOND) == []


def is_refused(session: Session, url: str, proxy: ProxyArgument = None) -> bool:
    """The proxy on the way lets nobody in who does not say who he is."""
    try:
        return ask(session, url, proxy).status_code == 407
    except ProxyError as error:
        return error.net_error.name == "ERR_PROXY_AUTH_REQUESTED"


@pytest.mark.parametrize("target", ["http", "https"])
@pytest.mark.parametrize("kinds", LEADS, ids="-".join)
def test_proxies_of_single_requests(kinds: tuple[str, str], target: str, sites: Sites) -> None:
    """R3 and R18 (CVE-2026-6253): the session's login is not for the proxy of a request, nor is that one's for the
    session's; and a request that names a proxy alone does not go on with the login, or the connection, of another.
    """
    url = sites.of(target).url("/hello", ONE)
    with (
        recording_proxy(tls=kinds[0] == "https", login=FIRST) as first,
        recording_proxy(tls=kinds[1] == "https", login=SECOND) as second,
    ):
        own, named = with_login(first, kinds[0], FIRST), with_login(second, kinds[1], SECOND)
        with Session(proxy=own, verify=AUTHORITY, trust_env=False) as session:
            assert ask(session, url).ok
            assert is_refused(session, url, proxy=second.url(kinds[1]))
            assert ask(session, url, proxy=named).ok
            times = times_said(second.received, SECOND[0])
            assert is_refused(session, url, proxy=second.url(kinds[1]))
            assert times_said(second.received, SECOND[0]) == times > 0
            assert ask(session, url).ok
        assert said_in(second.received, *FIRST) == said_in(first.received, *SECOND) == []
        assert said_in(sites.received + second.passed_on + first.passed_on, *FIRST, *SECOND) == []


@leads(*TOLD)
@pytest.mark.parametrize("target", ["http", "https"])
def test_script_that_names_another_proxy(kinds: tuple[str, str], target: str, says_so: str, sites: Sites) -> None:
    """R18 (CVE-2026-6253): whoever writes the script may choose the proxies, but learns no login of others; also when
    the script sends one request here and the next one there.
    """
    pytest.importorskip("quickjs")
    url = sites.of(target).url("/hello", ONE)
    with (
        recording_proxy(tls=kinds[0] == "https", login=FIRST) as first,
        recording_proxy(tls=kinds[1] == "https", login=SECOND) as second,
    ):
        if says_so == "digest":
            first.gate, second.gate = DigestServer(*FIRST, realm="proxy"), DigestServer(*SECOND, realm="proxy")
        entries = [f"{WORDS[kind]} 127.0.0.1:{proxy.port}" for kind, proxy in zip(kinds, (first, second), strict=True)]
        kind = "socks4" if kinds[0] == "socks4a" else kinds[0]
        script = PacScript(
            f"function FindProxyForURL(url, host) {{ return host == '{ONE}' ? '{entries[0]}' : '{entries[1]}'; }}"
        )
        with Session(
            proxy=script, proxy_auth=auth_for(first, kind, says_so), verify=AUTHORITY, dns=ALL_HERE
        ) as session:
            assert ask(session, url).ok
            assert is_refused(session, url.replace(ONE, TWO))
            assert is_refused(session, sites.of(target).url("/other-host", ONE))
            assert ask(session, url).ok
        assert said_in(first.received, FIRST[0]) and second.connections
        assert said_in(second.received + sites.received + first.passed_on, *FIRST) == []


# --- answers that are nobody's


TUNNELLED = [("http", schemes) for schemes in SINGLE + CHAINS if not schemes[-1].startswith("http")]
TUNNELLED += [("https", schemes) for schemes in SINGLE + CHAINS]
HEARD = [(*way, login) for way in TUNNELLED for login in LOGINS[1:] if can_log_in(way[1], login)]


@pytest.mark.parametrize("target, schemes, login", HEARD, ids=["-".join([x, *y, z]) for x, y, z in HEARD])
def test_servers_407(target: str, schemes: tuple[str, ...], login: str, sites: Sites) -> None:
    """R18 (CVE-2026-6253): behind a tunnel it is an answer like any other, and is met with nothing."""
    with way_through(schemes, login) as way, way.session() as session:
        for path in ("/407", "/407-digest"):
            assert session.get(sites.of(target).url(path, ONE)).status_code == 407
    assert len(sites.of(target).requests) == 2
    assert said_in(sites.received, *FIRST, *SECOND) == [] and b"uthorization" not in sites.received


def test_servers_407_without_a_proxy(sites: Sites) -> None:
    """Nor does one that is spoken to directly learn whom proxies are told of."""
    with Session(proxy="direct", proxy_auth=FIRST, verify=AUTHORITY, dns=ALL_HERE) as session:
        for server in (sites.plain, sites.secure):
            for path in ("/407", "/407-digest"):
                assert session.get(server.url(path, ONE)).status_code == 407
    assert len(sites.plain.requests) == len(sites.secure.requests) == 2
    assert said_in(sites.received, *FIRST) == [] and b"uthorization" not in sites.received


EVIL = b"<h1>evil</h1>"


def refusal(status: int, *fields: bytes) -> bytes:
    """A whole answer with a body."""
    lines = (
        b"HTTP/1.1 %d Status" % status,
        *fields,
        b"Content-Length: %d" % len(EVIL),
        b"Set-Cookie: evil=1",
        b"",
        EVIL,
    )
    return b"\r\n".join(lines)


@pytest.mark.parametrize("kind", ["http", "https"])
@pytest.mark.parametrize("hundreds", [1, 2, 3, 4, 5])
def test_tunnel_that_is_refused(hundreds: int, kind: str, sites: Sites) -> None:
    """Row 170, ConnectStatus100 to 505: every status but 200 is an error in words of ours, without a byte of what the
    proxy said; a redirect leads nowhere, a cookie is not kept.
    """
    url = sites.secure.url("/hello", ONE)
    with recording_proxy(tls=kind == "https") as proxy:
        with Session(proxy=proxy.url(kind), verify=AUTHORITY, trust_env=False) as session:
            for status in range(100 * hundreds, min(100 * hundreds + 100, 506)):
                location = b"Location: " + sites.plain.url("/hello").encode()
                proxy.refusal = refusal(status, location, b'WWW-Authenticate: Basic realm="evil"')
                with pytest.raises(NetError, match="ERR_") as caught:
                    ask(session, url)
                name = "ERR_PROXY_AUTH_REQUESTED" if status == 407 else "ERR_TUNNEL_CONNECTION_FAILED"
                assert caught.value.net_error.name == name or hundreds == 1, status
                assert_says_nothing_of(caught.value)
            assert len(session.cookies) == 0
        assert not sites.received and said_in(proxy.received, *SERVER, COOKIE) == []


@pytest.mark.parametrize("kind", ["http", "https"])
def test_tunnel_that_talks_too_much(kind: str, sites: Sites) -> None:
    """Row 170, ConnectStatus200 with a body : what stands behind the answer is not the server's."""
    with recording_proxy(tls=kind == "https") as proxy:
        proxy.refusal = refusal(200)
        with (
            Session(proxy=proxy.url(kind), verify=AUTHORITY, trust_env=False) as session,
            pytest.raises(ProxyError, match="ERR_TUNNEL_CONNECTION_FAILED") as caught,
        ):
            ask(session, sites.secure.url("/hello", ONE))
        assert_says_nothing_of(caught.value)


@pytest.mark.parametrize("login", ["none", "digest"])
@pytest.mark.parametrize("kind", ["http", "https"])
def test_407_that_closes(kind: str, login: str, sites: Sites) -> None:
    """Row 169, BasicAuthProxyNoKeepAlive: the login goes over another connection; without one its body is nobody's."""
    judge = DigestServer(*FIRST, body=EVIL)

    def gate(request: ReceivedRequest) -> Answer:
        verdict = judge(request)
        if verdict.status == 200:
            return verdict
        return replace(verdict, headers=[*dict(verdict.headers).items(), ("Connection", "close")])

    with recording_proxy(tls=kind == "https") as proxy:
        proxy.gate = gate
        auth = DigestAuth(*FIRST) if login == "digest" else None
        with Session(proxy=proxy.url(kind), proxy_auth=auth, verify=AUTHORITY, trust_env=False) as session:
            if auth is not None:
                assert ask(session, sites.secure.url("/hello", ONE)).content == b"hello\n"
                assert [len(each.requests) for each in proxy.connections] == [1, 1]
            else:
                with pytest.raises(ProxyError, match="ERR_PROXY_AUTH_REQUESTED") as caught:
                    ask(session, sites.secure.url("/hello", ONE))
                assert_says_nothing_of(caught.value)
        assert said_in(proxy.received, FIRST[1], *SERVER, COOKIE) == said_in(sites.received, *FIRST) == []


def assert_says_nothing_of(error: NetError) -> None:
    """The proxy's body: neither in words nor in what hangs on it."""
    assert "evil" not in f"{error} {error!r} {vars(error)}".lower()
