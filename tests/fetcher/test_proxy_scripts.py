"""Proxies that a script chooses, from end to end: fetched, run, asked for each URL, and what happens when it fails."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstack_sync import (
    AutoDetect,
    ContextShutDown,
    DeadlineExceeded,
    DnsSettings,
    PacScript,
    PacUrl,
    ProxyConfig,
    ProxyError,
    Session,
)
from netstack_sync.base.load_state import LoadState
from netstack_sync.testing.answer import Answer
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.recording_proxy import RecordingProxy, recording_proxy
from tests.support.waiting import LIMIT_S, Caller, load_state, make_fetcher, wait_until

pytest.importorskip("quickjs")


@pytest.fixture
def proxy() -> Iterator[RecordingProxy]:
    with recording_proxy() as proxy:
        yield proxy


def script_for(*ports: int, host: str = "far.test") -> str:
    """Sends one host through proxies, and all others directly."""
    answer = "; ".join([f"PROXY 127.0.0.1:{port}" for port in ports])
    return f'function FindProxyForURL(url, host) {{ return host == "{host}" ? "{answer}" : "DIRECT"; }}'


def test_text_of_a_script(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """It is asked for each URL; this machine goes directly, as in Chromium."""
    with Session(proxy=PacScript(script_for(proxy.port)), trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)
        assert session.get(server.url("/hello")).proxy_chain == ()


def test_script_by_http(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """Fetched once, directly, without cookies; what it says counts for the first request already."""
    server.route("/proxy.pac", Answer(body=script_for(proxy.port).encode()))
    with Session(proxy=PacUrl(server.url("/proxy.pac")), base_url=server.url(), cookies={"a": "b"}) as session:
        futures = [session.submit("GET", server.url("/hello", host="far.test")) for _ in range(5)]
        assert [future.result().proxy_chain for future in futures] == [(proxy.url(),)] * 5
    [fetched] = [request for request in server.requests if request.path == "/proxy.pac"]
    assert fetched.headers.get("cookie") is None and fetched.target == "/proxy.pac"


def test_script_in_a_file_and_in_a_url(server: EmbeddedServer, proxy: RecordingProxy, tmp_path: Path) -> None:
    """Both are read without any network."""
    file = tmp_path / "proxy.pac"
    file.write_text(script_for(proxy.port))
    data = f"data:application/x-ns-proxy-autoconfig,{script_for(proxy.port)}"
    for url in (file.as_uri(), data):
        with Session(proxy=PacUrl(url), trust_env=False) as session:
            assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)


def test_script_of_one_request(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """Beside the session's own settings."""
    with recording_proxy() as other, Session(proxy=other.url(), trust_env=False) as session:
        url = server.url("/hello", host="far.test")
        assert session.get(url, proxy=PacScript(script_for(proxy.port))).proxy_chain == (proxy.url(),)
        assert session.get(url).proxy_chain == (other.url(),)


def test_scripts_do_not_mix(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """Each request is decided by its own, however many are under way."""
    with recording_proxy() as other, Session(trust_env=False) as session:
        ways = {each.url(): PacScript(script_for(each.port)) for each in (proxy, other)}
        url = server.url("/hello", host="far.test")
        futures = [(name, session.submit("GET", url, proxy=script)) for name, script in list(ways.items()) * 5]
        assert all([future.result().proxy_chain == (name,) for name, future in futures])
        session.close_idle_connections()
    assert len(proxy.requests) == len(other.requests) == 5


class Names:
    """A resolver hook that knows what it is told, and lets nobody go on before it may."""

    def __init__(self, **known: str) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self._known = known

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        assert self.go_on.wait(LIMIT_S)
        return [self._known.get(host, host)]


ASKING = "function FindProxyForURL(url, host) { return 'PROXY ' + dnsResolve('decides') + ':%d'; }"


def test_names_are_looked_up_by_the_hook(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """It is the session's word on names, and nobody looks up what is for the proxy."""
    names = Names(decides="127.0.0.1")
    names.go_on.set()
    with Session(proxy=PacScript(ASKING % proxy.port), dns=DnsSettings(resolver=names), trust_env=False) as session:
        for host in ("far.test", "other.test"):
            assert session.get(server.url("/hello", host=host)).proxy_chain == (proxy.url(),)
    assert names.asked == ["decides", "127.0.0.1"] * 2


def test_script_that_waits_for_a_name_holds_no_other(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """A request that another script decides about goes on, and this one once the name is there."""
    names = Names(decides="127.0.0.1")
    url = server.url("/hello", host="far.test")
    dns = DnsSettings(resolver=lambda host: names(host) if host == "decides" else [host])
    with Session(proxy=PacScript(ASKING % proxy.port), dns=dns, trust_env=False) as session:
        waiting = session.submit("GET", url)
        wait_until(lambda: names.asked == ["decides"])
        for _ in range(5):
            assert session.get(url, proxy=PacScript(script_for(proxy.port))).ok
        assert not waiting.done()
        names.go_on.set()
        assert waiting.result().proxy_chain == (proxy.url(),)


def test_deadline_holds_while_a_script_waits_for_a_name(server: EmbeddedServer) -> None:
    """Nothing has been sent then."""
    names = Names()
    try:
        with Session(proxy=PacScript(ASKING % 1), dns=DnsSettings(resolver=names), trust_env=False) as session:
            with pytest.raises(DeadlineExceeded) as caught:
                session.get(server.url("/hello", host="far.test"), timeout=0.2)
            assert not caught.value.may_have_been_sent and set(names.asked) <= {"decides"}
    finally:
        names.go_on.set()


ENDLESS = "function FindProxyForURL(url, host) { for (;;); }"


@pytest.mark.parametrize("is_trusted", [True, False])
def test_deadline_holds_while_a_script_runs(server: EmbeddedServer, is_trusted: bool) -> None:
    """Also in a process of its own."""
    with Session(proxy=endless_script(server, is_trusted), trust_env=False) as session, pytest.raises(DeadlineExceeded):
        session.get(server.url("/hello", host="far.test"), timeout=0.2)


@pytest.mark.parametrize("is_trusted", [True, False])
def test_close_while_a_script_runs(server: EmbeddedServer, is_trusted: bool) -> None:
    """Who waits for its word is told; nobody waits for its end."""
    with Session(proxy=endless_script(server, is_trusted), trust_env=False) as session:
        fetcher = make_fetcher(session, server.url("/hello", host="far.test"))
        caller = Caller(fetcher.fetch)
        wait_until(lambda: load_state(session, fetcher) is LoadState.RESOLVING_PROXY_FOR_URL)
    caller.join()
    assert isinstance(caller.error, ContextShutDown)


def endless_script(server: EmbeddedServer, is_trusted: bool) -> PacScript | PacUrl:
    """Over plain http it is not trusted."""
    server.route("/endless.pac", Answer(body=ENDLESS.encode()))
    return PacScript(ENDLESS) if is_trusted else PacUrl(server.url("/endless.pac"))


def test_names_that_a_script_asks_for(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """They are looked up by the session's rules for names."""
    script = f"""
        function FindProxyForURL(url, host) {{
            if (isInNet(host, "10.1.0.0", "255.255.0.0")) return "PROXY 127.0.0.1:{proxy.port}";
            return "PROXY 127.0.0.1:1";
        }}"""
    dns = DnsSettings(host_resolver_rules="MAP far.test 10.1.2.3")
    with Session(proxy=PacScript(script), dns=dns, trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)


def test_https_and_logins(proxy: RecordingProxy) -> None:
    """`proxy_auth` is for the proxies of scripts too, and the path of an https URL is none of their business."""
    script = f"""
        function FindProxyForURL(url, host) {{
            alert(url);
            return url.indexOf("secret") < 0 ? "SOCKS5 127.0.0.1:{proxy.port}" : "PROXY 127.0.0.1:1";
        }}"""
    proxy.login = ("me", "x")
    with EmbeddedServer(tls=True) as server:
        dns = DnsSettings(host_resolver_rules="MAP far.test 127.0.0.1")
        with Session(proxy=PacScript(script), proxy_auth=("me", "x"), dns=dns, trust_env=False) as session:
            response = session.get(server.url("/hello?secret", host="far.test"), verify=False)
            assert response.ok and response.proxy_chain == (proxy.url("socks5"),)


def test_next_proxy_of_a_script(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """The first refuses: it is bad for five minutes, and the script's next one is taken."""
    with Session(proxy=PacScript(script_for(1, proxy.port)), trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)
        assert list(session.stats().bad_proxies) == ["http://127.0.0.1:1"]


BAD = [
    ("function FindProxyForURL(url, host) { return 5; }", "PAC_SCRIPT_FAILED|number|string"),
    ("function FindProxyForURL(url, host) { nobody(); }", "line 1"),
    ("function FindProxyForURL(url, host) {", "line 1"),
]


@pytest.mark.parametrize("text, words", BAD)
def test_script_that_fails(server: EmbeddedServer, text: str, words: str) -> None:
    """Goes directly, unless the script must be heard; then the error says what is wrong with it, and where."""
    dns = DnsSettings(host_resolver_rules="MAP far.test 127.0.0.1")
    url = server.url("/hello", host="far.test")
    with Session(proxy=PacScript(text), dns=dns, trust_env=False) as session:
        assert session.get(url).proxy_chain == ()
        with pytest.raises(ProxyError, match=f"ERR_MANDATORY_PROXY_CONFIGURATION_FAILED.*({words})"):
            session.get(url, proxy=PacScript(text, mandatory=True))


def test_where_a_script_is_wrong(server: EmbeddedServer) -> None:
    """Line and column are told, by which it is found in the file."""
    text = "function FindProxyForURL(url, host) {\n  if (host)\n    nobody.knows();\n}"
    with Session(proxy=PacScript(text, mandatory=True), trust_env=False) as session:
        words = r"ERR_MANDATORY_PROXY_CONFIGURATION_FAILED.*line 3, column \d+.*'?nobody"
        with pytest.raises(ProxyError, match=words):
            session.get(server.url("/hello", host="far.test"))
    assert not server.requests


def test_script_that_is_not_there(server: EmbeddedServer) -> None:
    """The same."""
    dns = DnsSettings(host_resolver_rules="MAP far.test 127.0.0.1")
    url, pac = server.url("/hello", host="far.test"), server.url("/status/404")
    with Session(proxy=PacUrl(pac), dns=dns, trust_env=False) as session:
        assert session.get(url).proxy_chain == ()
        with pytest.raises(ProxyError, match=r"ERR_MANDATORY_PROXY_CONFIGURATION_FAILED.*404"):
            session.get(url, proxy=PacUrl(pac, mandatory=True))


def test_rules_where_there_is_no_script(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """Each failure falls to the next."""
    config = ProxyConfig(proxy.url(), pac=server.url("/status/404"))
    with Session(proxy=config, trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)


def test_network_that_has_a_script(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """WPAD, for who opts in: whoever answers to the name "wpad" decides, in a process of its own."""
    server.route("/wpad.dat", Answer(body=script_for(proxy.port).encode()))
    dns = DnsSettings(host_resolver_rules=f"MAP wpad 127.0.0.1:{server.port}")
    with Session(proxy=AutoDetect(), dns=dns, trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)


def test_network_without_a_script(server: EmbeddedServer) -> None:
    """The hook is asked for the name "wpad" first; where there is none nothing is fetched, and the way is direct."""
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        if host == "wpad":
            raise LookupError("no such host here")
        return ["127.0.0.1"]

    with Session(proxy=AutoDetect(), dns=DnsSettings(resolver=resolve), trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == ()
    assert asked == ["wpad", "far.test"]


def test_detected_script_is_fetched_where_the_hook_says(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """Names of the script's own host are the session's, too."""
    server.route("/wpad.dat", Answer(body=script_for(proxy.port).encode()))
    names = Names(detected="127.0.0.1")
    names.go_on.set()
    dns = DnsSettings(host_resolver_rules=f"MAP wpad detected:{server.port}", resolver=names)
    with Session(proxy=AutoDetect(), dns=dns, trust_env=False) as session:
        assert session.get(server.url("/hello", host="far.test")).proxy_chain == (proxy.url(),)
    assert names.asked[0] == "detected" and "far.test" not in names.asked


def test_preconnect_asks_the_script(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """And connects where it says."""
    with Session(proxy=PacScript(script_for(proxy.port)), trust_env=False) as session:
        session.preconnect(server.url("/", host="far.test"))
        assert session.get(server.url("/hello", host="far.test")).ok
    assert len(proxy.connections) == 1


def test_close_while_a_script_is_fetched(server: EmbeddedServer) -> None:
    """Nobody waits for it."""
    server.route("/proxy.pac", Answer(body=script_for(1).encode(), delay_s=30.0))
    session = Session(proxy=PacUrl(server.url("/proxy.pac")), trust_env=False)
    future = session.submit("GET", server.url("/hello", host="far.test"))
    assert server.wait_until(lambda: bool(server.requests))
    session.close()
    assert "ERR_CONTEXT_SHUT_DOWN" in str(future.exception(10.0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork_with_a_script_in_a_child_process(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """The forked process runs the script in a process of its own, and leaves that of its parent alone."""
    server.route("/proxy.pac", Answer(body=script_for(proxy.port).encode()))
    url = server.url("/hello", host="far.test")
    with Session(proxy=PacUrl(server.url("/proxy.pac"), mandatory=True), trust_env=False) as session:
        assert session.get(url).ok
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            try:
                os._exit(session.get(url).proxy_chain != (proxy.url(),))
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert session.get(url.replace("hello", "echo")).connection_reused


def test_deadline_while_a_script_is_fetched(server: EmbeddedServer) -> None:
    """One deadline for everything; the error says what was waited for."""
    server.route("/proxy.pac", Answer(body=script_for(1).encode(), delay_s=30.0))
    with (
        Session(proxy=PacUrl(server.url("/proxy.pac")), trust_env=False) as session,
        pytest.raises(DeadlineExceeded, match="while downloading pac file"),
    ):
        session.get(server.url("/hello", host="far.test"), timeout=0.3)


def test_script_that_loops_for_ever(server: EmbeddedServer) -> None:
    """It is ended; the request goes directly, and others were not held up."""
    script = "function FindProxyForURL(url, host) { while (host == 'far.test'); return 'DIRECT'; }"
    dns = DnsSettings(host_resolver_rules="MAP *.test 127.0.0.1")
    with Session(proxy=PacScript(script), dns=dns, trust_env=False) as session:
        stalled = session.submit("GET", server.url("/hello", host="far.test"))
        assert session.get(server.url("/hello", host="near.test")).ok
        assert not stalled.done() and stalled.result(30.0).proxy_chain == ()


def test_reload(server: EmbeddedServer, proxy: RecordingProxy) -> None:
    """The script is fetched anew, and what failed by the old one is forgotten."""
    server.route(
        "/proxy.pac", *[Answer(body=script_for(*ports).encode()) for ports in ((1, proxy.port), (proxy.port,))]
    )
    url = server.url("/hello", host="far.test")
    with Session(proxy=PacUrl(server.url("/proxy.pac")), trust_env=False) as session:
        assert session.get(url).ok and len(session.stats().bad_proxies) == 1
        session.reload_proxies()
        assert not session.stats().bad_proxies
        assert session.get(url).proxy_chain == (proxy.url(),) and not session.stats().bad_proxies
    assert [request.path for request in server.requests].count("/proxy.pac") == 2
