"""The arguments about proxies: what they make of a session, and a fetch that goes that way."""

from __future__ import annotations

from pathlib import Path

import pytest

from netstack_sync import ProxyChain
from netstack_sync.auth.credentials import AnyAuth, BasicAuth, DigestAuth, NegotiateAuth, NtlmAuth
from netstack_sync.cli.exit_status import READ_ERROR, CommandError
from netstack_sync.cli.main import make_parser
from netstack_sync.cli.proxy_options import session_proxy
from netstack_sync.fetcher.proxy_values import PacScript, PacUrl
from netstack_sync.testing.embedded_server import EmbeddedServer
from tests.support.command_line import Netstack
from tests.support.recording_proxy import recording_proxy

SCRIPT = 'function FindProxyForURL(url, host) { return "DIRECT"; }'


def options_of(*arguments: str) -> tuple[object, object]:
    """`proxy` and `proxy_auth` of a command line."""
    options = make_parser().parse_args(["fetch", "h", *arguments])
    options.check(options)
    found = session_proxy(options)
    return found["proxy"], found["proxy_auth"]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), None),
        (("-x", "h:1"), "h:1"),
        (("-x", "https://u:p@h"), "https://u:p@h"),
        (("-x", ""), "direct"),
        (("-x", "direct"), "direct"),
        (("-x", "system"), "system"),
        (("-x", "a:1, b:2,direct"), ["a:1", "b:2", "direct"]),
        (("--socks4", "h"), "socks4://h"),
        (("--socks4a", "h,i"), ["socks4a://h", "socks4a://i"]),
        (("--socks5", "u:p@h:1"), "socks5://u:p@h:1"),
        (("--socks5-hostname", "h"), "socks5://h"),
        (("-x", "h", "--noproxy", "a,b"), {"all": "h", "no_proxy": "a,b"}),
        (("-x", "h,i", "--noproxy", "*"), {"all": ["h", "i"], "no_proxy": "*"}),
        (("--noproxy", "a"), None),
        (("--pac", "http://wpad/x.pac"), PacUrl("http://wpad/x.pac")),
        (("--pac", f"data:,{SCRIPT}"), PacUrl(f"data:,{SCRIPT}")),
    ],
)
def test_which_proxy(arguments: tuple[str, ...], expected: object) -> None:
    """By curl's names, as an argument of a session."""
    assert options_of(*arguments) == (expected, None)


def test_a_proxy_before_the_proxy() -> None:
    """A chain; each is told its own login, and that of -U goes to the last."""
    a, b = "socks5://a:1", "http://b:80"
    chain = ProxyChain.from_urls(a, b)
    assert options_of("--preproxy", a, "-x", "b") == (chain, {})
    assert options_of("--preproxy", "socks5://u:p@a:1", "-x", "b", "-U", "v:q", "--noproxy", "c") == (
        {"all": chain, "no_proxy": "c"},
        {a: ("u", "p"), b: ("v", "q")},
    )
    assert options_of("--preproxy", a, "-x", "w:r@b", "-U", "v:q")[1] == {b: ("w", "r")}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--preproxy", "socks5://a"), "--preproxy leads to the one proxy of -x; pass that as well"),
        (("--preproxy", "socks5://a", "-x", "direct"), "--preproxy leads to the one proxy of -x"),
        (("--preproxy", "socks5://a", "-x", "b,c"), "--preproxy leads to the one proxy of -x"),
        (("--preproxy", "a", "-x", "b"), "--preproxy needs a scheme, as in socks5://HOST"),
        (("--preproxy", "htp://u:secret@a", "-x", "b"), "--preproxy: 'htp://***@a' has the scheme 'htp'"),
        (("--preproxy", "socks5://a", "-x", "b:x"), "-x: 'b:x' has no valid host and port"),
    ],
)
def test_a_chain_that_is_none(netstack: Netstack, arguments: tuple[str, ...], message: str) -> None:
    done = netstack("fetch", "http://a.test/", *arguments)
    assert done.status == 2 and message in done.err


def test_noproxy_takes_the_place_of_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose proxies stay, with what is said of who is asking."""
    monkeypatch.setenv("https_proxy", "http://u:p%40@h:1")
    monkeypatch.setenv("ALL_PROXY", "socks5://s")
    monkeypatch.setenv("NO_PROXY", "b")
    proxy, _ = options_of("--noproxy", "a")
    assert proxy == {
        "https": ["http://u:p%40@h:1"],
        "wss": ["http://u:p%40@h:1"],
        "all": ["socks5://s:1080"],
        "no_proxy": "a",
    }
    monkeypatch.delenv("ALL_PROXY")
    assert "all" not in dict(options_of("--noproxy", "a")[0])  # type: ignore[call-overload]


def test_script_in_a_file(tmp_path: Path) -> None:
    """It is read at once: what cannot be is told before anything is sent."""
    file = tmp_path / "proxy.pac"
    file.write_text(SCRIPT)
    assert options_of("--pac", str(file)) == (PacScript(SCRIPT), None)
    file.write_bytes(b"\xff")
    for path in (str(file), str(tmp_path / "none")):
        with pytest.raises(CommandError) as caught:
            options_of("--pac", path)
        assert caught.value.status == READ_ERROR


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (("-U", "u:p:w"), ("u", "p:w")),
        (("-U", "u"), ("u", "typed")),
        (("-U", "u:p", "--proxy-basic"), BasicAuth("u", "p")),
        (("-U", "u:p", "--proxy-digest"), DigestAuth("u", "p")),
        (("-U", "u:p", "--proxy-ntlm"), NtlmAuth("u", "p")),
        (("-U", "u:p", "--proxy-anyauth"), AnyAuth("u", "p")),
        (("-U", "u:p", "--proxy-negotiate"), NegotiateAuth("u", "p")),
        (("--proxy-negotiate",), NegotiateAuth()),
        (("-U", ":", "--proxy-auth", "negotiate"), NegotiateAuth()),
    ],
)
def test_who_is_asking(arguments: tuple[str, ...], expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with -u; a missing password is asked for."""
    monkeypatch.setattr("getpass.getpass", lambda _: "typed")
    assert options_of(*arguments) == (None, expected)


@pytest.mark.parametrize(
    "arguments, why",
    [
        (("-x", "h", "--pac", "f"), "-x and --pac are two ways"),
        (("--pac", "f", "--noproxy", "h"), "--noproxy goes with -x or the environment"),
        (("-x", "system", "--noproxy", "h"), "--noproxy goes with -x or the environment"),
        (("--proxy-ntlm",), "--proxy-ntlm needs somebody"),
        (("--proxy-auth", "bearer"), "invalid choice: 'bearer'"),
        (("-x", "gopher://proxy"), "-x: 'gopher://proxy' has the scheme 'gopher', which no proxy has"),
        (("-x", "h", "-U", "a:b", "--noproxy", "http://"), "-x: no_proxy: "),
        (("--pac", "data:,1"), "no function FindProxyForURL"),
    ],
)
def test_contradictions_and_nonsense_are_usage_errors(netstack: Netstack, arguments: tuple[str, ...], why: str) -> None:
    """One line that says which argument, before anything is sent."""
    done = netstack("fetch", "http://127.0.0.1:1/", *arguments)
    assert done.status == 2 and why in done.err.splitlines()[-1]


def test_bad_login_names_its_flag() -> None:
    """And shows nothing of it."""
    with pytest.raises(CommandError, match="-U: ") as caught:
        options_of("-U", "\udcff:s3cret", "--proxy-basic")
    assert "s3cret" not in str(caught.value)


def test_fetch_through_a_proxy(netstack: Netstack, server: EmbeddedServer) -> None:
    """-v names it, -w says that there was one, and credentials are shown nowhere."""
    with recording_proxy(login=("me", "s3cret")) as proxy:
        url = server.url("/hello", host="only-there.test")
        done = netstack("fetch", "-v", "-x", proxy.url(), "-U", "me:s3cret", "-w", "%{proxy_used}", url)
        direct = netstack(
            "fetch", "-w", "%{proxy_used}", "-x", proxy.url(), "--noproxy", "127.0.0.1", server.url("/hello")
        )
        refused = netstack("fetch", "-f", "-x", proxy.url(), "-U", "me:wrong", url)
    assert (done.status, done.out) == (0, b"hello\n1")
    assert f"* Going through {proxy.url()}" in done.err.splitlines() and "s3cret" not in done.err
    assert direct.out == b"hello\n0" and refused.status == 22 and "407" in refused.err


@pytest.mark.parametrize(
    ("url", "arguments", "words"),
    [
        ("http://127.0.0.1:9/", (), "the proxy {} answered 407 Proxy Authentication Required; pass -U USER:PASSWORD"),
        ("/status/503", ("-U", "me:s3cret"), "the server, or the proxy {}, answered 503 Service Unavailable"),
    ],
)
def test_a_status_may_be_the_proxys(
    netstack: Netstack, server: EmbeddedServer, url: str, arguments: tuple[str, ...], words: str
) -> None:
    """Of a request that it is handed; a 407 is."""
    with recording_proxy(login=("me", "s3cret")) as proxy:
        target = server.url(url) if url.startswith("/") else url
        done = netstack("fetch", "-f", "-x", proxy.url(), *arguments, target)
    assert done.status == 22 and words.format(proxy.url()) in done.err and "s3cret" not in done.err


def test_tunnel_that_is_refused(netstack: Netstack, secure_server: EmbeddedServer) -> None:
    """A status of its own, and words that say which proxy it was."""
    with recording_proxy(login=("me", "s3cret")) as proxy:
        done = netstack("fetch", "-x", proxy.url(), "--cacert", secure_server.ca_file, secure_server.url("/hello"))
    assert done.status == 97 and "ERR_PROXY_AUTH_REQUESTED" in done.err and str(proxy.port) in done.err


def test_socks(netstack: Netstack, server: EmbeddedServer) -> None:
    """With a login too."""
    with recording_proxy(login=("me", "s3cret")) as proxy:
        host = f"127.0.0.1:{proxy.port}"
        done = netstack("fetch", "--socks5-hostname", host, "-U", "me:s3cret", server.url("/hello", host="a.test"))
    assert done.out == b"hello\n" and proxy.destinations == [("a.test", server.port)]
