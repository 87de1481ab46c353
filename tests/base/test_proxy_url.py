"""The URL of a proxy, and all that can be wrong with it (row 224)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.proxy_server import ProxyScheme, ProxyServer
from netstack_sync.base.proxy_url import PROXY_SCHEMES, parse_proxy_host, parse_proxy_url, shown_proxy_url

HTTP, HTTPS, SOCKS4, SOCKS4A, SOCKS5 = ProxyScheme


@pytest.mark.parametrize(
    "text, server",
    [
        ("foopy:10", ProxyServer(HTTP, "foopy", 10)),
        ("foopy", ProxyServer(HTTP, "foopy", 80)),
        ("http://foopy", ProxyServer(HTTP, "foopy", 80)),
        ("HTTP://FOOPY.:8080/", ProxyServer(HTTP, "foopy", 8080)),
        ("https://foopy", ProxyServer(HTTPS, "foopy", 443)),
        ("https://foopy:17", ProxyServer(HTTPS, "foopy", 17)),
        ("socks4://foopy", ProxyServer(SOCKS4, "foopy", 1080)),
        ("socks4a://foopy", ProxyServer(SOCKS4A, "foopy", 1080)),
        ("socks5://foopy:10", ProxyServer(SOCKS5, "foopy", 10)),
        ("socks5h://foopy", ProxyServer(SOCKS5, "foopy", 1080)),
        ("socks://foopy", ProxyServer(SOCKS5, "foopy", 1080)),
        (" \t http://foopy:10 \r\n", ProxyServer(HTTP, "foopy", 10)),
        ("http://[fe80::1]:10", ProxyServer(HTTP, "fe80::1", 10)),
        ("[2001:DB8:0::1]", ProxyServer(HTTP, "2001:db8::1", 80)),
        ("2001:db8::1", ProxyServer(HTTP, "2001:db8::1", 80)),
        ("http://127.1:3128", ProxyServer(HTTP, "127.0.0.1", 3128)),
        ("http://0x7f000001", ProxyServer(HTTP, "127.0.0.1", 80)),
        ("http://Bücher.example:1", ProxyServer(HTTP, "xn--bcher-kva.example", 1)),
        ("http://foopy:00080", ProxyServer(HTTP, "foopy", 80)),
        ("localhost:65535", ProxyServer(HTTP, "localhost", 65535)),
    ],
)
def test_servers(text: str, server: ProxyServer) -> None:
    """Row 224 (ProxyUriToProxyServer, Whitespace); R7: the host in its one spelling, the port that is meant."""
    assert parse_proxy_url(text) == (server, None)
    assert parse_proxy_url(str(server)) == (server, None)


def test_without_a_scheme() -> None:
    """The caller says what it is then; a scheme in the text counts before that."""
    assert parse_proxy_url("foopy", SOCKS4)[0] == ProxyServer(SOCKS4, "foopy", 1080)
    assert parse_proxy_url("http://foopy", SOCKS4)[0] == ProxyServer(HTTP, "foopy", 80)


@pytest.mark.parametrize(
    "text, credentials",
    [
        ("http://u:p@h:1", ("u", "p")),
        ("u:p@h:1", ("u", "p")),
        ("http://u@h", ("u", "")),
        ("http://u:@h", ("u", "")),
        ("http://:p@h", ("", "p")),
        ("http://@h", None),
        ("http://:@h", None),
        ("http://D%5Cme:p%40%3A%2F%25@h", ("D\\me", "p@:/%")),
        ("http://u:a:b@h", ("u", "a:b")),
        ("http://u:a@b@h", ("u", "a@b")),
        ("http://j%C3%BCrgen:pässword@h", ("jürgen", "pässword")),
        ("http://u:100%@h", ("u", "100%")),
        ("socks5://a%3Ab:p@h", ("a:b", "p")),
        (f"http://u:{'x' * 300}@h", ("u", "x" * 300)),
        (f"socks5://{'u' * 255}:{'x' * 255}@[::1]:9", ("u" * 255, "x" * 255)),
    ],
)
def test_credentials(text: str, credentials: tuple[str, str] | None) -> None:
    """Decoded; a stray % is one; the last @ is the one before the host."""
    assert parse_proxy_url(text)[1] == credentials


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "'' names no host"),
        ("   ", "names no host"),
        ("http://", "'http://' names no host"),
        (":8080", "names no host"),
        ("http://u:secret@", "'http://***@' has credentials, but no host behind the @"),
        ("http://u:secret@:8080", "has credentials, but no host behind the @"),
        ("ftp://h", f"has the scheme 'ftp', which no proxy has; there are {PROXY_SCHEMES}"),
        ("quic://h:443", "has the scheme 'quic'"),
        ("direct://", "has the scheme 'direct'"),
        ("http://h:1/path", "has a path or a query; a proxy is scheme://host:port alone"),
        ("http://h/proxy.pac", "scheme://host:port alone; for a script that chooses proxies pass a PacUrl, or --pac"),
        ("http://h?x", "has a path or a query"),
        ("http://h#x", "has a path or a query"),
        ("http://h\\x", "has a path or a query"),
        ("http:/h", "has a path or a query"),
        ("http://u:sec/ret@h:1", "has a /, ?, # or \\ in its user name or password; percent-encode it"),
        ("u:sec/ret@h:1", "'***@h:1' has a /"),
        ("h:0", "has no valid port after the colon; ports are 1 to 65535"),
        ("h:65536", "has no valid port"),
        ("h:" + "9" * 5000, "has no valid port"),
        ("h:", "has no valid port"),
        ("h:-1", "has no valid host and port; host:port is expected"),
        ("h:port", "has no valid host and port; host:port is expected"),
        ("http://::1:3128", "an IPv6 address stands in brackets"),
        ("http://[::1", "has no valid host and port"),
        ("[::1]x", "has no valid host and port"),
        ("http://[foo]:1", "has a host that is not an IPv6 address"),
        ("http://[::1%25eth0]:1", "a zone id"),
        ("h h:1", "a character that no host name has"),
        ("a,b", "a character that no host name has"),
        ("http://ho%73t", "a character that no host name has"),
        ("http://1.2.3.4.5", "not an IPv4 address"),
        ("http://h\x00:1", "'http://h\\x00:1' holds a control character"),
        ("http://h\r\nX: y", "holds a control character"),
        ("http://u:sec\nret@h", "'http://***@h' holds a control character"),
        ("http://u:secret%0d%0aX@h", "has a control character in its user name or password"),
        ("http://u:secret%ff@h", "has a user name or password that is not UTF-8"),
        ("http://u:secret\ud800@h", "has a user name or password that is not UTF-8"),
        ("http://u%3Ax:secret@h", "has a colon in its user name"),
        (f"socks5://u:{'secret' * 50}@h", "of more than 255 bytes, which SOCKS has no room for"),
        (f"socks4://{'ü' * 128}@h", "of more than 255 bytes"),
    ],
)
def test_what_is_none(text: str, message: str) -> None:
    """Row 224 (Invalid): the words say what is wrong and what to do, and nothing that may be a password."""
    with pytest.raises(ValueError) as caught:
        parse_proxy_url(text)
    words = str(caught.value)
    assert message in words and "sec" not in words and words.isprintable()


def test_the_host_alone() -> None:
    """For formats that say the scheme in other words: no credentials, no path."""
    assert parse_proxy_host("h:8", HTTPS) == ProxyServer(HTTPS, "h", 8)
    assert parse_proxy_host("h", HTTPS) == ProxyServer(HTTPS, "h", 443)
    for text in ("u:p@h:8", "h:8/", "http://h", "", "u@h"):
        with pytest.raises(ValueError):
            parse_proxy_host(text, HTTPS)


def test_what_is_shown_is_not_endless() -> None:
    """Nor does it hold what stands before the last @, whatever that is."""
    assert len(shown_proxy_url("h" * 5000)) == 120
    assert shown_proxy_url("socks5://a@b/c?d@h") == "socks5://***@h"


@given(st.text(max_size=30), st.sampled_from(["", "http://", "socks5://u:p@", "https://[", "u@"]))
def test_parsing_fails_in_words_only(text: str, before: str) -> None:
    """Whatever the text: a proxy that parses to itself, or ValueError in one line."""
    words = ""
    try:
        server, _ = parse_proxy_url(before + text)
        assert parse_proxy_url(str(server)) == (server, None)
    except ValueError as error:
        words = str(error)
    assert words.isprintable()
