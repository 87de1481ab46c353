"""What scripts answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.proxy_chain import DIRECT, ProxyChain
from netstack_sync.proxy.config import DIRECTLY
from netstack_sync.proxy.pac_result import parse_pac_result


@pytest.mark.parametrize(
    "text, urls",
    [
        ("PROXY foopy:10", ["http://foopy:10"]),
        ("PROXY foopy", ["http://foopy:80"]),
        ("proxy foopy", ["http://foopy:80"]),
        (" \t PrOxY \t FOOPY:10 \n", ["http://foopy:10"]),
        ("HTTPS foopy", ["https://foopy:443"]),
        ("SOCKS foopy", ["socks4://foopy:1080"]),
        ("SOCKS4 foopy:9", ["socks4://foopy:9"]),
        ("SOCKS5 foopy", ["socks5://foopy:1080"]),
        ("PROXY [::1]:10", ["http://[::1]:10"]),
        ("PROXY 127.1:10", ["http://127.0.0.1:10"]),
        ("DIRECT", ["direct"]),
        ("direct", ["direct"]),
        ("PROXY a:1; HTTPS b ;DIRECT;SOCKS5 c", ["http://a:1", "https://b", "direct", "socks5://c"]),
        ("PROXY a;PROXY a", ["http://a", "http://a"]),
        ("", ["direct"]),
        (" ; ; ", ["direct"]),
        ("QUIC foopy:443", ["direct"]),
        ("QUIC foopy:443; PROXY b", ["http://b"]),
        ("PROXY", ["direct"]),
        ("PROXY ; PROXY b", ["http://b"]),
        ("PROXY a b; PROXY c", ["http://c"]),
        ("DIRECT x; PROXY c", ["http://c"]),
        ("foopy:10; PROXY c", ["http://c"]),
        ("HTTP foopy:10; PROXY c", ["http://c"]),
        ("PROXY http://foopy:10; PROXY c", ["http://c"]),
        ("PROXY u:p@foopy:10; PROXY c", ["http://c"]),
        ("PROXY foopy:10/; PROXY c", ["http://c"]),
        ("PROXY foopy:x; PROXY foopy:99999; PROXY :1; PROXY c", ["http://c"]),
        ("PROXY ::1; PROXY c", ["http://c"]),
        ("PROXY bücher.example; PROXY c", ["http://c"]),
        ("PROXYfoopy; PROXY c", ["http://c"]),
        ("PROXY a, PROXY b", ["direct"]),
    ],
)
def test_the_grammar(text: str, urls: list[str]) -> None:
    """Row 224 (SetFromPacString, PacResultElementToProxyServer, RemoveProxiesWithoutScheme): garbage is skipped."""
    expected = [DIRECT if url == "direct" else ProxyChain.from_urls(url) for url in urls]
    assert parse_pac_result(text) == tuple(expected)


def test_endless_answers() -> None:
    """Only their beginning counts, and nothing that was cut in two."""
    assert len(parse_pac_result("PROXY a;" * 150)) == 100
    text = ";" * (16 * 1024 - len("PROXY a;PROXY exa")) + "PROXY a;PROXY example.com"
    assert parse_pac_result(text) == (ProxyChain.from_urls("http://a"),)
    assert parse_pac_result("x" * 20_000) == DIRECTLY


@given(st.text(max_size=50) | st.lists(st.sampled_from(["PROXY ", ";", "a", ":", "1", "[", "DIRECT"])).map("".join))
def test_there_is_always_a_way(text: str) -> None:
    """Whatever a script makes up."""
    assert parse_pac_result(text)
